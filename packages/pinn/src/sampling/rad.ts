import { copyPoint } from './point-set.ts';
import type { Refinement } from './refinement.ts';

/** The probabilities p ∝ |e|^k/mean|e|^k + c of a pool's points; they sum to 1. Uniform where all residuals vanish. */
export function radProbabilities(magnitudes: Float64Array, exponent: number, constant: number): Float64Array {
  // In units of the largest, so that powers do not overflow.
  let largest = 0;
  for (const e of magnitudes) largest = Math.max(largest, e);
  const powers = magnitudes.map((e) => (largest > 0 ? (e / largest) ** exponent : 1));
  const mean = powers.reduce((sum, power) => sum + power, 0) / powers.length;
  return powers.map((power) => (power / mean + constant) / (powers.length * (1 + constant)));
}

/**
 * Residual-based adaptive distribution (Wu, Zhu, Tan, Kartha & Lu 2023): all N points are drawn from a uniform pool without
 * replacement with p ∝ |e|^k/mean|e|^k + c. By exponential clocks, −log(U_n)/p_n: the N that ring first are the draws
 * one after the other (Efraimidis & Spirakis 2006). A pool of fewer points than N is a programming error.
 */
export function rad({ pool, exponent, constant }: { pool: number; exponent: number; constant: number }): Refinement {
  return (points, { uniform, magnitude, stream }) => {
    const candidates = uniform(pool);
    const probabilities = radProbabilities(magnitude(candidates), exponent, constant);
    const clocks = probabilities.map((p) => -Math.log(stream.uniform()) / p);
    const order = Uint32Array.from(clocks, (_, n) => n).sort((a, b) => clocks[a]! - clocks[b]! || a - b);
    for (let n = 0; n < points.count; n++) copyPoint(candidates, order[n]!, points, n);
  };
}
