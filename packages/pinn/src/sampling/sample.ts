import { PhiloxStream } from '@kfac/core';
import type { Box, Place } from '../geometry/box.ts';
import { SAMPLERS, type SamplingMethod } from './methods.ts';

/** What a stream of random numbers is for; streams of one seed and different purposes are independent. */
export const PURPOSES = {
  parameters: 0,
  evaluation: 1,
  check: 2,
  interior: 3,
  conditions: 4,
  embedding: 5,
  integral: 6,
} as const;
export type Purpose = keyof typeof PURPOSES;

/** Which sample: the seed, its purpose, and for conditions the place. The refresh number selects a new sample of the same kind. */
export interface SampleKey {
  readonly seed: number;
  readonly purpose: Purpose;
  /** Number of the place among all conditions' places. */
  readonly place: number;
  /** 0 for the first sample, then 1, 2, … */
  readonly refresh: number;
}

/** Random numbers that one sample may use; streams of one purpose are cut into blocks of this length. */
const BLOCK = 2 ** 28;

/** The stream of a purpose and place. */
export function streamOf(key: SampleKey): PhiloxStream {
  return new PhiloxStream(key.seed, PURPOSES[key.purpose] + 8 * key.place, key.refresh * BLOCK);
}

/**
 * Fills columns from…from+count−1 of a coordinate matrix (row a holds coordinate a, `stride` columns) with points of
 * the box, or of a place in it. A pure function of the key.
 */
export function samplePoints(
  method: SamplingMethod,
  key: SampleKey,
  box: Box,
  place: Place | null,
  target: { readonly data: Float64Array; readonly stride: number; readonly from: number; readonly count: number },
): void {
  const { data, stride, from, count } = target;
  const axes = box.names.flatMap((_, axis) => (axis === place?.axis ? [] : [axis]));
  const unit = new Float64Array(count * axes.length);
  SAMPLERS[method](count, axes.length, streamOf(key), unit);
  for (const [j, axis] of axes.entries()) {
    const lower = box.lower[axis]!;
    const length = box.upper[axis]! - lower;
    for (let n = 0; n < count; n++) data[axis * stride + from + n] = lower + length * unit[n * axes.length + j]!;
  }
  if (place) data.fill(place.value, place.axis * stride + from, place.axis * stride + from + count);
}
