import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { allFinite } from '../vector.ts';
import { succeeds } from './succeeds.ts';

/** The two factors of one side of a sum of Kronecker products, scaled and damped: positive definite, of one size. */
export interface DampedPair {
  readonly x: Matrix;
  readonly y: Matrix;
}

/** One side of the sum diagonalised: X·K = (X+Y)·K·diag(p), Kᵀ(X+Y)K = I, p clipped to [0, 1]. */
export class GeneralizedSide {
  /** K of the last `install`. */
  readonly basis: Matrix;
  /** p of the last `install`. */
  readonly ratios: Float64Array;
  /** p of the last `prepare`. */
  readonly staged: Float64Array;
  readonly #engine: Engine;
  readonly #sum: Matrix;
  readonly #vectors: Matrix;

  constructor(engine: Engine, size: number) {
    this.#engine = engine;
    this.basis = matrix(size, size);
    this.ratios = new Float64Array(size).fill(1);
    this.staged = new Float64Array(size);
    this.#sum = matrix(size, size);
    this.#vectors = matrix(size, size);
  }

  /** False, and nothing to install, if X + Y is not positive definite or the iteration does not converge. */
  prepare({ x, y }: DampedPair): boolean {
    for (let i = 0; i < x.data.length; i++) this.#sum.data[i] = x.data[i]! + y.data[i]!;
    const solved = succeeds(() => this.#engine.linalg.eigenGeneralized(x, this.#sum, this.staged, this.#vectors));
    if (!solved || !allFinite(this.staged) || !allFinite(this.#vectors.data)) return false;
    for (let i = 0; i < this.staged.length; i++) this.staged[i] = Math.min(1, Math.max(0, this.staged[i]!));
    return true;
  }

  install(): void {
    this.basis.data.set(this.#vectors.data);
    this.ratios.set(this.staged);
  }

  /** K = √scale·I, p = 1. */
  identity(scale: number): void {
    const n = this.ratios.length;
    this.basis.data.fill(0);
    for (let i = 0; i < n; i++) this.basis.data[i * n + i] = Math.sqrt(scale);
    this.ratios.fill(1);
  }
}
