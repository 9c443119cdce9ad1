import { type Matrix, jetChannels } from '@kfac/core';
import type { JetPlan } from './equation/plan.ts';
import type { Member, Network } from './networks.ts';

/** What a factor carries: raw derivatives along directions in its own coordinates. */
export interface Factor {
  readonly member: Member;
  readonly plan: Pick<JetPlan, 'directions' | 'second' | 'higher' | 'channels'>;
  /** m·rank·S of its columns, below its coordinates. */
  readonly rows: number;
}

/** One direction of the network's plan, up to the order that its channels need; order 0: the value. */
interface Line {
  readonly order: number;
  /** Channels of the network that read it: + weight·(derivative of that order along it). */
  readonly reads: readonly { readonly channel: number; readonly order: number; readonly weight: number }[];
  /** By factor its channels of the derivatives of orders 0, 1, …; the value alone where the direction is none of its own. */
  readonly channels: readonly (readonly number[])[];
}

/** A polynomial of jets: derivatives of orders 0, 1, … as columns [N] each. */
type Jet = readonly Float64Array[];

/**
 * u = rank^{−½}·Σ_r Π_g f_{g,r}, with derivatives of its channels from those of the factors: along each direction v of the plan
 * (v·∇)^k of a product by Leibniz' rule, and the channels are sums of these. Exact to order 4, and so is the adjoint.
 */
export class ProductJets {
  readonly factors: readonly Factor[];
  readonly #unknowns: number;
  readonly #rank: number;
  readonly #channels: number;
  readonly #lines: readonly Line[];

  constructor({ members, axes, unknowns }: Network, rank: number, plan: JetPlan) {
    const d = axes.length;
    this.#unknowns = unknowns.length;
    this.#rank = rank;
    this.#channels = plan.channels;
    const count = plan.directions.length / d;
    const reads: { channel: number; order: number; weight: number }[][] = Array.from({ length: count }, () => []);
    for (const [k, { order, terms }] of jetChannels(plan, d).entries())
      for (const [r, weight] of terms) reads[r]!.push({ channel: k + 1, order, weight });
    const orders = reads.map((own) => Math.max(0, ...own.map(({ order }) => order)));
    const directions = Array.from({ length: count }, (_, r) => plan.directions.subarray(r * d, (r + 1) * d));
    const carried = members.map((member) => directionsOf(member, directions, orders));
    this.factors = members.map((member, g) => {
      const own = carried[g]!.plan;
      return { member, plan: own, rows: unknowns.length * rank * own.channels };
    });
    this.#lines = [
      { order: 0, reads: [{ channel: 0, order: 0, weight: 1 }], channels: members.map(() => [0]) },
      ...reads.map((own, r) => ({
        order: orders[r]!,
        reads: own,
        channels: carried.map(({ channelsOf }) => channelsOf(r)),
      })),
    ];
  }

  /** Writes the network's channels into `out` from row `from` on, from the columns of the factors. */
  multiply(columns: readonly Matrix[], out: Matrix, from: number): void {
    const { cols: points } = out;
    const data = out.data as Float64Array;
    const all = data.subarray(from * points, (from + this.#unknowns * this.#channels) * points).fill(0);
    this.#forEach(columns, (unknown, { order, reads }, jets) => {
      const product = jets.slice(1).reduce((left, right) => times(left, right, order), jets[0]!);
      for (const { channel, order: k, weight } of reads)
        if (product[k]) addScaled(this.#scale * weight, product[k], this.#row(all, unknown, channel, points));
    });
  }

  /** Fills the factors' `seeds` [m·rank·S × N] from those of the network, [m·S × N], at these columns of the factors. */
  pullBack(columns: readonly Matrix[], seeds: Matrix, factorSeeds: readonly Matrix[]): void {
    const { cols: points } = seeds;
    for (const own of factorSeeds) own.data.fill(0);
    this.#forEach(columns, (unknown, { order, reads, channels }, jets, outputs) => {
      const slopes = Array.from({ length: order + 1 }, () => new Float64Array(points));
      for (const { channel, order: k, weight } of reads)
        addScaled(this.#scale * weight, this.#row(seeds.data as Float64Array, unknown, channel, points), slopes[k]!);
      const before = runningProducts(jets, order);
      const after = runningProducts(jets.toReversed(), order).toReversed();
      for (const [g, own] of channels.entries()) {
        const others = times(before[g]!, after[g]!, order);
        const { data } = factorSeeds[g]!;
        for (const [i, channel] of own.entries()) {
          const row = outputs * this.factors[g]!.plan.channels + channel;
          addAdjoint(slopes, others, i, (data as Float64Array).subarray(row * points, (row + 1) * points));
        }
      }
    });
  }

  /** Visits every unknown, term of its sum (as the number of the factors' output) and direction with the factors' jets. */
  #forEach(
    columns: readonly Matrix[],
    visit: (unknown: number, line: Line, jets: readonly Jet[], output: number) => void,
  ): void {
    for (let output = 0; output < this.#unknowns * this.#rank; output++) {
      for (const line of this.#lines) {
        const jets = columns.map(({ cols, data }, g) => {
          const { member, plan } = this.factors[g]!;
          const first = member.axes.length + output * plan.channels;
          return line.channels[g]!.map((channel) =>
            (data as Float64Array).subarray((first + channel) * cols, (first + channel + 1) * cols),
          );
        });
        visit(Math.floor(output / this.#rank), line, jets, output);
      }
    }
  }

  get #scale(): number {
    return 1 / Math.sqrt(this.#rank);
  }

  #row(data: Float64Array, unknown: number, channel: number, points: number): Float64Array {
    const row = unknown * this.#channels + channel;
    return data.subarray(row * points, (row + 1) * points);
  }
}

