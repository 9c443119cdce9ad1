import type { Matrix, Op, Tridiagonalization } from '../../engine.ts';
import { applyReflector, makeReflector, type Strided } from './householder.ts';

/**
 * A = Q·T·Qᵀ by n − 2 Householder reflectors (Golub & Van Loan, §8.3), Q = H₀·H₁ ⋯; reads the lower triangle.
 * The reflector of column k stays below its sub-diagonal.
 */
export class ReferenceTridiagonalization implements Tridiagonalization {
  readonly size: number;
  readonly diagonal: Float64Array;
  readonly offDiagonal: Float64Array;
  readonly #a: Float64Array;
  readonly #tau: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.diagonal = new Float64Array(size);
    this.offDiagonal = new Float64Array(Math.max(size - 1, 0));
    this.#a = new Float64Array(size * size);
    this.#tau = new Float64Array(Math.max(size - 1, 0));
  }

  /** Column k below the diagonal. */
  #column(k: number): Strided {
    return { data: this.#a, start: (k + 1) * this.size + k, stride: this.size, length: this.size - 1 - k };
  }

  factor({ data }: Matrix): void {
    const n = this.size;
    const a = this.#a;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = data[i * n + j]!;
    }
    for (let k = 0; k < n - 1; k++) {
      const v = this.#column(k);
      const tau = makeReflector(v);
      this.#tau[k] = tau;
      this.offDiagonal[k] = a[v.start]!;
      // Both sides: the rows of the trailing block, then its columns.
      for (let i = k + 1; i < n; i++)
        applyReflector(tau, v, { data: a, start: i * n + k + 1, stride: 1, length: v.length });
      for (let j = k + 1; j < n; j++)
        applyReflector(tau, v, { data: a, start: (k + 1) * n + j, stride: n, length: v.length });
    }
    for (let i = 0; i < n; i++) this.diagonal[i] = a[i * n + i]!;
  }

  apply(op: Op, b: Float64Array): void {
    const steps = this.#tau.length;
    for (let step = 0; step < steps; step++) {
      const k = op === 't' ? step : steps - 1 - step;
      const v = this.#column(k);
      applyReflector(this.#tau[k]!, v, { data: b, start: k + 1, stride: 1, length: v.length });
    }
  }
}
