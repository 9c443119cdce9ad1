import { type Engine, type JetShape, type Matrix, layerOutputs, matrix, matrixOver, residualBlocks } from '@kfac/core';
import type { JetPlan } from './equation/plan.ts';
import { gatesOf } from './network.ts';
import type { Member, Network, Networks } from './networks.ts';
import { ProductJets } from './product-jets.ts';
import type { PinnSpec } from './spec.ts';

/** The shape of a network's jets for a plan, in the precision of the specification. */
export function jetShape(
  { options, sizes, embedding }: Pick<Member, 'options' | 'sizes' | 'embedding'>,
  plan: Pick<JetPlan, 'directions' | 'second' | 'higher'>,
  dtype: PinnSpec['precision'],
): JetShape {
  return {
    sizes,
    ...gatesOf(options.type),
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
  readonly plan: JetPlan;
  readonly dtype: PinnSpec['precision'];
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
    return [{ network, plan, dtype: spec.precision, from: (from += rows) - rows, rows }];
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

/** As the first row of channels: columns of a network that nothing is given back from. */
export const NOWHERE = -1;

/** A network's own columns: a view where its rows come right after all coordinates and it reads them all, else a copy. */
export function jetColumns(axes: readonly number[], from: number, rows: number, all: Matrix): JetColumns {
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
  for (const { network, plan, dtype, from, rows } of parts) {
    const run = (member: Member, shape: JetShape, own: Matrix): void =>
      engine.jets.forward(shape, networks.weightsOf(weights, member), own, null);
    if (network.rank === null) {
      const [member] = network.members as [Member];
      const own = jetColumns(network.axes, from, rows, columns);
      own.take();
      run(member, jetShape(member, plan, dtype), own.columns);
      own.give();
      continue;
    }
    const product = new ProductJets(network, network.rank, plan);
    const factors = product.factors.map(({ member, plan: ofFactor, rows: count }) => {
      const own = jetColumns(member.axes, NOWHERE, count, columns);
      own.take();
      run(member, jetShape(member, ofFactor, dtype), own.columns);
      return own.columns;
    });
    product.multiply(factors, columns, from);
  }
}

/** Channels of every member of a network for a plan; 0 where the network does not occur. */
export function channelsOf(network: Network, plan: JetPlan | null): number[] {
  if (!plan) return network.members.map(() => 0);
  if (network.rank === null) return [plan.channels];
  return new ProductJets(network, network.rank, plan).factors.map((factor) => factor.plan.channels);
}

/** Entries that a captured pass keeps of each channel of each point: inputs, pre-activations, gradients; outputs and seeds. */
export function entriesPerRow({ sizes, options }: Member): number {
  const outputs = layerOutputs({ sizes, ...gatesOf(options.type) });
  const layers = outputs.reduce((sum, width, l) => sum + sizes[l]! + 1 + 2 * width, 0);
  return layers + 3 * outputs.at(-1)!;
}

/** Entries that it keeps of each point: its coordinates, and the derivatives by the η of residual blocks, in the tape and in their pair. */
export function entriesPerPoint({ sizes, options, axes }: Member): number {
  return axes.length + 2 * residualBlocks({ sizes, ...gatesOf(options.type) });
}
