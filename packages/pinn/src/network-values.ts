import { type Engine, KfacError } from '@kfac/core';
import { type Expression, isNetworkVariable } from './equation/expression.ts';
import { parseExpression } from './equation/parse.ts';
import { compileRows } from './network-rows.ts';
import type { Problem } from './problem.ts';

/**
 * The solution's values and derivatives at any points [N × d]: every unknown by its name, and every entry of `derivatives`
 * ('u_x', 'u_xy', 'laplacian(u)') by its own. `weights` are the network's, or those of the networks of all windows.
 * Throws `KFAC_SHAPE` for points of another dimension or non-finite ones, `KFAC_EQUATION` for a derivative that does not
 * exist.
 */
export function networkValues(
  problem: Problem,
  engine: Engine,
  weights: Float64Array,
  points: readonly (readonly number[])[],
  derivatives: readonly string[],
): Record<string, Float64Array> {
  const { box, spec } = problem;
  const d = box.names.length;
  const count = points.length;
  const coordinates = new Float64Array(d * count);
  for (const [n, point] of points.entries()) {
    if (point.length !== d || !point.every(Number.isFinite)) {
      throw new KfacError(
        'KFAC_SHAPE',
        `point ${n}: expected ${d} finite coordinates (${box.names.join(', ')}), got [${point.join(', ')}]`,
      );
    }
    for (let axis = 0; axis < d; axis++) coordinates[axis * count + n] = point[axis]!;
  }
  const names = [...new Set([...spec.unknowns, ...derivatives])];
  const rows = compileRows(
    problem,
    names.map((name) => derivativeOf(name, problem)),
  );
  const values = new Float64Array(names.length * count);
  rows.fill(engine, weights, coordinates, values);
  return Object.fromEntries(names.map((name, k) => [name, values.slice(k * count, (k + 1) * count)]));
}

function derivativeOf(name: string, { scope }: Problem): Expression {
  const expression = parseExpression(name, scope);
  if (expression.kind === 'variable' && isNetworkVariable(expression.variable)) return expression;
  throw new KfacError(
    'KFAC_EQUATION',
    `expected a derivative such as ${scope.unknowns[0]}_${scope.coordinates[0]}, got "${name}"`,
  );
}
