import { succeeds } from '../curvature/succeeds.ts';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import type { PhiloxStream } from '../random.ts';
import { norm } from '../vector.ts';

/** Shifts that are tried until the core of the sketch is positive definite. */
const SHIFTS = 4;

/**
 * Randomised Nyström preconditioner of H + μI, H positive semi-definite (Frangella, Tropp & Udell 2023): with an
 * orthonormal Ω [n × k] H ≈ (HΩ)(ΩᵀHΩ)⁻¹(HΩ)ᵀ = UΛUᵀ, formed by a stable shift ν; M⁻¹ = (Λ_k + μ)·U(Λ + μI)⁻¹Uᵀ + I − UUᵀ.
 * k products with H. If H cannot be sketched, as where it is zero, M is the identity.
 */
export class NystromPreconditioner {
  /** U, [n × k]. */
  readonly vectors: Matrix;
  /** Λ [k], descending. */
  readonly values: Float64Array;
  readonly #engine: Engine;
  readonly #test: Matrix;
  readonly #sketch: Matrix;
  readonly #transposed: Matrix;
  readonly #core: Matrix;
  readonly #factor: Matrix;
  readonly #v: Float64Array;
  readonly #product: Float64Array;
  readonly #coefficients: Matrix;

  /** `size`: n; `rank`: k ≤ n. */
  constructor(engine: Engine, size: number, rank: number) {
    this.#engine = engine;
    this.vectors = matrix(size, rank);
    this.values = new Float64Array(rank);
    this.#test = matrix(size, rank);
    this.#sketch = matrix(size, rank);
    this.#transposed = matrix(rank, size);
    this.#core = matrix(rank, rank);
    this.#factor = matrix(rank, rank);
    this.#v = new Float64Array(size);
    this.#product = new Float64Array(size);
    this.#coefficients = matrix(rank, 1);
  }

  /** A new sketch of H, out ← H·v, from n·k random numbers. */
  update(apply: (v: Float64Array, out: Float64Array) => void, stream: PhiloxStream): void {
    const { linalg } = this.#engine;
    const { rows: n, cols: k } = this.#test;
    for (let i = 0; i < n * k; i++) this.#sketch.data[i] = stream.normal();
    linalg.qr(this.#sketch, this.#test, this.#core);
    for (let j = 0; j < k; j++) {
      for (let i = 0; i < n; i++) this.#v[i] = this.#test.data[i * k + j]!;
      apply(this.#v, this.#product);
      for (let i = 0; i < n; i++) this.#sketch.data[i * k + j] = this.#product[i]!;
    }
    linalg.gemm(1, this.#test, 't', this.#sketch, 'n', 0, this.#core);
    const shift = this.#factorise();
    if (shift === null) {
      this.vectors.data.fill(0);
      this.values.fill(0);
      return;
    }
    // Bᵀ = C⁻¹(HΩ + νΩ)ᵀ, B = U·diag(σ)·Vᵀ, Λ = σ² − ν.
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < k; j++)
        this.#transposed.data[j * n + i] = this.#sketch.data[i * k + j]! + shift * this.#test.data[i * k + j]!;
    }
    linalg.triangularSolve(this.#factor, 'lower', 'n', this.#transposed);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < k; j++) this.#sketch.data[i * k + j] = this.#transposed.data[j * n + i]!;
    }
    linalg.svd(this.#sketch, this.vectors, this.values, this.#core);
    for (let j = 0; j < k; j++) this.values[j] = Math.max(this.values[j]! ** 2 - shift, 0);
  }

  /** C·Cᵀ = ΩᵀHΩ + νI; ν is the rounding of the sketch, raised by −λ_min where that is not enough. Null if none will do. */
  #factorise(): number | null {
    const k = this.#core.rows;
    let shift = Number.EPSILON * norm(this.#sketch.data as Float64Array);
    for (let attempt = 0; attempt < SHIFTS; attempt++) {
      for (let i = 0; i < k; i++) {
        for (let j = 0; j < k; j++) {
          const mean = 0.5 * (this.#core.data[i * k + j]! + this.#core.data[j * k + i]!);
          this.#factor.data[i * k + j] = mean + (i === j ? shift : 0);
        }
      }
      if (shift > 0 && succeeds(() => this.#engine.linalg.cholesky(this.#factor))) return shift;
      const values = new Float64Array(k);
      if (!succeeds(() => this.#engine.linalg.eigenSymmetric(this.#core, values, this.#factor))) return null;
      shift = 2 * shift + Math.abs(Math.min(0, values[0]!));
    }
    return null;
  }

  /** out ← M⁻¹·v for the damping μ > 0. */
  solve(mu: number, v: Float64Array, out: Float64Array): void {
    const { linalg } = this.#engine;
    const { rows: n, cols: k } = this.vectors;
    linalg.gemm(1, this.vectors, 't', matrixOver(n, 1, v), 'n', 0, this.#coefficients);
    const last = this.values[k - 1]! + mu;
    for (let j = 0; j < k; j++) this.#coefficients.data[j]! *= last / (this.values[j]! + mu) - 1;
    out.set(v);
    linalg.gemm(1, this.vectors, 'n', this.#coefficients, 'n', 1, matrixOver(n, 1, out));
  }
}
