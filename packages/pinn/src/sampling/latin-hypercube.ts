import type { PhiloxStream } from '@kfac/core';
import { randomPermutation } from './permutation.ts';

/**
 * Latin hypercube (McKay, Beckman and Conover 1979): along every coordinate each of the `count` intervals of equal
 * length holds exactly one point, x_nj = (π_j(n) + U_nj)/count with independent random permutations π_j. U has 32 bits,
 * so that no sum rounds into the next interval.
 */
export function latinHypercubePoints(count: number, dimensions: number, stream: PhiloxStream, out: Float64Array): void {
  for (let j = 0; j < dimensions; j++) {
    const intervals = randomPermutation(count, stream);
    for (let n = 0; n < count; n++) {
      const inside = (Math.floor(stream.uniform() * 2 ** 32) + 0.5) * 2 ** -32;
      out[n * dimensions + j] = (intervals[n]! + inside) / count;
    }
  }
}
