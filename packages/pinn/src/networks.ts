import { type Embedding, ParameterLayout } from '@kfac/core';
import { embeddingOf, featuresOf } from './embedding.ts';
import type { NetworkScope } from './equation/symbols.ts';
import type { Box } from './geometry/box.ts';
import type { BatchSize } from './memory.ts';
import { Parametrization } from './parametrization.ts';
import type { OwnNetworkSpec, PinnSpec } from './spec.ts';

/** Factor on the initial last layer of a product network's factors, whose outputs are then of size 1, and so are products. */
const FACTOR_SIZE = 3;
/** Terms of a product network without a `rank`. */
const DEFAULT_RANK = 32;

/** What the network of several unknowns and that of a single one have in common. */
export type NetworkOptions = Omit<OwnNetworkSpec, 'coordinates'>;

/** A network that the engine knows: the whole of one, or one factor of a product network. */
export interface Member {
  /** What the names of its matrices begin with. */
  readonly prefix: string;
  /** Numbers of the coordinates that it reads, ascending. */
  readonly axes: readonly number[];
  readonly options: NetworkOptions;
  /** What the first layer reads in place of the coordinates. */
  readonly embedding: Embedding | undefined;
  /** Widths, input first: coordinates or an embedding's features; outputs last. */
  readonly sizes: readonly number[];
  /** How its part of θ gives its weights. */
  readonly parametrization: Parametrization;
}

/** One of the networks that the unknowns come from. */
export interface Network extends NetworkScope {
  /** The unknown that it belongs to alone; empty for the one that all others share. */
  readonly name: string;
  readonly type: PinnSpec['network']['type'];
  readonly options: NetworkOptions;
  /** Itself; of a product network the factors, whose outputs are `rank` for each unknown in turn. */
  readonly members: readonly Member[];
  /** Terms of the sum that a product network is; null for one that is none. */
  readonly rank: number | null;
}

/** A member with a range of a vector that holds all of them one after the other. */
interface Placed {
  readonly member: Member;
  /** Its parameters in θ. */
  readonly parameters: readonly [from: number, to: number];
  /** Its weights among those of all. */
  readonly weights: readonly [from: number, to: number];
}

/**
 * The networks of a problem: the one that unknowns share, then those that unknowns have of their own. θ, without unknown
 * scalars, and the vector of all weights hold one member after the other.
 */
export class Networks {
  readonly all: readonly Network[];
  /** Those of all networks. */
  readonly members: readonly Member[];
  /** Of θ. */
  readonly layout: ParameterLayout;
  /** Number of all weights. */
  readonly weightCount: number;
  /** Number of scale parameters of all networks. */
  readonly scaleCount: number;
  readonly #placed: readonly Placed[];

