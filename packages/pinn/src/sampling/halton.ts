import type { PhiloxStream } from '@kfac/core';
import { randomPermutation } from './permutation.ts';

/** Bases of the coordinates: the first hundred primes, as many as a domain may have coordinates. */
const PRIMES = primes(100);
/** Points are multiples of b^-K, K the largest with b^K ≤ 2³². */
const RESOLUTION = 2 ** 32;

/** A permutation of the digits 0…b−1 for each of the K digits, the one after the point first. */
export type DigitPermutations = readonly ArrayLike<number>[];

/** K, the number of digits that points have in a base. */
export function digitsOf(base: number): number {
  let digits = 0;
  for (let power = base; power <= RESOLUTION; power *= base) digits++;
  return digits;
}

/**
 * The scrambled radical inverse Σ_k π_k(n_k)·b^-(k+1) of n = Σ_k n_k·b^k over K digits, moved to the middle of its
 * interval of length b^-K: strictly inside (0, 1). With identities it is van der Corput's sequence.
 */
export function radicalInverse(n: number, base: number, permutations: DigitPermutations): number {
  let rest = n;
  let numerator = 0;
  let denominator = 1;
  for (const permutation of permutations) {
    numerator = numerator * base + permutation[rest % base]!;
    rest = Math.floor(rest / base);
    denominator *= base;
  }
  return (numerator + 0.5) / denominator;
}

/**
 * Halton's sequence (1960), point n = 0…count−1 of base 2 along the first coordinate, 3 along the second and so on.
 * Each digit is permuted at random (Owen 2017, "A randomized Halton algorithm in R"): this keeps the balance, b^k
 * consecutive points have one in each interval of length b^-k, and breaks the lines that large bases draw.
 */
export function haltonPoints(count: number, dimensions: number, stream: PhiloxStream, out: Float64Array): void {
  for (let j = 0; j < dimensions; j++) {
    const base = PRIMES[j]!;
    const permutations = Array.from({ length: digitsOf(base) }, () => randomPermutation(base, stream));
    for (let n = 0; n < count; n++) out[n * dimensions + j] = radicalInverse(n, base, permutations);
  }
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}
