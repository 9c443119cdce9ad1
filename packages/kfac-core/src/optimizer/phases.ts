import { KfacError } from '../errors.ts';
import type { Objective } from '../linearization.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';

/** One optimizer of a chain. */
export interface Phase {
  /** Makes the optimizer when its turn comes. */
  readonly create: () => Optimizer;
  /** Steps after which the next phase begins; without it the phase ends when its optimizer cannot go on. */
  readonly steps?: number;
}

/**
 * Optimizers one after the other: each takes its steps, or as many as it can (a collapsed radius, a failed line search
 * …), and the next one begins where it ended. Only one is in memory at a time. After the last one's steps the reason to
 * stop is 'phases'.
 */
export class Phases implements Optimizer {
  readonly name = 'phases';
  readonly #phases: readonly Phase[];
  #index = 0;
  #taken = 0;
  #current: Optimizer;

  constructor(phases: readonly Phase[]) {
    if (phases.length === 0) throw new KfacError('KFAC_SPEC', 'expected at least one phase, got none');
    this.#phases = phases;
    this.#current = phases[0]!.create();
  }

  get isFinishing(): boolean {
    return this.#current.isFinishing ?? false;
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return this.#current.evaluationPoint(theta);
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const report = this.#current.step(objective, theta);
    const metrics = { ...report.metrics, 'opt/phase': this.#index + 1 };
    this.#taken += 1;
    const isDone = this.#taken === this.#phases[this.#index]!.steps;
    if (report.stop === 'non-finite' || (report.stop === null && !isDone)) return { ...report, metrics };
    if (this.#index === this.#phases.length - 1) return { ...report, metrics, stop: report.stop ?? 'phases' };
    theta.set(this.#current.evaluationPoint(theta));
    this.#begin(this.#index + 1, 0);
    return { ...report, metrics, stop: null };
  }

  #begin(index: number, taken: number): void {
    this.#index = index;
    this.#taken = taken;
    this.#current = this.#phases[index]!.create();
  }

  save(): OptimizerState {
    const state: OptimizerState = { scalars: Float64Array.of(this.#index, this.#taken) };
    for (const [name, values] of Object.entries(this.#current.save())) state[`phase/${name}`] = values;
    return state;
  }

  restore(state: OptimizerState): void {
    const [index, taken] = state['scalars']!;
    this.#begin(index!, taken!);
    const own = Object.entries(state).filter(([name]) => name.startsWith('phase/'));
    this.#current.restore(Object.fromEntries(own.map(([name, values]) => [name.slice(6), values])));
  }
}
