import { type Fault, KfacError } from '@kfac/core';
import { attempt } from './attempt.ts';
import type { ConditionSpec } from './condition-spec.ts';
import type { Condition, Equation } from './conditions.ts';
import { substitute } from './equation/derive.ts';
import { type Expression, inOrder, networkVariablesOf } from './equation/expression.ts';
import { parseEquation } from './equation/parse.ts';
import { type Scope, TIME, noDerivative } from './equation/symbols.ts';
import { type Box, placeOf } from './geometry/box.ts';
import { normalNames, normalOf } from './geometry/normal.ts';
import { parsePlaces } from './geometry/on.ts';
import { type ConditionPlace, placeName } from './geometry/place.ts';
import type { Regions } from './regions/regions.ts';

/** Makes an equation of a residual in the unknowns. */
export type Compile = (residual: Expression, scope: Scope) => Equation;

type PlaceSpec = Extract<ConditionSpec, { on: string }>;
type PeriodicSpec = Extract<ConditionSpec, { periodic: string }>;

/** Where a condition holds, as written: 'x = 0', 'boundary in inner'. */
export function placeText({ on, in: within }: PlaceSpec): string {
  return within === undefined ? on : `${on} in ${within}`;
}

/**
 * A condition on places, or on what of them is in a part of the domain, which may read their outward normal. Adds what is
 * wrong to `faults`.
 */
export function placeCondition(
  given: PlaceSpec,
  pointer: string,
  box: Box,
  regions: Regions,
  scope: Scope,
  compile: Compile,
  faults: Fault[],
): Condition[] {
  const withNormal: Scope = { ...scope, fields: normalNames(scope.coordinates) };
  const { equation: text, in: within } = given;
  const named = attempt(faults, `${pointer}/on`, () => parsePlaces(given.on, box));
  const places =
    named && within !== undefined
      ? attempt(faults, `${pointer}/in`, () => regions.restrict(named, regions.subdomain(within)))
      : named;
  const equation = attempt(faults, `${pointer}/equation`, () => {
    const residual = parseEquation(text, withNormal);
    if (!readsFields(residual)) return compile(residual, scope);
    return compile(places ? withoutZeros(residual, requireNormals(places, box, scope), scope) : residual, withNormal);
  });
  if (!places || !equation) return [];
  return [{ ...equation, on: placeText(given), text, label: `the condition "${text}"`, places, opposite: null }];
}

/** The normals of places. Throws `KFAC_EQUATION` if one has none. */
function requireNormals(
  places: readonly ConditionPlace[],
  box: Box,
  { unknowns: [unknown] }: Scope,
): (readonly number[] | 'varies')[] {
  return places.map((place) => {
    const normal = normalOf(box, place);
    if (normal !== null || 'part' in place) return normal ?? 'varies';
    const [what, name] = [placeName(place, box), box.names[place.axis]];
    const why =
      name === TIME
        ? `there is no normal in space on ${what}; write ${unknown}_${TIME} for the derivative in time`
        : `${what} lies inside the domain, where no side is outward; write the derivative, such as ${unknown}_${name}`;
    throw new KfacError(
      'KFAC_EQUATION',
      `dn and the components of the normal need a side of the domain or the boundary of a region: ${why}`,
    );
  });
}

/** A residual without the components that vanish on all places, whose derivatives would be carried for nothing. */
function withoutZeros(
  residual: Expression,
  normals: readonly (readonly number[] | 'varies')[],
  { pool }: Scope,
): Expression {
  const isZero = (index: number): boolean => normals.every((normal) => normal !== 'varies' && normal[index] === 0);
  const shorter = substitute(pool, residual, (variable) =>
    variable.kind === 'field' && isZero(variable.index) ? pool.number(0) : undefined,
  );
  return networkVariablesOf(shorter).length > 0 ? shorter : residual;
}

function readsFields(expression: Expression): boolean {
  return inOrder([expression]).some((node) => node.kind === 'variable' && node.variable.kind === 'field');
}

/**
 * Periodicity in a coordinate: ∂^k u agrees at both ends for every unknown u and k = 0 … m − 1, m being the order of the
 * equations in the coordinate and u. Adds what is wrong to `faults`.
 */
export function periodicConditions(
  { periodic: name }: PeriodicSpec,
  pointer: string,
  equations: readonly Equation[],
  box: Box,
  scope: Scope,
  compile: Compile,
  faults: Fault[],
): Condition[] {
  return (
    attempt(faults, `${pointer}/periodic`, () => {
      const axis = box.names.indexOf(name);
      if (axis < 0) throw new KfacError('KFAC_SPEC', `expected a coordinate (${box.names.join(', ')}), got "${name}"`);
      if (box.geometry && name !== TIME)
        throw new KfacError(
          'KFAC_SPEC',
          `expected only ${TIME} beside a geometry, whose sides are not those of the box, got "${name}"`,
        );
      const sides = { ...scope, fields: ['side'] };
      const conditions = scope.unknowns.flatMap((unknown, number) =>
        Array.from({ length: orderAlong(equations, number, axis, box) }, (_, k): Condition => {
          const orders = noDerivative(box.names.length);
          orders[axis] = k;
          const derived = k === 0 ? unknown : `${unknown}_${name.repeat(k)}`;
          const side = scope.pool.variable({ kind: 'field', index: 0 });
          const derivative = scope.pool.variable({ kind: 'derivative', unknown: number, orders });
          return {
            ...compile(scope.pool.mul(side, derivative), sides),
            on: name,
            text: `${derived} periodic`,
            label: `the periodicity of ${derived} in ${name}`,
            places: [placeOf(box, axis, box.lower[axis]!)],
            opposite: placeOf(box, axis, box.upper[axis]!),
          };
        }),
      );
      // A faulty equation is missing here.
      if (conditions.length === 0 && faults.length === 0)
        throw new KfacError('KFAC_SPEC', `expected a coordinate with a derivative in the equations, got "${name}"`);
      return conditions;
    }) ?? []
  );
}

/** The order of some equations in one unknown and coordinate. */
export function orderAlong(
  equations: readonly Pick<Equation, 'residual'>[],
  unknown: number,
  axis: number,
  { names }: Box,
): number {
  const orders = equations
    .flatMap(({ residual }) => networkVariablesOf(residual))
    .filter((variable) => variable.unknown === unknown)
    .map((variable) => (variable.kind === 'derivative' ? variable.orders[axis]! : names[axis] === TIME ? 0 : 2));
  return Math.max(0, ...orders);
}
