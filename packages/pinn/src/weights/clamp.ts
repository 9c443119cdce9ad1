/** A weight stays within this factor of its start: unclamped reweighting drives terms to nothing, and training stalls. */
export const WEIGHT_RANGE = 1e3;

/** A weight within [start/1000, 1000·start]; NaN, which is no weight, leaves `before`. */
export function clampWeight(weight: number, start: number, before: number): number {
  if (Number.isNaN(weight)) return before;
  return Math.min(Math.max(weight, start / WEIGHT_RANGE), start * WEIGHT_RANGE);
}
