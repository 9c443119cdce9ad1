import { TIME } from '../equation/symbols.ts';
import type { Box, Place } from './box.ts';

/** Names of the components of the outward unit normal, one for every coordinate but t: n_x, n_y, … */
export function normalNames(coordinates: readonly string[]): string[] {
  return coordinates.filter((name) => name !== TIME).map(normalName);
}

/** The name of the normal's component along a coordinate. */
export function normalName(coordinate: string): string {
  return `n_${coordinate}`;
}

/** The outward unit normal on a place, by the coordinates but t; null where there is none: on t = number and inside. */
export function normalOf({ names, lower, upper }: Box, { axis, value }: Place): number[] | null {
  if (names[axis] === TIME || (value !== lower[axis] && value !== upper[axis])) return null;
  const outward = value === lower[axis] ? -1 : 1;
  return names.flatMap((name, k) => (name === TIME ? [] : [k === axis ? outward : 0]));
}

/** Fills columns from…from+count−1 of field rows (a row for each component, `stride` columns) with a place's normals. */
export function fillNormals(
  box: Box,
  place: Place,
  target: { readonly data: Float64Array; readonly stride: number; readonly from: number; readonly count: number },
): void {
  const { data, stride, from, count } = target;
  normalOf(box, place)?.forEach((component, k) => data.fill(component, k * stride + from, k * stride + from + count));
}
