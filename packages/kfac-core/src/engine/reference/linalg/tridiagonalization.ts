import type { Matrix, Op, Tridiagonalization } from '../../engine.ts';
import { dot } from '../../../vector.ts';
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

  solveShifted(lambda: number, b: Float64Array, y: Float64Array, sums: Float64Array): void {
    const n = this.size;
    const pivots = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const e = i > 0 ? this.offDiagonal[i - 1]! : 0;
      pivots[i] = this.diagonal[i]! + lambda - (i > 0 ? (e * e) / pivots[i - 1]! : 0);
      if (!(pivots[i]! > 0)) return sums.set([Infinity, Infinity, Number.NaN]);
    }
    const z = new Float64Array(n);
    this.#solveFactored(pivots, b, y);
    this.#solveFactored(pivots, y, z);
    sums.set([dot(y, y), dot(y, z), dot(b, y)]);
  }

  /** x ← (L·D·Lᵀ)⁻¹·b, D the pivots. */
  #solveFactored(d: Float64Array, b: Float64Array, x: Float64Array): void {
    const n = this.size;
    const e = this.offDiagonal;
    for (let i = 0; i < n; i++) x[i] = b[i]! - (i > 0 ? (e[i - 1]! / d[i - 1]!) * x[i - 1]! : 0);
    for (let i = n - 1; i >= 0; i--) x[i] = x[i]! / d[i]! - (i < n - 1 ? (e[i]! / d[i]!) * x[i + 1]! : 0);
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
