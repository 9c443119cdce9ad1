import {
  type Embedding,
  type Engine,
  type JetShape,
  type Matrix,
  ParameterLayout,
  layerOutputs,
  matrix,
  matrixOver,
} from '@kfac/core';
import { embeddingOf, featuresOf } from './embedding.ts';
import type { JetPlan } from './equation/plan.ts';
import type { NetworkScope } from './equation/symbols.ts';
import type { Box } from './geometry/box.ts';
import type { BatchSize } from './memory.ts';
import { Parametrization } from './parametrization.ts';
import type { OwnNetworkSpec, PinnSpec } from './spec.ts';

/** What the network of several unknowns and that of a single one have in common. */
export type NetworkOptions = Omit<OwnNetworkSpec, 'coordinates'>;

/** One of the networks that the unknowns come from. */
export interface Network extends NetworkScope {
  /** The unknown that it belongs to alone; empty for the one that all others share. */
  readonly name: string;
  readonly options: NetworkOptions;
  /** What the first layer reads in place of the coordinates. */
  readonly embedding: Embedding | undefined;
  /** Widths, input first: coordinates or an embedding's features; one output for each of its unknowns. */
  readonly sizes: readonly number[];
  /** How its part of θ gives its weights. */
  readonly parametrization: Parametrization;
}

/** A network with a range of a vector that holds all networks one after the other. */
interface Placed {
  readonly network: Network;
  /** Its parameters in θ. */
  readonly parameters: readonly [from: number, to: number];
  /** Its weights among those of all. */
  readonly weights: readonly [from: number, to: number];
}

/**
 * The networks of a problem: the one that unknowns share, then those that unknowns have of their own. θ, without unknown
 * scalars, and the vector of all weights hold one network after the other.
 */
