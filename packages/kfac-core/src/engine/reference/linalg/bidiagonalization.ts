import type { Bidiagonalization, Matrix, Op } from '../../engine.ts';
import { dot } from '../../../vector.ts';
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

  solveDamped(lambda: number, right: Float64Array, y: Float64Array, sums: Float64Array): void {
    const n = this.size;
    const { diagonal: b, superDiagonal: e } = this;
    // Row i of [B; √λ·I] rotated into an upper bidiagonal matrix; `low` is what the rotation before left below.
    const [diagonal, upper, rotated] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
    let low = Math.sqrt(lambda);
    let lowRight = 0;
    for (let i = 0; i < n; i++) {
      const rho = Math.sqrt(b[i]! * b[i]! + low * low);
      const c = rho === 0 ? 1 : b[i]! / rho;
      const s = rho === 0 ? 0 : low / rho;
      diagonal[i] = rho;
      rotated[i] = c * right[i]! + s * lowRight;
      lowRight = -s * right[i]! + c * lowRight;
      if (i === n - 1) break;
      upper[i] = c * e[i]!;
      const fill = -s * e[i]!;
      low = Math.sqrt(lambda + fill * fill);
      lowRight = low === 0 ? 0 : (fill / low) * lowRight;
    }
    const v = new Float64Array(n);
    for (let i = n - 1; i >= 0; i--) y[i] = (rotated[i]! - (i < n - 1 ? upper[i]! * y[i + 1]! : 0)) / diagonal[i]!;
    for (let i = 0; i < n; i++) v[i] = (y[i]! - (i > 0 ? upper[i - 1]! * v[i - 1]! : 0)) / diagonal[i]!;
    let projected = 0;
    for (let i = 0; i < n; i++) projected += (b[i]! * y[i]! + (i < n - 1 ? e[i]! * y[i + 1]! : 0)) * right[i]!;
    const squared = dot(y, y);
    sums.set(Number.isFinite(squared) ? [squared, dot(v, v), projected] : [Infinity, Infinity, projected]);
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
