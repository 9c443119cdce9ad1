import { type Engine, type Matrix, matrix, matrixOver } from '@kfac/core';
import type { Equation } from './conditions.ts';
import { type WindowedNetworks, forwardNetworks } from './curriculum/time-windows.ts';
import { bindParameters } from './equation/lower.ts';
import { type NetworkColumns, networkColumns } from './network-columns.ts';
import type { Problem } from './problem.ts';
import { lowerOverValues, unknownsInNetwork, valueChannels } from './unknown-values.ts';

/** What an equation leaves at points. */
export interface ResidualValues {
  /** The unknowns, a row [N] for each. */
  readonly values: readonly Float64Array[];
  /** e = left − right [N]; of a condition with pairs of points the part of each point. */
  readonly residual: Float64Array;
}

/**
 * The unknowns and an equation's (or condition's) residual at θ, at points given as coordinate rows [d × N], and field rows
 * [F × N] for a condition that reads them.
 */
export function residualValues(
  problem: Pick<Problem, 'box' | 'spec' | 'scope' | 'ansatz' | 'scalars'> & WindowedNetworks,
  engine: Engine,
  { compiled }: Pick<Equation, 'compiled'>,
  theta: Float64Array,
  coordinates: Float64Array,
  fields: Float64Array = new Float64Array(0),
): ResidualValues {
  const { box, spec, networks, scalars } = problem;
  const d = box.names.length;
  const count = coordinates.length / d;
  const jets = d + compiled.rows;
  const { known } = compiled;
  const columns = matrix(jets + compiled.fields + (known?.count ?? 0), count);
  const residual = matrix(1, count);
  const values = matrix(spec.unknowns.length, count);
  columns.data.set(coordinates);
  columns.data.set(fields, jets * count);
  known?.fill(engine, coordinates, (columns.data as Float64Array).subarray((jets + compiled.fields) * count));
  const view = matrixOver(jets, count, columns.data.subarray(0, jets * count));
  const weights = networks.weights(scalars.networkPart(theta));
  const carried = networkColumns(problem, compiled.plans);
  forwardNetworks(problem, engine, carried, weights, view);
  const numbers = scalars.values(theta, new Float64Array(scalars.count));
  engine.programs.evaluate(bindParameters(compiled.residual, numbers), columns, residual);
  const outputs = outputValues(problem, engine, carried, weights, view);
  engine.programs.evaluate(lowerOverValues(unknownsInNetwork(problem), problem), outputs, values);
  return {
    values: spec.unknowns.map((_, k) => (values.data as Float64Array).subarray(k * count, (k + 1) * count)),
    residual: residual.data as Float64Array,
  };
}

/** The values of all outputs [d + m × N]: those that are `carried` in some columns from there, the others by passes of their own. */
function outputValues(
  problem: Pick<Problem, 'spec' | 'scope'> & WindowedNetworks,
  engine: Engine,
  carried: readonly NetworkColumns[],
  weights: Float64Array,
  columns: Matrix,
): Matrix {
  const { cols: count } = columns;
  const { plans, rows } = valueChannels(problem);
  const d = problem.scope.coordinates.length;
  const outputs = matrix(d + rows, count);
  outputs.data.set(columns.data.subarray(0, d * count));
  const missing = networkColumns(problem, plans).filter((part) => {
    const source = carried.find(({ network }) => network === part.network);
    if (!source) return true;
    for (let k = 0; k < part.rows; k++) {
      const row = source.from + (k * source.rows) / part.rows;
      outputs.data.set(columns.data.subarray(row * count, (row + 1) * count), (part.from + k) * count);
    }
    return false;
  });
  if (missing.length > 0) forwardNetworks(problem, engine, missing, weights, outputs);
  return outputs;
}
