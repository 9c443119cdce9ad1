import { PhiloxStream } from '@kfac/core';
import { TIME } from '../equation/symbols.ts';
import type { Box, Place } from '../geometry/box.ts';
import type { ConditionPlace } from '../geometry/place.ts';
import type { Chart } from '../geometry/shape.ts';
import { acceptedUnits } from './rejection.ts';
import { SAMPLERS, type SamplingMethod } from './methods.ts';

/** What a stream of random numbers is for; streams of one seed and different purposes are independent. */
const PURPOSES = {
  parameters: 0,
  evaluation: 1,
  check: 2,
  interior: 3,
  conditions: 4,
  embedding: 5,
  refinement: 6,
  weights: 7,
  // Beyond the streams of all places, which are 8 apart.
  fresh: 2 ** 24,
  sketch: 2 ** 24 + 1,
  integral: 2 ** 24 + 2,
  scales: 2 ** 24 + 3,
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

/** Columns of a coordinate matrix that a sample fills: row a holds coordinate a, `stride` columns. */
export interface SampleTarget {
  readonly data: Float64Array;
  readonly stride: number;
  readonly from: number;
  readonly count: number;
}

/**
 * Fills columns from…from+count−1 of a coordinate matrix with points of the box, inside its geometry if it has one, or of
 * a place. `normals`, rows and columns as the coordinates, receives the outward unit normals of a place; they are 0 inside,
 * and NaN on a place that cuts the box and has no outside. A pure function of the key.
 */
export function samplePoints(
  method: SamplingMethod,
  key: SampleKey,
  box: Box,
  place: ConditionPlace | null,
  target: SampleTarget,
  normals: Float64Array | null = null,
): void {
  const { data, stride, from, count } = target;
  if (normals) for (const axis of box.names.keys()) normals.fill(0, axis * stride + from, axis * stride + from + count);
  const face = place === null || 'part' in place ? null : place;
  const chart = place !== null && 'part' in place ? place.part : (face?.within?.chart ?? box.geometry?.interior);
  if (chart) {
    const inTime = face === null || box.names[face.axis] !== TIME;
    sampleChart(method, key, box, chart, inTime, target, face === null && place !== null ? normals : null);
  } else {
    const axes = box.names.flatMap((_, axis) => (axis === face?.axis ? [] : [axis]));
    const unit = new Float64Array(count * axes.length);
    SAMPLERS[method](count, axes.length, streamOf(key), unit);
    for (const [j, axis] of axes.entries()) {
      const lower = box.lower[axis]!;
      const length = box.upper[axis]! - lower;
      for (let n = 0; n < count; n++) data[axis * stride + from + n] = lower + length * unit[n * axes.length + j]!;
    }
  }
  if (!face) return;
  const first = face.axis * stride + from;
  data.fill(face.value, first, first + count);
  normals?.fill(sideOf(box, face), first, first + count);
}

/** 1 and −1 on an upper and lower face of a box; NaN between them. */
function sideOf({ lower, upper }: Box, { axis, value }: Place): number {
  return value === upper[axis] ? 1 : value === lower[axis] ? -1 : Number.NaN;
}

/** Points of a chart in the space coordinates and, for `inTime`, of the interval of t. */
function sampleChart(
  method: SamplingMethod,
  key: SampleKey,
  { names, lower, upper }: Box,
  chart: Chart,
  inTime: boolean,
  { data, stride, from, count }: SampleTarget,
  normals: Float64Array | null,
): void {
  const time = names.indexOf(TIME);
  const space = names.flatMap((_, axis) => (axis === time ? [] : [axis]));
  const point = new Float64Array(space.length);
  const normal = new Float64Array(space.length);
  const dimensions = chart.dimensions + (inTime && time >= 0 ? 1 : 0);
  const { units, accepted } = acceptedUnits(
    method,
    () => streamOf(key),
    count,
    dimensions,
    chart.share,
    (unit) => chart.map(unit, point, normal),
  );
  for (const [n, index] of accepted.entries()) {
    const unit = units.subarray(index * dimensions, (index + 1) * dimensions);
    chart.map(unit, point, normal);
    for (const [k, axis] of space.entries()) {
      data[axis * stride + from + n] = point[k]!;
      if (normals) normals[axis * stride + from + n] = normal[k]!;
    }
    if (dimensions > chart.dimensions)
      data[time * stride + from + n] = lower[time]! + (upper[time]! - lower[time]!) * unit[chart.dimensions]!;
  }
}
