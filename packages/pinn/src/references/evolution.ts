import { KfacError } from '@kfac/core';
import type { ExactSolution } from '../exact.ts';
import { stencilWeights } from './finite-differences.ts';
import { type SpectralEquation, integrate } from './spectral.ts';

/** Nodes of the interpolation along t and x. */
const TIME_NODES = 8;
const SPACE_NODES = 12;
const MAX_ORDER = 4;

/** How an equation is integrated from t = 0 to 1: Fourier modes, steps, and time levels that are kept. */
export interface Resolution {
  readonly modes: number;
  readonly steps: number;
  readonly snapshots: number;
}

/** Solution of an evolution equation on t ∈ [0, 1], integrated once when it is first asked for: [times × points]. */
export class Evolution {
  readonly equation: SpectralEquation;
  readonly resolution: Resolution;
  #values: Float64Array | null = null;

  constructor(equation: SpectralEquation, resolution: Resolution) {
    this.equation = equation;
    this.resolution = resolution;
  }

  get values(): Float64Array {
    const { modes, steps, snapshots } = this.resolution;
    this.#values ??= integrate(this.equation, 1, modes, steps, snapshots);
    return this.#values;
  }

  /** ∂_t^timeOrder ∂_x^spaceOrder u by polynomials of degree 7 in t and 11 in x through the nearest values. */
  at(t: number, x: number, timeOrder: number, spaceOrder: number): number {
    const { lower, upper } = this.equation;
    const { modes, snapshots } = this.resolution;
    const row = locate(t * snapshots, snapshots, TIME_NODES);
    const column = locate(((x - lower) / (upper - lower)) * modes, modes, SPACE_NODES);
    const along = stencilWeights(row.offset, TIME_NODES, timeOrder);
    const across = stencilWeights(column.offset, SPACE_NODES, spaceOrder);
    const { values } = this;
    let sum = 0;
    for (let i = 0; i < TIME_NODES; i++) {
      const start = (row.first + i) * (modes + 1) + column.first;
      let inner = 0;
      for (let j = 0; j < SPACE_NODES; j++) inner += across[j]! * values[start + j]!;
      sum += along[i]! * inner;
    }
    return sum * snapshots ** timeOrder * (modes / (upper - lower)) ** spaceOrder;
  }
}

/** The first of `nodes` neighbours of a place on the grid 0 … last, and the place seen from it. */
function locate(place: number, last: number, nodes: number): { first: number; offset: number } {
  const first = Math.min(Math.max(Math.floor(place) - nodes / 2 + 1, 0), last - nodes + 1);
  return { first, offset: place - first };
}

/** An evolution as an exact solution; `time` and `space` are the axes of t and x. */
export class EvolutionReference implements ExactSolution {
  readonly #evolution: Evolution;
  readonly #time: number;
  readonly #space: number;

  constructor(evolution: Evolution, time: number, space: number) {
    this.#evolution = evolution;
    this.#time = time;
    this.#space = space;
  }

  values(_engine: unknown, coordinates: { readonly cols: number; readonly data: ArrayLike<number> }): Float64Array {
    const { cols, data } = coordinates;
    return Float64Array.from({ length: cols }, (_, n) =>
      this.#evolution.at(data[this.#time * cols + n]!, data[this.#space * cols + n]!, 0, 0),
    );
  }

  derivative(point: readonly number[], orders: readonly number[]): number {
    if (orders.some((order) => order > MAX_ORDER))
      throw new KfacError('KFAC_SPEC', `the reference has derivatives up to order ${MAX_ORDER} in a coordinate`);
    return this.#evolution.at(point[this.#time]!, point[this.#space]!, orders[this.#time]!, orders[this.#space]!);
  }
}

/**
 * u_t = 1e-4·u_xx + 5(u − u³), u(0, x) = x² cos πx, 2-periodic. 4096 modes since the periodic datum has a kink at
 * x = ±1; 500 steps differ from 4000 by 3e-10.
 */
export const allenCahn = new Evolution(
  {
    lower: -1,
    upper: 1,
    initial: (x) => x * x * Math.cos(Math.PI * x),
    linear: (k) => [5 - 1e-4 * k * k, 0],
    factor: () => [1, 0],
    nonlinear: (u) => -5 * u * u * u,
  },
  { modes: 4096, steps: 500, snapshots: 500 },
);

/**
 * u_t + u·u_x + 0.022²·u_xxx = 0, u(0, x) = cos πx, 2-periodic (Zabusky and Kruskal 1965). 10 000 steps: 2e-10 at
 * the nodes, for which 512 modes would do; the third derivative between them needs 1024.
 */
export const kortewegDeVries = new Evolution(
  {
    lower: -1,
    upper: 1,
    initial: (x) => Math.cos(Math.PI * x),
    linear: (k) => [0, 0.022 ** 2 * k ** 3],
    factor: (k) => [0, -k / 2],
    nonlinear: (u) => u * u,
  },
  { modes: 1024, steps: 10_000, snapshots: 1000 },
);