/** What a factor carries of some directions, each to its order: all raw derivatives, of equal directions those of the highest. */
function directionsOf({ axes }: Member, directions: readonly Float64Array[], orders: readonly number[]) {
  const restricted = directions.map((direction) => axes.map((axis) => direction[axis]!));
  const keyOf = (r: number): string => restricted[r]!.join();
  const highest = new Map<string, number>();
  for (const [r, own] of restricted.entries()) {
    if (own.every((value) => value === 0)) continue;
    highest.set(keyOf(r), Math.max(orders[r]!, highest.get(keyOf(r)) ?? 0));
  }
  const kept = [...highest].toSorted(([, a], [, b]) => b - a);
  const from = [0, 1, 2, 3, 4].map((order) => kept.filter(([, own]) => own >= order).length);
  const [, firsts, seconds, thirds, fourths] = from as [number, number, number, number, number];
  const identity = (rows: number, cols: number): Float64Array =>
    Float64Array.from({ length: rows * cols }, (_, k) => (Math.floor(k / cols) === k % cols ? 1 : 0));
  const isHigh = thirds > 0;
  const none = new Float64Array(0);
  const plan = {
    directions: Float64Array.from(kept.flatMap(([key]) => key.split(',').map(Number))),
    second: isHigh ? none : identity(seconds, firsts),
    ...(isHigh
      ? { higher: { rawSeconds: seconds, rawThirds: thirds, third: none, fourth: identity(fourths, thirds) } }
      : {}),
    channels: 1 + firsts + seconds + thirds + fourths,
  };
  const begins = [0, 1, 1 + firsts, 1 + firsts + seconds, 1 + firsts + seconds + thirds];
  return {
    plan,
    channelsOf(r: number): number[] {
      const place = kept.findIndex(([key]) => key === keyOf(r));
      if (place < 0) return [0];
      return Array.from({ length: orders[r]! + 1 }, (_, order) => (order === 0 ? 0 : begins[order]! + place));
    },
  };
}

/** Products of all jets before each, the number 1 before the first. */
function runningProducts(jets: readonly Jet[], order: number): Jet[] {
  const products: Jet[] = [];
  let product: Jet = [];
  for (const jet of jets) {
    products.push(product);
    product = times(product, jet, order);
  }
  return products;
}

/** The jet of a product up to an order; the empty jet is 1. */
function times(a: Jet, b: Jet, order: number): Jet {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const length = Math.min(order, a.length + b.length - 2) + 1;
  const product = Array.from({ length }, () => new Float64Array(a[0]!.length));
  for (const [i, left] of a.entries()) {
    for (const [j, right] of b.entries()) {
      if (i + j > order) break;
      const out = product[i + j]!;
      const weight = BINOMIALS[i + j]![i]!;
      for (let n = 0; n < out.length; n++) out[n]! += weight * left[n]! * right[n]!;
    }
  }
  return product;
}

/** out += Σ_k C(k, i)·slope_k·others_{k−i}: the adjoint of `times` for the derivative of order i of one factor. */
function addAdjoint(slopes: Jet, others: Jet, i: number, out: Float64Array): void {
  for (let k = i; k < slopes.length; k++) {
    const weight = BINOMIALS[k]![i]!;
    const slope = slopes[k]!;
    // Of a single factor the others are 1.
    if (others.length === 0 && k === i) addScaled(weight, slope, out);
    const other = others[k - i];
    if (other) for (let n = 0; n < out.length; n++) out[n]! += weight * slope[n]! * other[n]!;
  }
}

function addScaled(alpha: number, x: Float64Array, y: Float64Array): void {
  for (let n = 0; n < y.length; n++) y[n]! += alpha * x[n]!;
}

const BINOMIALS = [[1], [1, 1], [1, 2, 1], [1, 3, 3, 1], [1, 4, 6, 4, 1]];
