import type { Expression, Variable } from './equation/expression.ts';
import { operatorOf } from './equation/compile.ts';
import { evaluateExpression, magnitudeOf } from './equation/evaluate.ts';
import type { Problem } from './problem.ts';
import type { ExactSolution } from './exact.ts';
import type { Place } from './geometry/box.ts';
import { samplePoints } from './sampling/sample.ts';

/** Points at which an exact solution is put into its equation, and into each condition place. */
const CHECK_POINTS = 64;
/** Largest residual, relative to the size of the equation's terms, that rounding explains. */
const TOLERANCE = 1e-7;

/**
 * Puts the exact solution into the equation and the conditions. Returns a warning with the residual for each that it
 * does not satisfy.
 */
export function checkExact(problem: Problem): string[] {
  const { exact, interior, conditions, spec } = problem;
  if (!exact) return [];
  const warnings = [residualWarning(problem, exact, interior.residual, null, `the equation "${spec.equations[0]}"`)];
  for (const [k, { residual, places }] of conditions.entries()) {
    for (const place of places) {
      const where = `${problem.box.names[place.axis]} = ${place.value}`;
      warnings.push(
        residualWarning(problem, exact, residual, place, `the condition "${spec.conditions[k]!.equation}" on ${where}`),
      );
    }
  }
  return warnings.filter((warning) => warning !== null);
}

function residualWarning(
  problem: Problem,
  exact: ExactSolution,
  residual: Expression,
  place: Place | null,
  what: string,
): string | null {
  const solutionSize = Math.max(...checkPoints(problem, null).map((point) => Math.abs(valueOf(exact, point))));
  let largest = 0;
  let scale = solutionSize;
  for (const point of checkPoints(problem, place)) {
    const lookup = (variable: Variable): number => valueAt(problem, exact, point, variable);
    const e = Math.abs(evaluateExpression(residual, lookup));
    largest = Number.isNaN(e) ? Infinity : Math.max(largest, e);
    scale = Math.max(scale, magnitudeOf(residual, lookup));
  }
  if (largest <= TOLERANCE * scale || largest === 0) return null;
  return `the exact solution does not satisfy ${what}: residual up to ${largest.toPrecision(3)}, terms up to ${scale.toPrecision(3)}`;
}

function checkPoints({ box, spec }: Problem, place: Place | null): number[][] {
  const d = box.names.length;
  const data = new Float64Array(d * CHECK_POINTS);
  const target = { data, stride: CHECK_POINTS, from: 0, count: CHECK_POINTS };
  samplePoints('uniform', { seed: spec.seed, purpose: 'check', place: 0, refresh: 0 }, box, place, target);
  return Array.from({ length: CHECK_POINTS }, (_, n) =>
    Array.from({ length: d }, (__, axis) => data[axis * CHECK_POINTS + n]!),
  );
}

function valueOf(exact: ExactSolution, point: readonly number[]): number {
  return exact.derivative(
    point,
    point.map(() => 0),
  );
}

/** The value of an equation's variable for the exact solution. */
function valueAt({ scope }: Problem, exact: ExactSolution, point: readonly number[], variable: Variable): number {
  if (variable.kind === 'coordinate') return point[variable.axis]!;
  if (variable.kind === 'derivative') return exact.derivative(point, variable.orders);
  let sum = 0;
  for (const [key, weight] of operatorOf(variable, scope.coordinates)) {
    const orders = scope.coordinates.map(() => 0);
    for (const axis of key.split(',')) orders[Number(axis)]!++;
    sum += weight * exact.derivative(point, orders);
  }
  return sum;
}
