import { type Expression, type Variable, isNetworkVariable } from './equation/expression.ts';
import { operatorOf } from './equation/compile.ts';
import { axesOf } from './equation/directions.ts';
import { evaluatorOf, termsOf } from './equation/evaluate.ts';
import { placeName } from './geometry/place.ts';
import type { Problem } from './problem.ts';
import type { ExactSolution } from './exact.ts';
import { checkPoints, conditionCheckPoints, pointValue } from './check-points.ts';
import { checkExactOnAnsatz } from './ansatz-check.ts';
import { isGaussian, quadratureOf } from './quadrature.ts';
import { parametersOf } from './scalar-use.ts';

/** Largest residual, relative to the size of the equation's terms, that rounding explains. */
const TOLERANCE = 1e-7;
/** The same for an integral, relative to that of the integrand's size; the rule itself is not exact. */
const INTEGRAL_TOLERANCE = 1e-5;

/**
 * Puts the exact solution into the equations, the conditions and, over at most three coordinates, the constraints, and beside
 * the ansatz. Returns a warning with the residual for each that it does not satisfy. Those with an unknown scalar whose true
 * value is not given are left out.
 */
export function checkExact(problem: Problem): string[] {
  const { exact, equations, unknownsWithin, conditions, box, scalars } = problem;
  if (!exact) return [];
  const noDerivative = box.names.map(() => 0);
  const size = Math.max(
    ...exact.flatMap((solution, k) =>
      checkPoints(problem, unknownsWithin[k]).map((point) => Math.abs(solution.derivative(point, noDerivative))),
    ),
  );
  const warn = (residual: Expression, rows: readonly number[][][], what: string): string[] => {
    if ([...parametersOf([residual])].some((index) => scalars.specs[index]!.exact === undefined)) return [];
    const { largest, scale } = residualOf(problem, exact, residual, rows, size);
    if (largest === Infinity) return [`the exact solution or a derivative of it is not finite everywhere in ${what}`];
    if (largest <= TOLERANCE * scale || largest === 0) return [];
    return [
      `the exact solution does not satisfy ${what}: residual up to ${largest.toPrecision(3)}, terms up to ${scale.toPrecision(3)}`,
    ];
  };
  return [
    ...checkConstraints(problem, exact),
    ...equations.flatMap(({ residual, within, label }) =>
      warn(
        residual,
        checkPoints(problem, within).map((point) => [point]),
        label,
      ),
    ),
    ...conditions.flatMap((condition) =>
      condition.places.flatMap((place) =>
        warn(
          condition.residual,
          conditionCheckPoints(problem, condition, place),
          `${condition.label} on ${placeName(place, box)}`,
        ),
      ),
    ),
    ...checkExactOnAnsatz(problem, exact),
  ];
}

/** Warns of integrals of the exact solution that differ from what they should be. */
function checkConstraints(problem: Problem, exact: readonly ExactSolution[]): string[] {
  const { constraints, box, spec, scalars } = problem;
  if (constraints.length === 0 || !isGaussian(box)) return [];
  const { points, weights } = quadratureOf(problem);
  return constraints.flatMap(({ residual: integrand, equals }, k) => {
    if ([...parametersOf([integrand])].some((index) => scalars.specs[index]!.exact === undefined)) return [];
    const value = evaluatorOf(integrand);
    let sum = 0;
    let size = Math.abs(equals);
    weights.forEach((weight, n) => {
      const point = box.names.map((_, axis) => points.data[axis * weights.length + n]!);
      const term = weight * value((variable) => valueAt(problem, exact, point, variable));
      sum += term;
      size += Math.abs(term);
    });
    if (Math.abs(sum - equals) <= INTEGRAL_TOLERANCE * size) return [];
    const { integral } = spec.constraints![k]!;
    return [`the integral of "${integral}" for the exact solution is ${sum.toPrecision(6)}, expected ${equals}`];
  });
}

/**
 * The largest residual of the exact solution, each a sum over its points, and the size of the terms (at least the
 * solution's own).
 */
function residualOf(
  problem: Problem,
  exact: readonly ExactSolution[],
  residual: Expression,
  rows: readonly number[][][],
  size: number,
): { largest: number; scale: number } {
  let largest = 0;
  let scale = size;
  const value = evaluatorOf(residual);
  const terms = termsOf(residual).map(evaluatorOf);
  for (const row of rows) {
    let e = 0;
    for (const point of row) {
      const values = new Map<Variable, number>();
      const lookup = (variable: Variable): number => {
        const known = values.get(variable) ?? valueAt(problem, exact, point, variable);
        values.set(variable, known);
        return known;
      };
      e += value(lookup);
      scale = Math.max(
        scale,
        terms.reduce((sum, term) => sum + Math.abs(term(lookup)), 0),
      );
    }
    largest = Number.isFinite(e) ? Math.max(largest, Math.abs(e)) : Infinity;
  }
  return { largest, scale };
}

/** The value of an equation's variable for the exact solution. */
function valueAt(
  { scope, scalars }: Problem,
  exact: readonly ExactSolution[],
  point: readonly number[],
  variable: Variable,
): number {
  if (variable.kind === 'parameter') return scalars.specs[variable.index]!.exact!;
  if (!isNetworkVariable(variable)) return pointValue(point, variable, scope);
  const solution = exact[variable.unknown]!;
  if (variable.kind === 'derivative') return solution.derivative(point, variable.orders);
  let sum = 0;
  for (const [key, weight] of operatorOf(variable, scope.coordinates)) {
    const orders = scope.coordinates.map(() => 0);
    for (const axis of axesOf(key)) orders[axis]!++;
    sum += weight * solution.derivative(point, orders);
  }
  return sum;
}
