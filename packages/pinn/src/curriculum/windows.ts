import type { Engine } from '@kfac/core';
import { type Condition, groupConditions } from '../conditions.ts';
import { compileResidual } from '../equation/compile.ts';
import { networkVariablesOf } from '../equation/expression.ts';
import { TIME } from '../equation/symbols.ts';
import { type Box, placeOf } from '../geometry/box.ts';
import { type ConditionPlace, placeName, placeOfPart } from '../geometry/place.ts';
import { networkValues } from '../network-values.ts';
import type { Problem } from '../problem.ts';
import { timeRestriction } from '../regions/subdomain.ts';
import { allocatePoints } from '../sampling/allocate.ts';
import type { Stage } from './stage.ts';
import type { TimeWindows } from './time-windows.ts';

/** The stages of a problem whose time is cut into windows; they share `stop.steps`. */
export function windowStages(whole: Problem, { axis, times }: TimeWindows): Stage[] {
  const { steps } = whole.spec.stop;
  const count = times.length - 1;
  return times.slice(1).map((end, k) => {
    const own = steps && Math.floor(steps / count) + (k < steps % count ? 1 : 0);
    const spec = { ...whole.spec, stop: { ...whole.spec.stop, steps: own } };
    return {
      title: `${TIME} in [${times[k]}, ${end}]`,
      steps: own,
      problem: (past, engine) => windowProblem({ ...whole, spec }, axis, [times[k]!, end], past.at(-1), engine),
      measured: until(whole, [times[0]!, end]),
      shown: whole,
    };
  });
}

/** The window that a solution ends with, and its network's parameters. */
export function lastWindow(
  whole: Problem,
  theta: Float64Array,
  engine: Engine,
): { readonly problem: Problem; readonly theta: Float64Array } {
  const { layout, stages } = whole;
  const count = theta.length / layout.size;
  const past = Array.from({ length: count }, (_, k) => theta.subarray(k * layout.size, (k + 1) * layout.size));
  const own = past.pop()!;
  return { problem: stages![count - 1]!.problem(past, engine), theta: own };
}

/** The part of a problem's time that has been solved, for its errors; null if none of it is where they are measured. */
function until(whole: Problem, time: [number, number]): Problem | null {
  const { spec } = whole;
  const { [TIME]: within, ...others } = spec.errorsWithin ?? {};
  if (within && within[0] >= time[1]) return null;
  const errorsWithin = within
    ? { ...others, [TIME]: [within[0], Math.min(within[1], time[1])] as [number, number] }
    : others;
  return { ...whole, spec: { ...spec, domain: { ...spec.domain, [TIME]: time }, errorsWithin } };
}

/**
 * A problem on one window. After the first, given the parameters `before` with which the one before it ended, the conditions on
 * its first time are ∂ᵏu/∂tᵏ = that network's, for every unknown that has initial data, k = 0 up to the highest order there.
 */
function windowProblem(
  whole: Problem,
  axis: number,
  time: [number, number],
  before: Float64Array | undefined,
  engine: Engine,
): Problem {
  const { spec } = whole;
  const replaced = (values: readonly number[], value: number): number[] =>
    values.map((old, k) => (k === axis ? value : old));
  const box: Box = {
    ...whole.box,
    lower: replaced(whole.box.lower, time[0]),
    upper: replaced(whole.box.upper, time[1]),
  };
  const isInitial = (place: ConditionPlace): boolean => !('part' in place) && place.axis === axis;
  const within = (place: ConditionPlace): ConditionPlace =>
    'part' in place ? placeOfPart(box, place.part) : placeOf(box, place.axis, place.value, place.within);
  const kept = whole.conditions.flatMap((condition) => {
    const places = condition.places.filter((place) => !before || !isInitial(place)).map(within);
    return places.length === 0 ? [] : [{ ...condition, places }];
  });
  const initial = whole.conditions.filter(({ places }) => places.some(isInitial));
  const conditions = before ? [...kept, ...continuity(whole, box, axis, initial, before, engine)] : kept;
  return {
    ...whole,
    spec: { ...spec, domain: { ...spec.domain, [TIME]: time } },
    box,
    conditions,
    groups: groupConditions(
      conditions,
      allocatePoints(
        spec.sampling.conditions,
        conditions.flatMap(({ places }) => places),
      ),
    ),
  };
}

/** The conditions that carry a solution on: of `initial`, what they say something about. */
function continuity(
  { scope, ...whole }: Problem,
  box: Box,
  axis: number,
  initial: readonly Condition[],
  before: Float64Array,
  engine: Engine,
): Condition[] {
  const { pool } = scope;
  const variables = initial.flatMap(({ residual }) => networkVariablesOf(residual));
  return scope.unknowns.flatMap((name, unknown) => {
    const within = whole.unknownsWithin[unknown];
    const left = within ? timeRestriction(within) : undefined;
    const place = placeOf(box, axis, box.lower[axis]!, left);
    const orders = variables.flatMap((variable) =>
      variable.unknown !== unknown ? [] : [variable.kind === 'derivative' ? variable.orders[axis]! : 0],
    );
    return Array.from({ length: Math.max(-1, ...orders) + 1 }, (_, order): Condition => {
      const carried = pool.variable({
        kind: 'derivative',
        unknown,
        orders: scope.coordinates.map((__, k) => (k === axis ? order : 0)),
      });
      const residual = pool.sub(carried, pool.variable({ kind: 'field', index: 0 }));
      const derivative = order === 0 ? name : `${name}_${TIME.repeat(order)}`;
      return {
        residual,
        inNetwork: residual,
        compiled: compileResidual(residual, { ...scope, fields: ['before'] }),
        on: placeName(place, box),
        text: `${derivative} as before`,
        label: `the continuity of ${derivative}`,
        places: [place],
        opposite: null,
        given: (points) => networkValues({ scope, ...whole }, engine, before, points, [derivative])[derivative]!,
      };
    });
  });
}
