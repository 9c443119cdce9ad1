import type { LossTerm } from '@kfac/core';
import type { Batch } from '../residual-batch.ts';

/** A loss term whose points have weights: ω_n in `curvature`, e_n in `residual`. */
export interface WeightedTerm extends LossTerm {
  readonly kind: 'interior' | 'conditions' | 'constraints';
  readonly batches: readonly Batch[];
}

/** A rule by which every point has a multiplier m_n ≥ 0 on its e_n² in the loss, 1 at the start. */
export interface PointScheme {
  /** Steps between two changes. */
  readonly every: number;
  /** The multipliers stay as they are once the optimizer is on its last digits. */
  readonly restsInFinish: boolean;
  /** Overwrites m, one vector a term, from the linearised terms. */
  update(terms: readonly WeightedTerm[], multipliers: readonly Float64Array[]): void;
  metrics(): Record<string, number>;
  /** What it remembers beside the multipliers. */
  save(): Record<string, Float64Array>;
  restore(state: Readonly<Record<string, Float64Array>>): void;
}
