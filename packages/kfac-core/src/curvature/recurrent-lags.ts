/**
 * How many pairs of uses lie r steps apart, m_r = mean over the examples of max(T_i − r, 0), r = 0 … steps − 1. m₀ is the
 * mean length T̄; for examples of one length T, m_r = T − r.
 */
export function lagCounts(lengths: ArrayLike<number>, steps: number): Float64Array {
  const counts = new Float64Array(steps);
  for (let i = 0; i < lengths.length; i++) {
    for (let r = 0; r < lengths[i]!; r++) counts[r]! += lengths[i]! - r;
  }
  return counts.map((count) => count / lengths.length);
}

/** φ(x) = m₀ + 2·Σ_{r≥1} m_r·xʳ by Horner's rule, x in [−1, 1], at least 1/m₀: near x = −1 it may be zero. */
export function lagSum(counts: ArrayLike<number>, x: number): number {
  let sum = 0;
  for (let r = counts.length - 1; r > 0; r--) sum = (sum + 2 * counts[r]!) * x;
  return Math.max(sum + counts[0]!, 1 / counts[0]!);
}

/** cos(π/(T+1)), T the longest of the examples: what no lag-one correlation of a series of T terms exceeds. */
export function largestCorrelation(counts: ArrayLike<number>): number {
  let longest = counts.length;
  while (longest > 1 && !(counts[longest - 1]! > 0)) longest -= 1;
  return Math.cos(Math.PI / (longest + 1));
}
