/** A risk of a batch of P&L values, lower is better, as an optimizer needs it. All vectors are f64 [B]. */
export interface Risk {
  /** The curvature is a covariance: D·G·D = Σω u² − (Σω u)²/Σω. */
  readonly centred: boolean;
  /** R(x_1 … x_B). */
  value(pnl: Float64Array): number;
  /** R, with slope_i = ∂R/∂x_i and curvature_i = ω_i written. */
  differentiate(pnl: Float64Array, slope: Float64Array, curvature: Float64Array): number;
}

/** Arithmetic mean. */
export function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
