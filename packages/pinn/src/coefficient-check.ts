import { checkPoints, conditionCheckPoints, pointValue } from './check-points.ts';
import { evaluatorOf } from './equation/evaluate.ts';
import { type Expression, inOrder, isNetworkVariable, operands } from './equation/expression.ts';
import { placeName } from './geometry/place.ts';
import type { Problem } from './problem.ts';

/**
 * Evaluates what depends on coordinates alone (and on unknown scalars, at their initial values) in the equations and in the
 * conditions, at points inside and on the places.
 * Returns a warning for each text in which it is not finite somewhere.
 */
export function checkCoefficients(problem: Problem): string[] {
  const { equations, conditions, box, scalars, scope } = problem;
  const warn = (residual: Expression, points: readonly number[][], what: string): string[] => {
    const coefficients = [...coefficientsOf(residual)].map(evaluatorOf);
    const bad = points.find((point) =>
      coefficients.some(
        (value) =>
          !Number.isFinite(
            value((variable) => {
              if (isNetworkVariable(variable)) return Number.NaN;
              if (variable.kind === 'parameter') return scalars.specs[variable.index]!.initial;
              return pointValue(point, variable, scope);
            }),
          ),
      ),
    );
    if (!bad) return [];
    const where = box.names.map((name, axis) => `${name} = ${Number(bad[axis]!.toPrecision(4))}`).join(', ');
    return [`a coefficient of ${what} is not finite on the domain, for instance at ${where}`];
  };
  return [
    ...equations.flatMap(({ inNetwork, within, label }) => warn(inNetwork, checkPoints(problem, within), label)),
    ...conditions.flatMap((condition) =>
      condition.places.flatMap((place) =>
        warn(
          condition.inNetwork,
          conditionCheckPoints(problem, condition, place).flat(),
          `${condition.label} on ${placeName(place, box)}`,
        ),
      ),
    ),
  ];
}

/** The largest parts of an expression that depend on coordinates alone. */
function coefficientsOf(root: Expression): Set<Expression> {
  const known = new Set<Expression>();
  const found = new Set<Expression>();
  for (const node of inOrder([root])) {
    const parts = operands(node);
    const isVariable = node.kind === 'variable' && isNetworkVariable(node.variable);
    if (!isVariable && parts.every((part) => known.has(part))) known.add(node);
    else for (const part of parts) if (known.has(part)) found.add(part);
  }
  return known.has(root) ? new Set([root]) : found;
}