  constructor(all: readonly Network[]) {
    let parameters = 0;
    let weights = 0;
    this.all = all;
    this.members = all.flatMap(({ members }) => members);
    this.#placed = this.members.map((member) => {
      const { layout, network: own } = member.parametrization;
      return {
        member,
        parameters: [parameters, (parameters += layout.size)],
        weights: [weights, (weights += own.size)],
      };
    });
    this.weightCount = weights;
    this.scaleCount = parameters - weights;
    this.layout = new ParameterLayout(this.members.flatMap(({ parametrization }) => parametrization.layout.blocks));
  }

  /** The part of θ that belongs to a member: a view. */
  parametersOf(theta: Float64Array, member: Member): Float64Array {
    return theta.subarray(...this.#placed.find((one) => one.member === member)!.parameters);
  }

  /** The part of all weights that belongs to a member: a view. */
  weightsOf(weights: Float64Array, member: Member): Float64Array {
    return weights.subarray(...this.#placed.find((one) => one.member === member)!.weights);
  }

  /** The weights of all networks at θ; θ itself without scales. */
  weights(theta: Float64Array): Float64Array {
    if (this.scaleCount === 0) return theta;
    const all = new Float64Array(this.weightCount);
    for (const { member, parameters, weights } of this.#placed)
      all.set(member.parametrization.weights(theta.subarray(...parameters)), weights[0]);
    return all;
  }

  /** The scale parameters in θ, member by member. */
  scales(theta: Float64Array): Float64Array {
    return Float64Array.from(
      this.#placed.flatMap(({ member, parameters }) => [
        ...member.parametrization.scales(theta.subarray(...parameters)),
      ]),
    );
  }

  /** θ with these scale parameters at which the networks have these weights. Throws like `Parametrization.parameters`. */
  parameters(weights: Float64Array, scales: Float64Array): Float64Array {
    const theta = new Float64Array(this.layout.size);
    let from = 0;
    for (const { member, parameters, weights: range } of this.#placed) {
      const { parametrization } = member;
      const own = scales.subarray(from, (from += parametrization.scaleCount));
      theta.set(parametrization.parameters(weights.subarray(...range), own), parameters[0]);
    }
    return theta;
  }

  /** θ at the start of a training; a pure function of the seed, different for every member. */
  initial(seed: number): Float64Array {
    const theta = new Float64Array(this.layout.size);
    for (const [place, { member, parameters }] of this.#placed.entries())
      theta.set(member.parametrization.initial(member.options, seed, place), parameters[0]);
    for (const { rank, members } of this.all) {
      if (rank === null) continue;
      for (const member of members) {
        const { layout } = member.parametrization;
        const head = layout.view(this.parametersOf(theta, member), layout.blocks.at(-1)!);
        for (let k = 0; k < head.length; k++) head[k] = FACTOR_SIZE * head[k]!;
      }
    }
    return theta;
  }

  /** Bytes of working memory that scales need beside that of the networks. */
  bytes(batches: readonly BatchSize[]): number {
    return this.members.reduce(
      (sum, { parametrization }, k) =>
        sum + parametrization.bytes(batches.map(({ points, channels }) => ({ points, channels: channels[k]! }))),
      0,
    );
  }
}

/** The networks of a specification over a box, in the order of their scopes. */
export function networksOf(
  spec: Pick<PinnSpec, 'network' | 'networks' | 'unknowns' | 'seed'>,
  scopes: readonly NetworkScope[],
  box: Box,
): Networks {
  const memberOf = (
    prefix: string,
    axes: readonly number[],
    options: NetworkOptions,
    outputs: number,
    place: number,
  ): Member => {
    const pick = <T>(values: readonly T[]): T[] => axes.map((axis) => values[axis]!);
    const own = { names: pick(box.names), lower: pick(box.lower), upper: pick(box.upper) };
    const embedding = options.embedding && embeddingOf(options.embedding, own, spec.seed, place);
    const sizes = [embedding ? featuresOf(embedding) : axes.length, ...options.hidden, outputs];
    return { prefix, axes, options, embedding, sizes, parametrization: new Parametrization(sizes, options, prefix) };
  };
  return new Networks(
    scopes.map(({ unknowns, axes }, place): Network => {
      const name = place === 0 ? '' : spec.unknowns[unknowns[0]!]!;
      if (place > 0) {
        const options = spec.networks![name]!;
        const members = [memberOf(`${name}/`, axes, options, unknowns.length, place)];
        return { name, type: options.type, unknowns, axes, options, members, rank: null };
      }
      const { type, rank = DEFAULT_RANK } = spec.network;
      if (!isProduct(type)) {
        const options = { ...spec.network, type };
        return {
          name,
          type,
          unknowns,
          axes,
          options,
          members: [memberOf('', axes, options, unknowns.length, 0)],
          rank: null,
        };
      }
      const options = { ...spec.network, type: 'mlp' as const };
      const members = factorGroups(spec.network, box.names).map((group) =>
        memberOf(`${group.name}:`, group.axes, options, rank * unknowns.length, place),
      );
      return { name, type, unknowns, axes, options, members, rank };
    }),
  );
}

/** Is a network of this type a sum of products of others? */
export function isProduct(type: PinnSpec['network']['type']): type is 'separable' | 'deeponet' {
  return type === 'separable' || type === 'deeponet';
}

/** The groups of coordinates of a product network's factors: one each, or trunk and branch. */
function factorGroups(
  { type, branch = [] }: PinnSpec['network'],
  coordinates: readonly string[],
): { name: string; axes: number[] }[] {
  if (type === 'separable') return coordinates.map((name, axis) => ({ name, axes: [axis] }));
  const axesWhere = (isBranch: boolean): number[] =>
    coordinates.flatMap((name, axis) => (branch.includes(name) === isBranch ? [axis] : []));
  return [
    { name: 'trunk', axes: axesWhere(false) },
    { name: 'branch', axes: axesWhere(true) },
  ];
}

/** The scopes of the networks: of the one that unknowns share, then of each that an unknown has of its own. */
export function networkScopes(
  { unknowns, networks = {} }: Pick<PinnSpec, 'unknowns' | 'networks'>,
  coordinates: readonly string[],
): NetworkScope[] {
  const isOwn = (name: string): boolean => Object.hasOwn(networks, name);
  const numbers = [...unknowns.keys()];
  const axesOf = (names: readonly string[] | undefined): number[] =>
    coordinates.flatMap((name, axis) => (names && !names.includes(name) ? [] : [axis]));
  return [
    { unknowns: numbers.filter((k) => !isOwn(unknowns[k]!)), axes: axesOf(undefined) },
    ...numbers
      .filter((k) => isOwn(unknowns[k]!))
      .map((k) => ({ unknowns: [k], axes: axesOf(networks[unknowns[k]!]!.coordinates) })),
  ];
}
