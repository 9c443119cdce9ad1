import { type Engine, matrix } from '@kfac/core';
import { inNetwork } from './ansatz.ts';
import { type WindowedNetworks, forwardNetworks } from './curriculum/time-windows.ts';
import { planChannels } from './equation/channels.ts';
import { operatorOf } from './equation/compile.ts';
import { knowingDependence } from './equation/dependence.ts';
import { type Expression, isNetworkVariable, networkVariablesOf } from './equation/expression.ts';
import { lowerExpressions } from './equation/lower.ts';
import { networkColumns } from './network-columns.ts';
import type { Problem } from './problem.ts';
import { CHUNK } from './sampling/point-set.ts';
import type { PinnSpec } from './spec.ts';

/** What the evaluation of networks reads of their problem. */
export interface EvaluatedProblem extends Pick<Problem, 'scope' | 'ansatz'>, WindowedNetworks {
  readonly spec: Pick<PinnSpec, 'precision' | 'domain'>;
}

/** Expressions in the unknowns of trained networks, at any points. */
export interface NetworkRows {
  /** Working rows at a point: coordinates and channels. */
  readonly width: number;
  /**
   * out ← their values [k × N] at points given as coordinate rows [d × N]; `weights` are the network's, or those of the networks
   * of all windows.
   */
  fill(engine: Engine, weights: Float64Array, coordinates: Float64Array, out: Float64Array): void;
}

/** Compiles expressions in unknowns and coordinates, such as derivatives, for evaluation. Throws `KFAC_EQUATION`. */
export function compileRows(problem: EvaluatedProblem, expressions: readonly Expression[]): NetworkRows {
  const { scope, ansatz } = problem;
  const d = scope.coordinates.length;
  const asked = expressions.map((expression) => knowingDependence(inNetwork(expression, ansatz, scope), scope));
  const variables = asked.flatMap(networkVariablesOf);
  const { plans, rows, rowOf } = planChannels(scope, variables, (variable) => operatorOf(variable, scope.coordinates));
  const width = d + rows;
  const program = lowerExpressions(asked, width, (variable) => {
    if (isNetworkVariable(variable)) return d + rowOf(variable);
    return variable.kind === 'coordinate' ? variable.axis : width;
  });
  const parts = networkColumns(problem, plans);
  return {
    width,
    fill(engine, weights, coordinates, out) {
      const points = coordinates.length / d;
      for (let from = 0; from < points; from += CHUNK) {
        const count = Math.min(CHUNK, points - from);
        const columns = matrix(width, count);
        const values = matrix(asked.length, count);
        for (let axis = 0; axis < d; axis++) {
          const row = axis * points + from;
          columns.data.set(coordinates.subarray(row, row + count), axis * count);
        }
        forwardNetworks(problem, engine, parts, weights, columns);
        engine.programs.evaluate(program, columns, values);
        for (let k = 0; k < asked.length; k++)
          out.set(values.data.subarray(k * count, (k + 1) * count), k * points + from);
      }
    },
  };
}
