import type { PlaceSlot } from './conditions.ts';
import { TIME } from './equation/symbols.ts';
import type { Box } from './geometry/box.ts';
import type { SamplingMethod } from './sampling/methods.ts';
import { type SampleKey, samplePoints } from './sampling/sample.ts';

/** Where points go: coordinate rows and field rows of `stride` columns. */
export interface PointColumns {
  readonly coordinates: Float64Array;
  /** Empty if the condition reads none. */
  readonly fields: Float64Array;
  readonly stride: number;
}

/**
 * Samples the points of a condition's residuals on one place, with the fields there: the outward normal, given values, or, in pairs of
 * a point and its image on the opposite side, the sign 1 and −1. A pure function of the key.
 */
export function fillConditionPoints(
  method: SamplingMethod,
  key: SampleKey,
  box: Box,
  { place, opposite, given, from, count }: Omit<PlaceSlot, 'index' | 'condition'>,
  { coordinates, fields, stride }: PointColumns,
): void {
  if (given) {
    samplePoints(method, key, box, place, { data: coordinates, stride, from, count });
    const points = Array.from({ length: count }, (_, n) =>
      box.names.map((__, axis) => coordinates[axis * stride + from + n]!),
    );
    fields.set(given(points), from);
    return;
  }
  if (!opposite) {
    const normals = fields.length > 0 ? new Float64Array(coordinates.length) : null;
    samplePoints(method, key, box, place, { data: coordinates, stride, from, count }, normals);
    if (!normals) return;
    const space = box.names.flatMap((name, axis) => (name === TIME ? [] : [axis]));
    for (const [k, axis] of space.entries())
      fields.set(normals.subarray(axis * stride + from, axis * stride + from + count), k * stride + from);
    return;
  }
  const d = box.names.length;
  const own = new Float64Array(d * count);
  samplePoints(method, key, box, place, { data: own, stride: count, from: 0, count });
  for (let n = 0; n < count; n++) {
    const column = 2 * (from + n);
    for (let axis = 0; axis < d; axis++)
      coordinates.fill(own[axis * count + n]!, axis * stride + column, axis * stride + column + 2);
    coordinates[opposite.axis * stride + column + 1] = opposite.value;
    fields[column] = 1;
    fields[column + 1] = -1;
  }
}
