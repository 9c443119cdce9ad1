import { KfacError, differences } from '@kfac/core';
import { z } from 'zod';
import type { AnsatzSpec } from './ansatz.ts';
import { namesIn } from './equation/tokens.ts';
import { type NetworkForm, type TrainedNetwork, networkEmbedding } from './network.ts';
import type { Member, Network } from './networks.ts';
import type { Problem } from './problem.ts';

/** A trained network as its file `network.json` holds it. */
export interface SavedNetwork extends Omit<TrainedNetwork, 'parameters' | 'scales'> {
  readonly parameters: ArrayLike<number>;
  readonly scales?: ArrayLike<number>;
}

const SHOWN = 8;
const numbersSchema = z.union([z.array(z.number()), z.instanceof(Float64Array)]);

/** A problem's networks at the parameters θ of its training, or with windows those of those that have been trained. */
export function networkOf(problem: Problem, theta: Float64Array): TrainedNetwork {
  const { layout, networks, scalars } = problem;
  const own = scalars.networkPart(theta);
  return {
    ...shapeOf(problem, theta.length / layout.size),
    parameters: networks.weights(own),
    ...(networks.scaleCount === 0 ? {} : { scales: networks.scales(own) }),
  };
}

/** The parameters of a problem's networks in θ, without unknown scalars: to round-off, where they are not its weights. */
export function parametersOf({ networks }: Problem, { parameters, scales }: TrainedNetwork): Float64Array {
  return scales ? networks.parameters(parameters, scales) : parameters;
}

/** What there is to a problem's networks, or to those of the first `count` windows, besides their numbers. */
function shapeOf(problem: Problem, count: number): Omit<TrainedNetwork, 'parameters' | 'scales'> {
  const { spec, networks, windows } = problem;
  const [shared, ...own] = networks.all as readonly [Network, ...Network[]];
  const others = own.map((network) => formOf(network.members[0]!, network.unknowns, problem));
  return {
    ...sharedForm(shared, problem),
    ...(spec.ansatz ? { ansatz: spec.ansatz, constants: constantsOf(spec.ansatz, spec.constants) } : {}),
    ...(others.length > 0 ? { networks: others } : {}),
    ...(windows && count > 1 ? { windows: windows.times.slice(1, count) } : {}),
  };
}

/** The network that unknowns share: one by itself, or the product of its factors. */
function sharedForm(
  { type, unknowns, members, rank }: Network,
  problem: Problem,
): NetworkForm & Pick<TrainedNetwork, 'factors' | 'rank'> {
  const first = formOf(members[0]!, unknowns, problem);
  if (rank === null) return first;
  const factors = members.map((member) => formOf(member, unknowns, problem));
  return { ...first, type, coordinates: problem.box.names, sizes: [], rank, factors };
}

function formOf(
  { options, axes, embedding, sizes }: Member,
  unknowns: readonly number[],
  { spec, box }: Problem,
): NetworkForm {
  const { type, activation, weights, slopes } = options;
  return {
    type,
    coordinates: axes.map((axis) => box.names[axis]!),
    unknowns: unknowns.map((unknown) => spec.unknowns[unknown]!),
    ...(embedding ? { embedding: networkEmbedding(embedding) } : {}),
    sizes,
    activation,
    ...(weights === 'plain' ? {} : { weights }),
    ...(slopes === 'fixed' ? {} : { slopes }),
  };
}

/** The constants that an ansatz reads. */
function constantsOf(ansatz: AnsatzSpec, constants: Readonly<Record<string, number>>): Record<string, number> {
  const read = new Set(Object.values(ansatz).flatMap(({ offset, factor }) => [...namesIn(offset), ...namesIn(factor)]));
  return Object.fromEntries(Object.entries(constants).filter(([name]) => read.has(name)));
}

/**
 * A saved network as the network of a problem, or as those of its first `count` windows. Everything but the
 * numbers must be the same, of every network of a problem that has several: type, coordinates and unknowns by name and order, ansatz with its constants, embedding,
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
  const { weightCount, scaleCount } = problem.networks;
  return {
    ...own,
    parameters: numbers(parameters, 'parameters', count * weightCount),
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
