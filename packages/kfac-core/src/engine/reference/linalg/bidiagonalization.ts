import type { Bidiagonalization, Matrix, Op } from '../../engine.ts';
import { applyReflector, makeReflector, type Strided } from './householder.ts';

/**
 * R = U·B·Vᵀ by Householder reflectors from the left (columns, on and below the diagonal) and from the right (rows,
 * right of the super-diagonal) in turn (Golub & Van Loan, §5.4.8). They stay where they made their zeros.
 */
export class ReferenceBidiagonalization implements Bidiagonalization {
  readonly size: number;
  readonly diagonal: Float64Array;
  readonly superDiagonal: Float64Array;
  readonly #a: Float64Array;
  readonly #left: Float64Array;
  readonly #right: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.diagonal = new Float64Array(size);
    this.superDiagonal = new Float64Array(Math.max(size - 1, 0));
    this.#a = new Float64Array(size * size);
    this.#left = new Float64Array(size);
    this.#right = new Float64Array(Math.max(size - 1, 0));
  }

  /** Column j from row k down. */
  #column(k: number, j: number): Strided {
    return { data: this.#a, start: k * this.size + j, stride: this.size, length: this.size - k };
  }

  /** Row i from column k + 1 on. */
  #row(k: number, i: number): Strided {
    return { data: this.#a, start: i * this.size + k + 1, stride: 1, length: this.size - 1 - k };
  }

  factor(r: Matrix): void {
    const n = this.size;
    this.#a.set(r.data);
    for (let k = 0; k < n; k++) {
      this.#left[k] = makeReflector(this.#column(k, k));
      for (let j = k + 1; j < n; j++) applyReflector(this.#left[k]!, this.#column(k, k), this.#column(k, j));
      this.diagonal[k] = this.#a[k * n + k]!;
      if (k === n - 1) break;
      this.#right[k] = makeReflector(this.#row(k, k));
      for (let i = k + 1; i < n; i++) applyReflector(this.#right[k]!, this.#row(k, k), this.#row(k, i));
      this.superDiagonal[k] = this.#a[k * n + k + 1]!;
    }
  }

  applyLeft(op: Op, b: Float64Array): void {
    this.#apply(op, b, this.#left, 0);
  }

  applyRight(op: Op, b: Float64Array): void {
    this.#apply(op, b, this.#right, 1);
  }

  #apply(op: Op, data: Float64Array, tau: Float64Array, offset: 0 | 1): void {
    for (let step = 0; step < tau.length; step++) {
      const k = op === 't' ? step : tau.length - 1 - step;
      const v = offset === 0 ? this.#column(k, k) : this.#row(k, k);
      applyReflector(tau[k]!, v, { data, start: k + offset, stride: 1, length: v.length });
    }
  }
}
