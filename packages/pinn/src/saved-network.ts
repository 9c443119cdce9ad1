import { KfacError, differences } from '@kfac/core';
import { z } from 'zod';
import { type TrainedNetwork, networkEmbedding } from './network.ts';
import type { Problem } from './problem.ts';

/** A trained network as its file `network.json` holds it. */
export interface SavedNetwork extends Omit<TrainedNetwork, 'parameters'> {
  readonly parameters: ArrayLike<number>;
}

const SHOWN = 8;
const parametersSchema = z.union([z.array(z.number()), z.instanceof(Float64Array)]);

/** A problem's network with the parameters `theta`, or with windows the networks of those that have been trained. */
export function networkOf(problem: Problem, theta: Float64Array): TrainedNetwork {
  const { spec, box, embedding, sizes, layout, scalars, windows } = problem;
  const count = theta.length / layout.size;
  return {
    type: 'mlp',
    coordinates: box.names,
    unknowns: spec.unknowns,
    ...(spec.ansatz ? { ansatz: spec.ansatz, constants: spec.constants } : {}),
    ...(embedding ? { embedding: networkEmbedding(embedding) } : {}),
    sizes,
    activation: spec.network.activation,
    ...(windows && count > 1 ? { windows: windows.times.slice(1, count) } : {}),
    parameters: scalars.networkPart(theta),
  };
}

/**
 * The parameters of a saved network, for the network `expected`. Everything but the
 * parameters must be the same: coordinates and unknowns by name and order, embedding, widths, activation. Throws
 * `KFAC_NETWORK` with every difference (found there, expected here).
 */
export function savedParameters(saved: unknown, expected: TrainedNetwork): Float64Array {
  if (typeof saved !== 'object' || saved === null || !('parameters' in saved))
    throw new KfacError(
      'KFAC_NETWORK',
      'expected a saved network: an object with type, coordinates, unknowns, sizes, activation and parameters, as network.json holds it',
    );
  const { parameters, ...shape } = saved;
  const { parameters: initial, ...own } = expected;
  const issues = differences(JSON.parse(JSON.stringify(shape)), JSON.parse(JSON.stringify(own)));
  if (issues.length > 0) {
    const lines = issues.slice(0, SHOWN).map(({ pointer, detail }) => `${pointer}: ${detail}`);
    if (issues.length > SHOWN) lines.push(`and ${issues.length - SHOWN} more`);
    throw new KfacError('KFAC_NETWORK', `the saved network is not the one of this problem: ${lines.join('; ')}`);
  }
  const values = parametersSchema.safeParse(parameters);
  if (!values.success || !values.data.every(Number.isFinite))
    throw new KfacError('KFAC_NETWORK', 'expected the parameters of the saved network to be a list of finite numbers');
  if (values.data.length !== initial.length)
    throw new KfacError(
      'KFAC_NETWORK',
      `expected ${initial.length} parameters, the saved network has ${values.data.length}`,
    );
  return Float64Array.from(values.data);
}
