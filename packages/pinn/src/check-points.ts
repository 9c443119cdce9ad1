import { fillConditionPoints } from './condition-points.ts';
import type { Condition } from './conditions.ts';
import type { CompiledEquation } from './equation/compile.ts';
import type { NetworkVariable } from './equation/expression.ts';
import type { RowVariable } from './equation/lower.ts';
import type { Scope } from './equation/symbols.ts';
import { type Box, boxWithin } from './geometry/box.ts';
import type { ConditionPlace } from './geometry/place.ts';
import type { Subdomain } from './regions/subdomain.ts';
import { samplePoints } from './sampling/sample.ts';

const INTERIOR_POINTS = 64;
const PLACE_POINTS = 16;

/** What is tried out where. */
interface Setting {
  readonly box: Box;
  readonly spec: { readonly seed: number };
}

/** What a point gives an expression, of d coordinates followed by fields. */
export function pointValue(
  point: readonly number[],
  variable: Exclude<RowVariable, NetworkVariable>,
  { coordinates, known = [] }: Pick<Scope, 'coordinates' | 'known'>,
): number {
  const d = coordinates.length;
  if (variable.kind === 'known') return known[variable.index]!.at(point.slice(0, d), variable.orders);
  return point[variable.kind === 'coordinate' ? variable.axis : d + variable.index]!;
}

const keyOf = ({ spec }: Setting) => ({ seed: spec.seed, purpose: 'check', place: 0, refresh: 0 }) as const;

/** Points inside the domain, or a part of it, at which texts are tried out. */
export function checkPoints(setting: Setting, within: Subdomain | null = null): number[][] {
  const box = boxWithin(setting.box, within);
  const d = box.names.length;
  const data = new Float64Array(d * INTERIOR_POINTS);
  samplePoints('uniform', keyOf(setting), box, null, {
    data,
    stride: INTERIOR_POINTS,
    from: 0,
    count: INTERIOR_POINTS,
  });
  return columnsOf(data, d, INTERIOR_POINTS);
}

/**
 * Points of residuals on one place of a condition, at which it is tried out: for each residual the points that it is a sum
 * over; coordinates, then fields.
 */
export function conditionCheckPoints(
  setting: Setting,
  { compiled, opposite }: Pick<Condition, 'opposite'> & { readonly compiled: Pick<CompiledEquation, 'fields'> },
  place: ConditionPlace,
): number[][][] {
  const d = setting.box.names.length;
  const perResidual = opposite ? 2 : 1;
  const stride = PLACE_POINTS * perResidual;
  const data = new Float64Array((d + compiled.fields) * stride);
  const columns = { coordinates: data.subarray(0, d * stride), fields: data.subarray(d * stride), stride };
  const slot = { place, opposite, from: 0, count: PLACE_POINTS };
  fillConditionPoints('uniform', keyOf(setting), setting.box, slot, columns);
  const points = columnsOf(data, d + compiled.fields, stride);
  return Array.from({ length: PLACE_POINTS }, (_, n) => points.slice(n * perResidual, (n + 1) * perResidual));
}

function columnsOf(data: Float64Array, rows: number, count: number): number[][] {
  return Array.from({ length: count }, (_, n) => Array.from({ length: rows }, (__, row) => data[row * count + n]!));
}
