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

/** A solution and what is to be said about it. */
export interface Finish {
  /** [P], or with windows those of every network that has been trained [r·P]. */
  readonly parameters: Float64Array;
  /** At `parameters`. */
  readonly losses: LossMeasures;
  readonly warnings: readonly string[];
}

/** A window that has been trained: θ, and its losses and residual norms by term. */
interface Ended {
  readonly parameters: Float64Array;
  readonly losses: Float64Array;
  readonly norms: Float64Array;
}

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
  readonly objective: Objective & LossMeasures & Pick<PinnObjective, 'metrics' | 'plain'>;
  readonly optimizer: Optimizer;
  readonly #whole: Problem;
  readonly #stages: readonly Stage[];
  readonly #engine: Engine;
  readonly #onStage: (title: string) => void;
  #index = 0;
  #taken = 0;
  /** The next step begins the next stage; until then this one can still be measured and saved. */
  #isOver = false;
  /** The windows before; a continuation leaves nothing behind. */
  #ended: Ended[] = [];
  #current: Leg | null = null;

  /** `onStage` is told what begins, not what a checkpoint goes on with. */
  constructor(whole: Problem, stages: readonly Stage[], engine: Engine, onStage: (title: string) => void = () => {}) {
    this.#whole = whole;
    this.#stages = stages;
    this.#engine = engine;
    this.#onStage = onStage;
    this.#begin(0);
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
    return this.#leg.measure?.at(this.#solution(theta)) ?? [];
  }

  /** The fields of the stage at θ. */
  fieldsAt(theta: Float64Array): Field[] {
    return this.#leg.grid.at(this.#solution(theta));
  }

  /** What a report about the whole problem is made of, at the end θ of the training. */
  finish(theta: Float64Array): Finish {
    const parameters = this.#solution(theta);
    const { objective, stage } = this.#leg;
    const losses = this.#whole.windows ? overWindows(this.#ended, objective, theta) : objective;
    if (this.#isLast) return { parameters, losses, warnings: [] };
    const { exact } = this.#whole;
    this.#current = { ...this.#leg, measure: exact && new ErrorMeasure(this.#whole, exact, this.#engine) };
    const where = `the training ended in stage ${this.#index + 1} of ${this.#stages.length}, ${stage.title}`;
    if (this.#whole.windows)
      return { parameters, losses, warnings: [`${where}; at later times the last network is extrapolated`] };
    const last = new PinnObjective(this.#whole, this.#engine);
    return {
      parameters,
      losses: last,
      warnings: [`${where}; the report is about ${this.#stages.at(-1)!.title}`],
    };
  }

  /** The parameters of all networks of the solution so far, of which the last one is at θ. */
  #solution(theta: Float64Array): Float64Array {
    if (this.#ended.length === 0) return theta;
    const all = new Float64Array((this.#ended.length + 1) * theta.length);
    for (const [k, { parameters }] of this.#ended.entries()) all.set(parameters, k * theta.length);
    all.set(theta, this.#ended.length * theta.length);
    return all;
  }

  get #leg(): Leg {
    return this.#current!;
  }

  get #isLast(): boolean {
    return this.#index === this.#stages.length - 1;
  }

  #open(index: number): Leg {
    const stage = this.#stages[index]!;
    const past = this.#ended.map(({ parameters }) => parameters);
    const problem = stage.problem(past, this.#engine);
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
    this.#current = null; // so that one stage at a time is in memory
    this.#current = this.#open(index);
  }

  #asObjective(): StagedTraining['objective'] {
    const current = (): PinnObjective => this.#leg.objective;
    return {
      engine: this.#engine,
      parameters: this.#whole.layout,
      get isProximal() {
        return current().isProximal;
      },
      loss: (theta) => current().loss(theta),
      linearize: (theta) => current().linearize(theta),
      termLosses: (theta) => current().termLosses(theta),
      residualNorms: (theta) => current().residualNorms(theta),
      plain: (run) => current().plain(run),
      metrics: () => current().metrics(),
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
      if (this.#whole.windows) this.#ended.push(endOf(this.#leg.objective, theta));
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
    const { isProximal } = this.#leg.objective;
    const reached = accepted && Number.isFinite(newLoss) && !isProximal ? newLoss : loss;
    if (reached <= (this.#whole.spec.stop.loss ?? -1)) return 'loss';
    return stop ?? (this.#taken >= (this.#leg.stage.steps ?? Infinity) ? 'steps' : null);
  }

  #save(): OptimizerState {
    const state: OptimizerState = { scalars: Float64Array.of(this.#index, this.#taken, this.#isOver ? 1 : 0) };
    for (const [name, values] of Object.entries(this.#leg.optimizer.save())) state[`stage/${name}`] = values;
    for (const [k, ended] of this.#ended.entries())
      for (const [name, values] of Object.entries(ended)) state[`ended/${k}/${name}`] = values;
    return state;
  }

  #restore(state: OptimizerState): void {
    const [index, taken, isOver] = state['scalars']!;
    this.#ended = Array.from({ length: this.#whole.windows ? index! : 0 }, (_, k) => ({
      parameters: state[`ended/${k}/parameters`]!,
      losses: state[`ended/${k}/losses`]!,
      norms: state[`ended/${k}/norms`]!,
    }));
    this.#begin(index!);
    this.#taken = taken!;
    this.#isOver = isOver === 1;
    this.#leg.optimizer.restore(underPrefix(state, 'stage/'));
  }
}

function endOf(objective: LossMeasures, theta: Float64Array): Ended {
  return {
    parameters: theta.slice(),
    losses: Float64Array.from(Object.values(objective.termLosses(theta))),
    norms: Float64Array.from(Object.values(objective.residualNorms(theta))),
  };
}

/** Of all windows, which have equally many points: the mean of a loss, the RMS of a residual. */
function overWindows(ended: readonly Ended[], last: LossMeasures, theta: Float64Array): LossMeasures {
  const all = [...ended, endOf(last, theta)];
  const names = Object.keys(last.termLosses(theta));
  const mean = (of: (one: Ended) => number): number => all.reduce((sum, one) => sum + of(one), 0) / all.length;
  return {
    termLosses: () => Object.fromEntries(names.map((name, k) => [name, mean(({ losses }) => losses[k]!)])),
    residualNorms: () =>
      Object.fromEntries(names.map((name, k) => [name, Math.sqrt(mean(({ norms }) => norms[k]! ** 2))])),
  };
}
