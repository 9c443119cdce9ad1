import type { PhiloxStream } from '@kfac/core';
import { POLYNOMIALS } from './joe-kuo.ts';

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

/** Sobol's sequence (1967) in up to 100 dimensions with a digital shift drawn from the stream: one number a dimension. */
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
