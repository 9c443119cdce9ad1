import { type Engine, KfacError, matrix } from '@kfac/core';
import { forwardNetworks } from './curriculum/time-windows.ts';
import { planChannels } from './equation/channels.ts';
import { inNetwork } from './ansatz.ts';
import { operatorOf } from './equation/compile.ts';
import { knowingDependence } from './equation/dependence.ts';
import { type Expression, isNetworkVariable, networkVariablesOf } from './equation/expression.ts';
import { lowerExpressions } from './equation/lower.ts';
import { parseExpression } from './equation/parse.ts';
import { networkColumns } from './network-columns.ts';
import type { Problem } from './problem.ts';
import { CHUNK } from './sampling/point-set.ts';

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
  const { scope, box, spec } = problem;
  const d = box.names.length;
  for (const [n, point] of points.entries()) {
    if (point.length !== d || !point.every(Number.isFinite)) {
      throw new KfacError(
        'KFAC_SHAPE',
        `point ${n}: expected ${d} finite coordinates (${box.names.join(', ')}), got [${point.join(', ')}]`,
      );
    }
  }
  const names = [...new Set([...spec.unknowns, ...derivatives])];
  const asked = names.map((name) =>
    knowingDependence(inNetwork(derivativeOf(name, problem), problem.ansatz, scope), scope),
  );
  const variables = asked.flatMap(networkVariablesOf);
  const channels = planChannels(scope, variables, (variable) => operatorOf(variable, scope.coordinates));
  const rows = d + channels.rows;
  const program = lowerExpressions(asked, rows, (variable) => {
    if (isNetworkVariable(variable)) return d + channels.rowOf(variable);
    return variable.kind === 'coordinate' ? variable.axis : rows;
  });
  const parts = networkColumns(problem, channels.plans);
  const results = names.map(() => new Float64Array(points.length));
  for (let from = 0; from < points.length; from += CHUNK) {
    const count = Math.min(CHUNK, points.length - from);
    const columns = matrix(rows, count);
    const values = matrix(names.length, count);
    for (let n = 0; n < count; n++)
      for (let axis = 0; axis < d; axis++) columns.data[axis * count + n] = points[from + n]![axis]!;
    forwardNetworks(problem, engine, parts, weights, columns);
    engine.programs.evaluate(program, columns, values);
    for (const [k, result] of results.entries()) result.set(values.data.subarray(k * count, (k + 1) * count), from);
  }
  return Object.fromEntries(names.map((name, k) => [name, results[k]!]));
}

function derivativeOf(name: string, { scope }: Problem): Expression {
  const expression = parseExpression(name, scope);
  if (expression.kind === 'variable' && isNetworkVariable(expression.variable)) return expression;
  throw new KfacError(
    'KFAC_EQUATION',
    `expected a derivative such as ${scope.unknowns[0]}_${scope.coordinates[0]}, got "${name}"`,
  );
}
