import { type Engine, matrix } from '@kfac/core';
import type { Equation } from './conditions.ts';
import { type Problem, jetShape } from './problem.ts';

/** What an equation leaves at points. */
export interface ResidualValues {
  /** The network's values, a row [N] for each unknown. */
  readonly values: readonly Float64Array[];
  /** e = left − right [N]. */
  readonly residual: Float64Array;
}

/** The network's values and an equation's (or condition's) residual at the network's weights θ, at points given as coordinate rows [d × N]. */
export function residualValues(
  problem: Pick<Problem, 'box' | 'spec' | 'sizes' | 'embedding'>,
  engine: Engine,
  { compiled }: Pick<Equation, 'compiled'>,
  theta: Float64Array,
  coordinates: Float64Array,
): ResidualValues {
  const { box, spec } = problem;
  const { plan } = compiled;
  const d = box.names.length;
  const count = coordinates.length / d;
  const columns = matrix(d + spec.unknowns.length * plan.channels, count);
  const out = matrix(1, count);
  columns.data.set(coordinates);
  engine.jets.forward(jetShape(problem, plan), theta, columns, null);
  engine.programs.evaluate(compiled.residual, columns, out);
  const values = spec.unknowns.map((_, k) => {
    const row = d + k * plan.channels;
    return (columns.data as Float64Array).subarray(row * count, (row + 1) * count);
  });
  return { values, residual: out.data as Float64Array };
}
