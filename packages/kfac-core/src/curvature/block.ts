import type { Matrix } from '../engine/engine.ts';

/**
 * A damped curvature block of one weight matrix [in × out]: the preconditioner half of an optimizer, usable without it.
 * Statistics come in as factors, undamped; `refresh` damps, factorises and keeps the last good inverse if it cannot.
 */
export interface CurvatureBlock {
  /** Damps the current statistics with λ and rebuilds the inverse. False if the old inverse was kept (or none exists yet and a scaled identity stands in). */
  refresh(lambda: number): boolean;
  /** out ← F̂⁻¹·v, both [in × out]. False if an iteration did not converge and a closed form stood in for it. */
  solve(v: Matrix, out: Matrix): boolean;
  /** The current inverse, so that a resumed training continues bit for bit between two refreshes. */
  save(): Float64Array;
  restore(saved: Float64Array): void;
}
