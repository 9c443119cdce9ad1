import { type Engine, matrix, matrixOver } from '@kfac/core';
import type { Equation } from './conditions.ts';
import { type Networks, forwardNetworks } from './curriculum/time-windows.ts';
import { bindParameters } from './equation/lower.ts';
import { type Problem, jetShape } from './problem.ts';
import { lowerOverValues, unknownsInNetwork } from './unknown-values.ts';

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
  problem: Pick<Problem, 'box' | 'spec' | 'sizes' | 'embedding' | 'scope' | 'ansatz' | 'parametrization' | 'scalars'> &
    Networks,
  engine: Engine,
  { compiled }: Pick<Equation, 'compiled'>,
  theta: Float64Array,
  coordinates: Float64Array,
  fields: Float64Array = new Float64Array(0),
): ResidualValues {
  const { box, spec, parametrization, scalars } = problem;
  const { plan } = compiled;
  const d = box.names.length;
  const count = coordinates.length / d;
  const jets = d + spec.unknowns.length * plan.channels;
  const { known } = compiled;
  const columns = matrix(jets + compiled.fields + (known?.count ?? 0), count);
  const residual = matrix(1, count);
  const values = matrix(spec.unknowns.length, count);
  columns.data.set(coordinates);
  columns.data.set(fields, jets * count);
  known?.fill(engine, coordinates, (columns.data as Float64Array).subarray((jets + compiled.fields) * count));
  const view = matrixOver(jets, count, columns.data.subarray(0, jets * count));
  const weights = parametrization.weights(scalars.networkPart(theta));
  forwardNetworks(problem, engine, jetShape(problem, plan), weights, view);
  const numbers = scalars.values(theta, new Float64Array(scalars.count));
  engine.programs.evaluate(bindParameters(compiled.residual, numbers), columns, residual);
  engine.programs.evaluate(
    lowerOverValues(unknownsInNetwork(problem), problem, plan.channels, columns.rows - jets),
    columns,
    values,
  );
  return {
    values: spec.unknowns.map((_, k) => (values.data as Float64Array).subarray(k * count, (k + 1) * count)),
    residual: residual.data as Float64Array,
  };
}