export class Networks {
  readonly all: readonly Network[];
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
    this.#placed = all.map((network) => {
      const { layout, network: own } = network.parametrization;
      return {
        network,
        parameters: [parameters, (parameters += layout.size)],
        weights: [weights, (weights += own.size)],
      };
    });
    this.weightCount = weights;
    this.scaleCount = parameters - weights;
    this.layout = new ParameterLayout(all.flatMap(({ parametrization }) => parametrization.layout.blocks));
  }

  /** The part of θ that belongs to a network: a view. */
  parametersOf(theta: Float64Array, network: Network): Float64Array {
    return theta.subarray(...this.#placed.find((one) => one.network === network)!.parameters);
  }

  /** The part of all weights that belongs to a network: a view. */
  weightsOf(weights: Float64Array, network: Network): Float64Array {
    return weights.subarray(...this.#placed.find((one) => one.network === network)!.weights);
  }

  /** The weights of all networks at θ; θ itself without scales. */
  weights(theta: Float64Array): Float64Array {
    if (this.scaleCount === 0) return theta;
    const all = new Float64Array(this.weightCount);
    for (const { network, parameters, weights } of this.#placed)
      all.set(network.parametrization.weights(theta.subarray(...parameters)), weights[0]);
    return all;
  }

  /** The scale parameters in θ, network by network. */
  scales(theta: Float64Array): Float64Array {
    return Float64Array.from(
      this.#placed.flatMap(({ network, parameters }) => [
        ...network.parametrization.scales(theta.subarray(...parameters)),
      ]),
    );
  }

  /** θ with these scale parameters at which the networks have these weights. Throws like `Parametrization.parameters`. */
  parameters(weights: Float64Array, scales: Float64Array): Float64Array {
    const theta = new Float64Array(this.layout.size);
    let from = 0;
    for (const { network, parameters, weights: range } of this.#placed) {
      const { parametrization } = network;
      const own = scales.subarray(from, (from += parametrization.scaleCount));
      theta.set(parametrization.parameters(weights.subarray(...range), own), parameters[0]);
    }
    return theta;
  }

  /** θ at the start of a training; a pure function of the seed, different for every network. */
  initial(seed: number): Float64Array {
    const theta = new Float64Array(this.layout.size);
    for (const [place, { network, parameters }] of this.#placed.entries())
      theta.set(network.parametrization.initial(network.options, seed, place), parameters[0]);
    return theta;
  }

  /** Bytes of working memory that scales need beside that of the networks. */
  bytes(batches: readonly BatchSize[]): number {
    return this.all.reduce(
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
  return new Networks(
    scopes.map(({ unknowns, axes }, place) => {
      const name = place === 0 ? '' : spec.unknowns[unknowns[0]!]!;
      const options: NetworkOptions = place === 0 ? spec.network : spec.networks![name]!;
      const pick = <T>(values: readonly T[]): T[] => axes.map((axis) => values[axis]!);
      const own = { names: pick(box.names), lower: pick(box.lower), upper: pick(box.upper) };
      const embedding = options.embedding && embeddingOf(options.embedding, own, spec.seed, place);
      const sizes = [embedding ? featuresOf(embedding) : axes.length, ...options.hidden, unknowns.length];
      const prefix = name === '' ? '' : `${name}/`;
      return {
        name,
        unknowns,
        axes,
        options,
        embedding,
        sizes,
        parametrization: new Parametrization(sizes, options, prefix),
      };
    }),
  );
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

/** The shape of a network's jets for a plan, in the precision of the specification. */
export function jetShape(
  { options, sizes, embedding }: Network,
  plan: Pick<JetPlan, 'directions' | 'second' | 'higher'>,
  dtype: PinnSpec['precision'],
): JetShape {
  return {
    sizes,
    gated: options.type === 'gated',
    embedding,
    activation: options.activation,
    directions: plan.directions,
    second: plan.second,
    higher: plan.higher,
    dtype,
  };
}

/** One network's part of columns [d + Σ m·S + F × N]. */
export interface NetworkColumns {
  readonly network: Network;
  readonly shape: JetShape;
  /** The first row of its channels. */
  readonly from: number;
  /** m·S. */
  readonly rows: number;
}

/** Where the networks' channels lie in the columns of d coordinates, for a plan each; null: the network has no channels. */
export function networkColumns(
  { networks, spec }: { readonly networks: Networks; readonly spec: Pick<PinnSpec, 'precision' | 'domain'> },
  plans: readonly (JetPlan | null)[],
): NetworkColumns[] {
  let from = Object.keys(spec.domain).length;
  return networks.all.flatMap((network, k) => {
    const plan = plans[k];
    if (!plan) return [];
    const rows = network.unknowns.length * plan.channels;
    return [{ network, shape: jetShape(network, plan, spec.precision), from: (from += rows) - rows, rows }];
  });
}

/** The columns that a network's jets read and write, and how they get from and to those of all networks. */
export interface JetColumns {
  /** Its coordinates, then its channels. */
  readonly columns: Matrix;
  /** Copies the coordinates in. */
  take(): void;
  /** Copies the channels out. */
  give(): void;
}

/** A network's own columns: a view where its rows come right after all coordinates and it reads them all, else a copy. */
export function jetColumns({ network, from, rows }: NetworkColumns, all: Matrix): JetColumns {
  const { axes } = network;
  const { cols, data } = all;
  const d = axes.length;
  if (d === from) {
    const columns = matrixOver(from + rows, cols, data.subarray(0, (from + rows) * cols));
    return { columns, take() {}, give() {} };
  }
  const columns = matrix(d + rows, cols);
  return {
    columns,
    take() {
      for (const [k, axis] of axes.entries()) columns.data.set(data.subarray(axis * cols, (axis + 1) * cols), k * cols);
    },
    give() {
      data.set(columns.data.subarray(d * cols), from * cols);
    },
  };
}

/** Forward passes through networks with all weights given, without capture. */
export function forwardAll(
  networks: Networks,
  engine: Engine,
  parts: readonly NetworkColumns[],
  weights: Float64Array,
  columns: Matrix,
): void {
  for (const part of parts) {
    const own = jetColumns(part, columns);
    own.take();
    engine.jets.forward(part.shape, networks.weightsOf(weights, part.network), own.columns, null);
    own.give();
  }
}

/** Entries that a captured pass keeps of each channel of each point: inputs, pre-activations, gradients; outputs and seeds. */
export function entriesPerRow({ sizes, options, axes, name }: Network): number {
  const outputs = layerOutputs({ sizes, gated: options.type === 'gated' });
  const layers = outputs.reduce((sum, width, l) => sum + sizes[l]! + 1 + 2 * width, 0);
  const own = name === '' ? 0 : axes.length + outputs.at(-1)!;
  return layers + outputs.at(-1)! + own;
}
