import { type Fault, KfacError } from '@kfac/core';
import { attempt } from './attempt.ts';
import type { ConditionSpec } from './condition-spec.ts';
import type { Condition, Equation } from './conditions.ts';
import { type Expression, inOrder, networkVariablesOf } from './equation/expression.ts';
import { parseEquation } from './equation/parse.ts';
import { type Scope, TIME, noDerivative } from './equation/symbols.ts';
import { type Box, placeName, placeOf } from './geometry/box.ts';
import { normalNames, normalOf } from './geometry/normal.ts';
import { parsePlaces } from './geometry/on.ts';

/** Makes an equation of a residual in the unknowns. */
export type Compile = (residual: Expression, scope: Scope) => Equation;

type PlaceSpec = Extract<ConditionSpec, { on: string }>;
type PeriodicSpec = Extract<ConditionSpec, { periodic: string }>;

/** A condition on places, which may read their outward normal. Adds what is wrong to `faults`. */
export function placeCondition(
  { on, equation: text }: PlaceSpec,
  pointer: string,
  box: Box,
  scope: Scope,
  compile: Compile,
  faults: Fault[],
): Condition[] {
  const withNormal: Scope = { ...scope, fields: normalNames(scope.coordinates) };
  const places = attempt(faults, `${pointer}/on`, () => parsePlaces(on, box));
  const equation = attempt(faults, `${pointer}/equation`, () => {
    const residual = parseEquation(text, withNormal);
    return { isNormal: readsFields(residual), ...compile(residual, readsFields(residual) ? withNormal : scope) };
  });
  if (!places || !equation) return [];
  const { isNormal, ...compiled } = equation;
  attempt(faults, `${pointer}/equation`, () => {
    const without = isNormal ? places.find((place) => !normalOf(box, place)) : undefined;
    if (!without) return;
    const why =
      box.names[without.axis] === TIME
        ? `there is no normal in space on ${placeName(box, without)}; write ${scope.unknowns[0]}_${TIME} for the derivative in time`
        : `${placeName(box, without)} lies inside the domain, where no side is outward; write the derivative, such as ${scope.unknowns[0]}_${box.names[without.axis]}`;
    throw new KfacError('KFAC_EQUATION', `dn and the components of the normal need a side of the domain: ${why}`);
  });
  return [{ ...compiled, label: `the condition "${text}"`, places, opposite: null }];
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
      const sides = { ...scope, fields: ['side'] };
      const conditions = scope.unknowns.flatMap((unknown, number) =>
        Array.from({ length: orderAlong(equations, number, axis, box) }, (_, k): Condition => {
          const orders = noDerivative(box.names.length);
          orders[axis] = k;
          const side = scope.pool.variable({ kind: 'field', index: 0 });
          const derivative = scope.pool.variable({ kind: 'derivative', unknown: number, orders });
          return {
            ...compile(scope.pool.mul(side, derivative), sides),
            label: `the periodicity of ${k === 0 ? unknown : `${unknown}_${name.repeat(k)}`} in ${name}`,
            places: [placeOf(box, axis, box.lower[axis]!)],
            opposite: placeOf(box, axis, box.upper[axis]!),
          };
        }),
      );
      if (conditions.length === 0)
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
