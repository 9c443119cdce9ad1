import type { Objective } from '../linearization.ts';

/** Everything that a step says about itself; NaN where a quantity does not exist for the optimizer. */
export interface StepReport {
  /** L(θ) before the step, on the batch of the step. */
  readonly loss: number;
  /** False when the step was rejected or failed: θ and the optimizer's state are then as before (damping apart). */
  readonly accepted: boolean;
  /** L(θ+δ) on the same batch, NaN if it was not evaluated. */
  readonly newLoss: number;
  /** Telemetry by metric key: 'opt/damping', 'opt/lm_ratio', 'opt/lr', 'opt/momentum', 'opt/cos_nat_raw', 'opt/step_norm', 'opt/grad_norm', 'opt/rejected', 'time/total', … */
  readonly metrics: Readonly<Record<string, number>>;
  /** Set when the optimizer cannot go on: 'stalled', 'radius', 'line-search', 'gradient', 'non-finite'. */
  readonly stop: string | null;
}

/** Numbers and vectors from which an optimizer continues bit for bit. */
export type OptimizerState = Record<string, Float64Array>;

/** A step is a transaction: it updates `theta` and the state, or leaves both as they were. */
export interface Optimizer {
  readonly name: string;
  /** True once what is left are the last digits, for which points and weights should stay; absent: never known. */
  readonly isFinishing?: boolean;
  step(objective: Objective, theta: Float64Array): StepReport;
  /** The weights to evaluate and ship: `theta` itself, or the averaged iterate. */
  evaluationPoint(theta: Float64Array): Float64Array;
  save(): OptimizerState;
  restore(state: OptimizerState): void;
}
