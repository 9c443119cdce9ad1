const FACTOR = 1.5;
const MINIMUM = 1e-14;
const MAXIMUM = 1e14;

/**
 * The next λ by the ratio γ of actual to predicted reduction: 1.5·λ unless γ ≥ ¼ (NaN included), λ/1.5 above ¾
 * (Martens 2010, §4.1), within [1e-14, 1e14].
 */
export function levenbergMarquardt(lambda: number, ratio: number): number {
  if (!(ratio >= 0.25)) return Math.min(MAXIMUM, lambda * FACTOR);
  return ratio > 0.75 ? Math.max(MINIMUM, lambda / FACTOR) : lambda;
}
