import type { NetworkVariable } from './equation/expression.ts';
import type { RowVariable } from './equation/lower.ts';
import type { Place } from './geometry/box.ts';
import type { Problem } from './problem.ts';
import { samplePoints } from './sampling/sample.ts';

const INTERIOR_POINTS = 64;
const PLACE_POINTS = 16;

/** What a point gives an expression, of d coordinates followed by fields. */
export function pointValue(
  point: readonly number[],
  variable: Exclude<RowVariable, NetworkVariable>,
  d: number,
): number {
  return point[variable.kind === 'coordinate' ? variable.axis : d + variable.index]!;
}

/** Points at which texts are tried out: inside the domain, or on one place of a condition; coordinates, then fields. */
export function checkPoints({ box, spec }: Problem, place: Place | null): number[][] {
  const d = box.names.length;
  const count = place === null ? INTERIOR_POINTS : PLACE_POINTS;
  const data = new Float64Array(d * count);
  const key = { seed: spec.seed, purpose: 'check', place: 0, refresh: 0 } as const;
  samplePoints('uniform', key, box, place, { data, stride: count, from: 0, count });
  return Array.from({ length: count }, (_, n) => Array.from({ length: d }, (__, axis) => data[axis * count + n]!));
}
