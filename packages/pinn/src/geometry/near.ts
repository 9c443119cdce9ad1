import type { Geometry } from './geometry.ts';

/** Part of a shape's size by which a point may be outside: coordinates are rounded. */
const SLACK = 1e-3;

/** Is a point inside, or so near that it counts as such? */
export function isNear(
  { lower, upper, contains }: Pick<Geometry, 'lower' | 'upper' | 'contains'>,
  point: readonly number[],
): boolean {
  const slack = SLACK * Math.max(...upper.map((high, k) => high - lower[k]!));
  return contains(point) || point.some((_, k) => [-slack, slack].some((by) => contains(point.with(k, point[k]! + by))));
}
