import { clampWeight } from './clamp.ts';
import { type PartScheme, STATELESS } from './part-scheme.ts';

/** Below it a loss counts as nothing, and its weight rises no faster. */
const FLOOR = 1e-8;

/**
 * Equal losses, little by little: w_i ← w_i·(mean_j(w_j·L_j)/(w_i·L_i + 1e-8))^p, then scaled to the mean of the starting
 * weights, then clamped.
 */
export function balanced({ every, exponent }: { every: number; exponent: number }): PartScheme {
  return {
    every,
    update(measures, start, weights) {
      const losses = measures.losses();
      const mean = losses.reduce((sum, loss, i) => sum + weights[i]! * loss, 0) / losses.length;
      const next = weights.map((w, i) => w * (mean / (w * losses[i]! + FLOOR)) ** exponent);
      const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
      const scale = sum(start) / sum(next);
      for (let i = 0; i < next.length; i++) weights[i] = clampWeight(scale * next[i]!, start[i]!, weights[i]!);
    },
    ...STATELESS,
  };
}
