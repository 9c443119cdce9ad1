import { type Engine, KfacError, matrix } from '@kfac/core';
import { forwardNetworks } from './curriculum/time-windows.ts';
import { planChannels } from './equation/channels.ts';
import { operatorOf } from './equation/compile.ts';
import { type NetworkVariable, isNetworkVariable } from './equation/expression.ts';
import { parseExpression } from './equation/parse.ts';
import { type Problem, jetShape } from './problem.ts';

/** Points of one forward pass. */
const CHUNK = 8192;

/**
 * The network's values and derivatives at any points [N × d]: every unknown by its name, and every entry of `derivatives`
 * ('u_x', 'u_xy', 'laplacian(u)') by its own. Throws `KFAC_SHAPE` for points of another dimension or non-finite ones,
 * `KFAC_EQUATION` for a derivative that does not exist.
 */
export function networkValues(
  problem: Problem,
  engine: Engine,
  theta: Float64Array,
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
  const variables = names.map((name) => variableOf(name, problem));
  const { plan, rowOf } = planChannels(d, variables, (variable) => operatorOf(variable, scope.coordinates));
  const rows = variables.map(rowOf);
  const shape = jetShape(problem, plan);
  const results = names.map(() => new Float64Array(points.length));
  for (let from = 0; from < points.length; from += CHUNK) {
    const count = Math.min(CHUNK, points.length - from);
    const columns = matrix(d + spec.unknowns.length * plan.channels, count);
    for (let n = 0; n < count; n++)
      for (let axis = 0; axis < d; axis++) columns.data[axis * count + n] = points[from + n]![axis]!;
    forwardNetworks(problem, engine, shape, theta, columns);
    for (const [k, result] of results.entries()) {
      const row = d + rows[k]!;
      result.set(columns.data.subarray(row * count, (row + 1) * count), from);
    }
  }
  return Object.fromEntries(names.map((name, k) => [name, results[k]!]));
}

function variableOf(name: string, { scope }: Problem): NetworkVariable {
  const expression = parseExpression(name, scope);
  if (expression.kind === 'variable' && isNetworkVariable(expression.variable)) return expression.variable;
  throw new KfacError(
    'KFAC_EQUATION',
    `expected a derivative such as ${scope.unknowns[0]}_${scope.coordinates[0]}, got "${name}"`,
  );
}
