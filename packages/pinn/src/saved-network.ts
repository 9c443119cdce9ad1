import { KfacError, differences } from '@kfac/core';
import { z } from 'zod';
import type { AnsatzSpec } from './ansatz.ts';
import { namesIn } from './equation/tokens.ts';
import { type TrainedNetwork, networkEmbedding } from './network.ts';
import type { Problem } from './problem.ts';

/** A trained network as its file `network.json` holds it. */
export interface SavedNetwork extends Omit<TrainedNetwork, 'parameters' | 'scales'> {
  readonly parameters: ArrayLike<number>;
  readonly scales?: ArrayLike<number>;
}

const SHOWN = 8;
const numbersSchema = z.union([z.array(z.number()), z.instanceof(Float64Array)]);

/** A problem's network at the parameters θ of its training, or with windows the networks of those that have been trained. */
export function networkOf(problem: Problem, theta: Float64Array): TrainedNetwork {
  const { layout, parametrization, scalars } = problem;
  const own = scalars.networkPart(theta);
  return {
    ...shapeOf(problem, theta.length / layout.size),
    parameters: parametrization.weights(own),
    ...(parametrization.scaleCount === 0 ? {} : { scales: parametrization.scales(own) }),
  };
}

/** The parameters of a problem's network in θ, without unknown scalars: to round-off, where they are not its weights. */
export function parametersOf({ parametrization }: Problem, { parameters, scales }: TrainedNetwork): Float64Array {
  return scales ? parametrization.parameters(parameters, scales) : parameters;
}

/** What there is to a network, or to those of the first `count` windows, besides its numbers. */
function shapeOf(
  { spec, box, embedding, sizes, windows }: Problem,
  count: number,
): Omit<TrainedNetwork, 'parameters' | 'scales'> {
  const { type, activation, weights, slopes } = spec.network;
  return {
    type,
    coordinates: box.names,
    unknowns: spec.unknowns,
    ...(spec.ansatz ? { ansatz: spec.ansatz, constants: constantsOf(spec.ansatz, spec.constants) } : {}),
    ...(embedding ? { embedding: networkEmbedding(embedding) } : {}),
    sizes,
    activation,
    ...(weights === 'plain' ? {} : { weights }),
    ...(slopes === 'fixed' ? {} : { slopes }),
    ...(windows && count > 1 ? { windows: windows.times.slice(1, count) } : {}),
  };
}

/** The constants that an ansatz reads. */
function constantsOf(ansatz: AnsatzSpec, constants: Readonly<Record<string, number>>): Record<string, number> {
  const read = new Set(Object.values(ansatz).flatMap(({ offset, factor }) => [...namesIn(offset), ...namesIn(factor)]));
  return Object.fromEntries(Object.entries(constants).filter(([name]) => read.has(name)));
}

/**
 * A saved network as the network of a problem, or as those of its first `count` windows. Everything but the
 * numbers must be the same: type, coordinates and unknowns by name and order, ansatz with its constants, embedding,
 * widths, activation, and how weights and slopes are trained. Throws `KFAC_NETWORK` with every difference (found there, expected here).
 */
export function savedNetwork(saved: unknown, problem: Problem, count = 1): TrainedNetwork {
  if (typeof saved !== 'object' || saved === null || !('parameters' in saved))
    throw new KfacError(
      'KFAC_NETWORK',
      'expected a saved network: an object with type, coordinates, unknowns, sizes, activation and parameters, as network.json holds it',
    );
  const { parameters, scales, ...shape } = saved as { parameters: unknown; scales?: unknown };
  const own = shapeOf(problem, count);
  const issues = differences(JSON.parse(JSON.stringify(shape)), JSON.parse(JSON.stringify(own)));
  if (issues.length > 0) {
    const lines = issues.slice(0, SHOWN).map(({ pointer, detail }) => `${pointer}: ${detail}`);
    if (issues.length > SHOWN) lines.push(`and ${issues.length - SHOWN} more`);
    throw new KfacError('KFAC_NETWORK', `the saved network is not the one of this problem: ${lines.join('; ')}`);
  }
  const { network, scaleCount } = problem.parametrization;
  return {
    ...own,
    parameters: numbers(parameters, 'parameters', count * network.size),
    ...(scaleCount === 0 ? {} : { scales: numbers(scales, 'scales', scaleCount) }),
  };
}

function numbers(given: unknown, what: 'parameters' | 'scales', count: number): Float64Array {
  const values = numbersSchema.safeParse(given);
  if (!values.success || !values.data.every(Number.isFinite))
    throw new KfacError('KFAC_NETWORK', `expected the ${what} of the saved network to be a list of finite numbers`);
  if (values.data.length !== count)
    throw new KfacError('KFAC_NETWORK', `expected ${count} ${what}, the saved network has ${values.data.length}`);
  return Float64Array.from(values.data);
}
