import { TIME } from '../equation/symbols.ts';
import type { Box } from './box.ts';
import type { ConditionPlace } from './place.ts';

/** Names of the components of the outward unit normal, one for every coordinate but t: n_x, n_y, … */
export function normalNames(coordinates: readonly string[]): string[] {
  return coordinates.filter((name) => name !== TIME).map(normalName);
}

/** The name of the normal's component along a coordinate. */
export function normalName(coordinate: string): string {
  return `n_${coordinate}`;
}

/**
 * The outward unit normal on a place, by the coordinates but t: 'varies' on a part of a geometry's boundary, null where there
 * is none: on t = number and on a cut through the inside.
 */
export function normalOf({ names, lower, upper }: Box, place: ConditionPlace): readonly number[] | 'varies' | null {
  if ('part' in place) return 'varies';
  const { axis, value } = place;
  if (names[axis] === TIME || (value !== lower[axis] && value !== upper[axis])) return null;
  const outward = value === lower[axis] ? -1 : 1;
  return names.flatMap((name, k) => (name === TIME ? [] : [k === axis ? outward : 0]));
}
