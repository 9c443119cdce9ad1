import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { allFinite } from '../vector.ts';
import { addDiagonal, trace } from './damping.ts';
import { succeeds } from './succeeds.ts';

/**
 * The inverse of one damped symmetric factor with the failure policy of the suite: damping × 10 at most three times,
 * then the last good inverse, and if there is none (n/(tr M + δ·n))·I. A non-finite factor goes straight to the last
 * good inverse. Numerical trouble never throws.
 */
export class DampedInverse {
  readonly inverse: Matrix;
  readonly #engine: Engine;
  readonly #factor: Matrix;
  readonly #candidate: Matrix;
  #hasInverse = false;

  constructor(engine: Engine, size: number) {
    this.#engine = engine;
    this.inverse = matrix(size, size);
    this.#factor = matrix(size, size);
    this.#candidate = matrix(size, size);
  }

  /** Computes (M + δ·I)⁻¹ without installing it; false if every attempt failed. */
  prepare(m: Matrix, delta: number): boolean {
    if (!allFinite(m.data) || !Number.isFinite(delta)) return false;
    for (let attempt = 0, damping = delta; attempt < 4; attempt++, damping *= 10) {
      addDiagonal(m, damping, this.#factor);
      if (!succeeds(() => this.#engine.linalg.cholesky(this.#factor))) continue;
      this.#engine.linalg.choleskyInverse(this.#factor, this.#candidate);
      if (allFinite(this.#candidate.data)) return true;
    }
    return false;
  }

  /** Makes the prepared inverse the current one. */
  install(): void {
    this.inverse.data.set(this.#candidate.data);
    this.#hasInverse = true;
  }

  /** Keeps the last good inverse, or makes the scaled identity if there is none. */
  keep(m: Matrix, delta: number): void {
    if (this.#hasInverse) return;
    const n = m.rows;
    const scale = n / (trace(m) + delta * n);
    this.inverse.data.fill(0);
    for (let i = 0; i < n; i++) this.inverse.data[i * n + i] = Number.isFinite(scale) && scale > 0 ? scale : 1;
  }

  /** L with L·Lᵀ the current inverse, lower triangular; a new matrix, made from the inverse alone. */
  inverseFactor(): Matrix {
    const factor = matrix(this.inverse.rows, this.inverse.cols);
    factor.data.set(this.inverse.data);
    this.#engine.linalg.cholesky(factor);
    return factor;
  }

  save(): Float64Array {
    const out = new Float64Array(this.inverse.data.length + 1);
    out.set(this.inverse.data);
    out[out.length - 1] = this.#hasInverse ? 1 : 0;
    return out;
  }

  restore(saved: Float64Array): void {
    this.inverse.data.set(saved.subarray(0, saved.length - 1));
    this.#hasInverse = saved[saved.length - 1] === 1;
  }
}
