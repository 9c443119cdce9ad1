import type { PhiloxStream } from '@kfac/core';

/**
 * Sobol sequences in up to ten dimensions with the direction numbers of Joe and Kuo (2008, new-joe-kuo-6): per
 * dimension from the second on, the degree s and the coefficients a of the primitive polynomial, and m₁…m_s.
 */
const POLYNOMIALS: readonly (readonly [s: number, a: number, m: readonly number[]])[] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
];

/** Most dimensions of a Sobol sequence here. */
export const MAX_SOBOL_DIMENSIONS = POLYNOMIALS.length + 1;
const BITS = 32;

/** V_k · 2³² of one dimension, k = 1…32. */
function directionNumbers(dimension: number): Uint32Array {
  const v = new Uint32Array(BITS);
  if (dimension === 0) {
    for (let k = 0; k < BITS; k++) v[k] = 2 ** (BITS - 1 - k);
    return v;
  }
  const [s, a, m] = POLYNOMIALS[dimension - 1]!;
  for (let k = 0; k < BITS; k++) {
    if (k < s) {
      v[k] = m[k]! * 2 ** (BITS - 1 - k);
      continue;
    }
    let value = v[k - s]! ^ (v[k - s]! >>> s);
    for (let j = 1; j < s; j++) if ((a >>> (s - 1 - j)) & 1) value ^= v[k - j]!;
    v[k] = value;
  }
  return v;
}

/** The sequence with a digital shift drawn from the stream: one number a dimension. */
export function sobolPoints(count: number, dimensions: number, stream: PhiloxStream, out: Float64Array): void {
  const shift = new Float64Array(dimensions);
  stream.uniforms(shift);
  shiftedSobolPoints(count, dimensions, shift, out);
}

/**
 * Writes point n of the sequence, n = 0…count−1, in Gray-code order into out[n·dimensions + j], each in (0, 1).
 * `shift` holds one number in [0, 1) a dimension: its leading 32 bits are added without carry (digital shift), which
 * keeps every balance property of the sequence.
 */
export function shiftedSobolPoints(count: number, dimensions: number, shift: Float64Array, out: Float64Array): void {
  for (let j = 0; j < dimensions; j++) {
    const v = directionNumbers(j);
    let state = Math.floor(shift[j]! * 2 ** 32) >>> 0;
    for (let n = 0; n < count; n++) {
      out[n * dimensions + j] = (state + 0.5) * 2 ** -32;
      state = (state ^ v[trailingOnes(n)]!) >>> 0;
    }
  }
}

function trailingOnes(n: number): number {
  return 31 - Math.clz32(~n & (n + 1));
}
