import { checkPoints, conditionCheckPoints, pointValue } from './check-points.ts';
import type { Condition } from './conditions.ts';
import { evaluatorOf, termsOf } from './equation/evaluate.ts';
import { isNetworkVariable } from './equation/expression.ts';
import { type Scope, noDerivative } from './equation/symbols.ts';
import type { ExactSolution } from './exact.ts';
import { type Box, placeOf } from './geometry/box.ts';
import { placeName } from './geometry/place.ts';
import { madeUpNetworks } from './made-up-network.ts';
import type { Problem } from './problem.ts';

/** Residuals, relative to the size of the equation's terms inside the domain, that rounding explains. */
const TOLERANCE = 1e-9;
/** Differences from an exact solution, relative to its size, that rounding explains. */
const EXACT_TOLERANCE = 1e-7;
const NO_FIELDS = { compiled: { fields: 0 }, opposite: null } as const;

interface Setting {
  readonly box: Box;
  readonly spec: { readonly seed: number };
}

/** What of the conditions is left for training once an ansatz holds, and what is to be said about it. */
export interface Remaining {
  readonly conditions: readonly Condition[];
  /** Of conditions that the ansatz satisfies. */
  readonly notes: readonly string[];
  /** Of conditions that it contradicts. */
  readonly warnings: readonly string[];
}

/**
 * Tries the conditions on two made-up networks at points of their places. Where the residual is the same for both, the
 * ansatz decides it: if it is zero, the condition holds whatever is trained and is left out there; else it never can hold.
 */
export function remainingConditions(conditions: readonly Condition[], setting: Setting, scope: Scope): Remaining {
  const notes: string[] = [];
  const warnings: string[] = [];
  const left = conditions.flatMap((condition) => {
    const trial = trialOf(condition, scope);
    const fields = Array.from({ length: condition.compiled.fields }, () => 1);
    const size = Math.max(...checkPoints(setting).map((point) => trial.size([...point, ...fields])));
    const places = condition.places.filter((place) => {
      const what = `${condition.label} on ${placeName(place, setting.box)}`;
      const rows = conditionCheckPoints(setting, condition, place);
      const residuals = rows.map((row) => trial.residuals(row));
      if (!residuals.every(([one, other]) => Math.abs(one - other) <= TOLERANCE * size)) return true;
      const largest = Math.max(...residuals.map(([one]) => Math.abs(one)));
      if (largest > TOLERANCE * size) {
        warnings.push(`the ansatz contradicts ${what}: residual up to ${largest.toPrecision(3)}, whatever the network`);
        return true;
      }
      notes.push(`the ansatz satisfies ${what}, which is left out of the loss`);
      return false;
    });
    return places.length === 0 ? [] : [{ ...condition, places }];
  });
  return { conditions: left, notes, warnings };
}

/** A condition on made-up networks, different ones at every point of a residual. */
function trialOf({ inNetwork }: Condition, scope: Scope) {
  const value = evaluatorOf(inNetwork);
  const terms = termsOf(inNetwork).map(evaluatorOf);
  const lookupAt = madeUpNetworks([inNetwork], scope);
  const residual = (row: readonly number[][], first: number): number =>
    row.reduce((sum, point, k) => sum + value(lookupAt(point, first + 2 * k)), 0);
  return {
    /** Of two networks, over the points of one residual. */
    residuals: (row: readonly number[][]): [number, number] => [residual(row, 0), residual(row, 1)],
    /** The terms' absolute values added up at a point. */
    size: (point: readonly number[]) => terms.reduce((sum, term) => sum + Math.abs(term(lookupAt(point, 0))), 0),
  };
}

/**
 * Compares the exact solution with the ansatz on the ends of every coordinate on which the factor vanishes. Returns a
 * warning for each on which they differ.
 */
export function checkExactOnAnsatz(problem: Problem, exact: readonly ExactSolution[]): string[] {
  const { box, spec, ansatz, scope, unknownsWithin } = problem;
  const d = box.names.length;
  const ends = box.names.flatMap((_, axis) =>
    [box.lower[axis]!, box.upper[axis]!].map((value) => placeOf(box, axis, value)),
  );
  const largest = (points: readonly number[][], of: (point: readonly number[]) => number): number =>
    Math.max(...points.map((point) => Math.abs(of(point))));
  return ansatz.flatMap((own, k) => {
    if (!own) return [];
    const [offset, factor] = [own.offset, own.factor].map((part) => {
      const value = evaluatorOf(part);
      return (point: readonly number[]) =>
        value((variable) =>
          isNetworkVariable(variable) || variable.kind === 'parameter'
            ? Number.NaN
            : pointValue(point, variable, scope),
        );
    }) as [(point: readonly number[]) => number, (point: readonly number[]) => number];
    const solution = (point: readonly number[]): number => exact[k]!.derivative(point, noDerivative(d));
    const inside = checkPoints(problem, unknownsWithin[k]);
    const [scale, size] = [largest(inside, factor), largest(inside, solution) + largest(inside, offset)];
    return ends.flatMap((place) => {
      const points = conditionCheckPoints(problem, NO_FIELDS, place).flat();
      if (!(largest(points, factor) <= TOLERANCE * scale)) return [];
      const gap = largest(points, (point) => solution(point) - offset(point));
      if (gap <= EXACT_TOLERANCE * size) return [];
      const where = placeName(place, box);
      return [
        `the exact solution of ${spec.unknowns[k]} is not what the ansatz gives on ${where}: they differ by up to ${gap.toPrecision(3)}`,
      ];
    });
  });
}
