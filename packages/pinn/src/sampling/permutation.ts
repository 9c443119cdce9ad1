import type { PhiloxStream } from '@kfac/core';

/** A random permutation of 0…length−1, each equally likely (Fisher and Yates); takes length − 1 numbers of the stream. */
export function randomPermutation(length: number, stream: PhiloxStream): Uint32Array {
  const permutation = Uint32Array.from({ length }, (_, k) => k);
  for (let last = length - 1; last > 0; last--) {
    const k = Math.floor(stream.uniform() * (last + 1));
    const value = permutation[k]!;
    permutation[k] = permutation[last]!;
    permutation[last] = value;
  }
  return permutation;
}
