import { KfacError } from '../errors.ts';
import type { ParameterLayout } from '../parameters.ts';
import { addScaled, dot } from '../vector.ts';
import type { OptimizerState } from './optimizer.ts';
import { type InverseHessian, QuasiNewton } from './quasi-newton.ts';

/** Settings of `LBfgs`. */
export interface LBfgsOptions {
  /** m ≥ 1: pairs (s, y) that are kept. */
  readonly history: number;
}

/**
 * H of BFGS from the last m pairs and H₀ = (sᵀy/yᵀy)·I of the newest one, applied by the two-loop recursion (Nocedal 1980):
 * 4mP operations, 2mP numbers. Pairs are never kept across new points.
 */
export class LimitedMemoryInverse implements InverseHessian {
  readonly #size: number;
  readonly #history: number;
  /** Oldest first; κ = 1/(yᵀs). */
  readonly #pairs: { s: Float64Array; y: Float64Array; kappa: number }[] = [];
  readonly #weights: Float64Array;

  constructor(size: number, history: number) {
    this.#size = size;
    this.#history = history;
    this.#weights = new Float64Array(history);
  }

  get isIdentity(): boolean {
    return this.#pairs.length === 0;
  }

  direction(g: Float64Array, out: Float64Array): void {
    const pairs = this.#pairs;
    for (let i = 0; i < g.length; i++) out[i] = -g[i]!;
    for (let k = pairs.length - 1; k >= 0; k--) {
      const { s, y, kappa } = pairs[k]!;
      const weight = kappa * dot(s, out);
      this.#weights[k] = weight;
      addScaled(out, -weight, y);
    }
    const newest = pairs.at(-1);
    if (newest) {
      const scale = 1 / (newest.kappa * dot(newest.y, newest.y));
      for (let i = 0; i < out.length; i++) out[i] = scale * out[i]!;
    }
    for (const [k, { s, y, kappa }] of pairs.entries()) addScaled(out, this.#weights[k]! - kappa * dot(y, out), s);
  }

  update(s: Float64Array, y: Float64Array): void {
    const kappa = 1 / dot(y, s);
    if (!Number.isFinite(kappa)) return;
    const old = this.#pairs.length === this.#history ? this.#pairs.shift()! : null;
    const pair = old ?? { s: new Float64Array(this.#size), y: new Float64Array(this.#size), kappa };
    pair.s.set(s);
    pair.y.set(y);
    pair.kappa = kappa;
    this.#pairs.push(pair);
  }

  rebase(): void {
    this.reset();
  }

  reset(): void {
    this.#pairs.length = 0;
  }

  /** All s, then all y, oldest first. */
  save(): OptimizerState {
    const count = this.#pairs.length;
    const pairs = new Float64Array(2 * count * this.#size);
    this.#pairs.forEach(({ s, y }, k) => {
      pairs.set(s, k * this.#size);
      pairs.set(y, (count + k) * this.#size);
    });
    return { pairs };
  }

  restore(state: OptimizerState): void {
    const pairs = state['pairs']!;
    const half = pairs.length / 2;
    this.reset();
    for (let at = 0; at < half; at += this.#size)
      this.update(pairs.subarray(at, at + this.#size), pairs.subarray(half + at, half + at + this.#size));
  }
}

/** L-BFGS with a strong Wolfe line search. */
export class LBfgs extends QuasiNewton {
  constructor(layout: ParameterLayout, { history }: LBfgsOptions) {
    if (!Number.isInteger(history) || history < 1)
      throw new KfacError('KFAC_SPEC', `expected a history of at least 1 pair, a whole number, got ${history}`);
    super('lbfgs', layout, new LimitedMemoryInverse(layout.size, history));
  }
}
