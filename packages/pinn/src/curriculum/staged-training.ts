import type { Engine, Field, Objective, Optimizer, OptimizerState, StepReport } from '@kfac/core';
import { ErrorMeasure, type SolutionError } from '../evaluation.ts';
import { FieldGrid } from '../fields.ts';
import { PinnObjective } from '../objective.ts';
import { createOptimizer } from '../optimizers.ts';
import type { Problem } from '../problem.ts';
import { underPrefix } from '../under-prefix.ts';
import type { Stage } from './stage.ts';

/** The losses of a training that a report is made of. */
export type LossMeasures = Pick<PinnObjective, 'termLosses' | 'residualNorms'>;

/** A stage that is being trained. */
interface Leg {
  readonly stage: Stage;
  readonly objective: PinnObjective;
  readonly optimizer: Optimizer;
  readonly measure: ErrorMeasure | null;
  readonly grid: FieldGrid;
}

/**
 * Stages one after the other as one objective and one optimizer, so that the loop sees one training with one history.
 * Each stage begins at the parameters that the one before it would ship, with a fresh optimizer, and ends by its steps, by
 * `stop.loss` or `stop.relativeL2`, or when its optimizer cannot go on; the last one's end is the training's. Steps of
 * batches, weights and schedules count from the beginning of the stage.
 */
export class StagedTraining {
  readonly objective: Objective & LossMeasures & Pick<PinnObjective, 'weightMetrics'>;
  readonly optimizer: Optimizer;
  readonly #whole: Problem;
  readonly #stages: readonly Stage[];
  readonly #engine: Engine;
  readonly #onStage: (title: string) => void;
  #index = 0;
  #taken = 0;
  /** The next step begins the next stage; until then this one can still be measured and saved. */
  #isOver = false;
  #leg: Leg;

  /** `onStage` is told what begins, not what a checkpoint goes on with. */
  constructor(whole: Problem, stages: readonly Stage[], engine: Engine, onStage: (title: string) => void = () => {}) {
    this.#whole = whole;
    this.#stages = stages;
    this.#engine = engine;
    this.#onStage = onStage;
    this.#leg = this.#open(0);
    this.objective = this.#asObjective();
    this.optimizer = this.#asOptimizer();
  }

  /** Ends the stage before its steps are over; true if it was the last. */
  endStage(): boolean {
    this.#isOver = !this.#isLast;
    return this.#isLast;
  }

  /** Errors of the stage at θ, by unknown; none where there is nothing to compare with. */
  errors(theta: Float64Array): SolutionError[] {
    return this.#leg.measure?.at(theta) ?? [];
  }

  /** The fields of the stage at θ. */
  fieldsAt(theta: Float64Array): Field[] {
    return this.#leg.grid.at(theta);
  }

  /** What a report about the whole problem is made of, and what must be said of a training that ended before its last stage. */
  finish(): { readonly losses: LossMeasures; readonly warnings: readonly string[] } {
    if (this.#isLast) return { losses: this.#leg.objective, warnings: [] };
    const { exact } = this.#whole;
    const measure = exact && new ErrorMeasure(this.#whole, exact, this.#engine);
    this.#leg = { ...this.#leg, measure };
    const { title } = this.#leg.stage;
    return {
      losses: new PinnObjective(this.#whole, this.#engine),
      warnings: [
        `the training ended in stage ${this.#index + 1} of ${this.#stages.length}, ${title}; the report is about ${this.#stages.at(-1)!.title}`,
      ],
    };
  }

  get #isLast(): boolean {
    return this.#index === this.#stages.length - 1;
  }

  #open(index: number): Leg {
    const stage = this.#stages[index]!;
    const problem = stage.problem([]);
    const { measured, shown } = stage;
    return {
      stage,
      objective: new PinnObjective(problem, this.#engine),
      optimizer: createOptimizer(problem, this.#engine),
      measure: measured?.exact ? new ErrorMeasure(measured, measured.exact, this.#engine) : null,
      grid: new FieldGrid(shown, this.#engine),
    };
  }

  #begin(index: number): void {
    this.#index = index;
    this.#taken = 0;
    this.#isOver = false;
    this.#leg = this.#open(index);
  }

  #asObjective(): StagedTraining['objective'] {
    const current = (): PinnObjective => this.#leg.objective;
    return {
      engine: this.#engine,
      parameters: this.#whole.layout,
      loss: (theta) => current().loss(theta),
      linearize: (theta) => current().linearize(theta),
      termLosses: (theta) => current().termLosses(theta),
      residualNorms: (theta) => current().residualNorms(theta),
      weightMetrics: () => current().weightMetrics(),
      // A stage's batches follow from its own steps, which the optimizer counts.
      nextBatch() {},
      save: () => current().save(),
      restore: (state) => current().restore(state),
    };
  }

  #asOptimizer(): Optimizer {
    const current = (): Optimizer => this.#leg.optimizer;
    return {
      get name() {
        return current().name;
      },
      get isFinishing() {
        return current().isFinishing ?? false;
      },
      evaluationPoint: (theta) => current().evaluationPoint(theta),
      step: (_, theta) => this.#step(theta),
      save: () => this.#save(),
      restore: (state) => this.#restore(state),
    };
  }

  #step(theta: Float64Array): StepReport {
    if (this.#isOver) {
      theta.set(this.#leg.optimizer.evaluationPoint(theta));
      this.#begin(this.#index + 1);
    }
    const { stage, objective, optimizer } = this.#leg;
    if (this.#taken === 0) this.#onStage(`stage ${this.#index + 1} of ${this.#stages.length}: ${stage.title}`);
    objective.nextBatch(this.#taken + 1, { theta, isFinishing: optimizer.isFinishing ?? false });
    const report = optimizer.step(objective, theta);
    this.#taken += 1;
    const metrics = { ...report.metrics, 'pinn/stage': this.#index + 1 };
    if (report.stop === 'non-finite') return { ...report, metrics };
    const stop = this.#reasonToStop(report);
    if (stop === null || this.#isLast) return { ...report, metrics, stop };
    this.#isOver = true;
    return { ...report, metrics, stop: null };
  }

  #reasonToStop({ accepted, loss, newLoss, stop }: StepReport): string | null {
    const reached = accepted && Number.isFinite(newLoss) ? newLoss : loss;
    if (reached <= (this.#whole.spec.stop.loss ?? -1)) return 'loss';
    return stop ?? (this.#taken === this.#leg.stage.steps ? 'steps' : null);
  }

  #save(): OptimizerState {
    const state: OptimizerState = { scalars: Float64Array.of(this.#index, this.#taken, this.#isOver ? 1 : 0) };
    for (const [name, values] of Object.entries(this.#leg.optimizer.save())) state[`stage/${name}`] = values;
    return state;
  }

  #restore(state: OptimizerState): void {
    const [index, taken, isOver] = state['scalars']!;
    this.#begin(index!);
    this.#taken = taken!;
    this.#isOver = isOver === 1;
    this.#leg.optimizer.restore(underPrefix(state, 'stage/'));
  }
}
