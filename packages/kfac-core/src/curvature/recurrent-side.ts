import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { succeeds } from './succeeds.ts';

/**
 * One side of a recurrent block, inputs or gradients [n], in the coordinates where its damped lag-0 moment is I:
 * Ĉ₀ = C₀ + δ·I, H = Ĉ₀^{−½}, Ψ = H·C₁·H. C₁ is not damped: ‖Ψ‖ ≤ 1 then holds whatever δ ≥ 0.
 */
export class RecurrentSide {
  /** H, symmetric. */
  readonly inverseRoot: Matrix;
  /** H⁻¹, symmetric. */
  readonly root: Matrix;
  readonly psi: Matrix;
  /** log det Ĉ₀. */
  logDeterminant = 0;
  readonly #engine: Engine;
  readonly #values: Float64Array;
  readonly #vectors: Matrix;
  readonly #work: Matrix;

  constructor(engine: Engine, size: number) {
    this.#engine = engine;
    this.inverseRoot = matrix(size, size);
    this.root = matrix(size, size);
    this.psi = matrix(size, size);
    this.#values = new Float64Array(size);
    this.#vectors = matrix(size, size);
    this.#work = matrix(size, size);
  }

  get size(): number {
    return this.#values.length;
  }

  /** From the moments C₀ (symmetric) and C₁ (future × present), both finite; false if Ĉ₀ is singular to round-off. */
  prepare(c0: Matrix, c1: Matrix, delta: number): boolean {
    const values = this.#values;
    if (!succeeds(() => this.#engine.linalg.eigenSymmetric(c0, values, this.#vectors))) return false;
    for (let i = 0; i < values.length; i++) values[i] = Math.max(values[i]!, 0) + delta;
    const roundOff = values.length * Number.EPSILON * values.at(-1)!;
    if (!(values[0]! > roundOff)) return false;
    this.logDeterminant = values.reduce((sum, value) => sum + Math.log(value), 0);
    this.#power(-0.5, this.inverseRoot);
    this.#power(0.5, this.root);
    this.#engine.linalg.gemm(1, this.inverseRoot, 'n', c1, 'n', 0, this.#work);
    this.#engine.linalg.gemm(1, this.#work, 'n', this.inverseRoot, 'n', 0, this.psi);
    return true;
  }

  /** out ← Ĉ₀ to a power, symmetric to the last bit. */
  #power(exponent: number, out: Matrix): void {
    const n = this.size;
    const factors = this.#values.map((value) => value ** exponent);
    for (let i = 0; i < n * n; i++) this.#work.data[i] = this.#vectors.data[i]! * factors[i % n]!;
    this.#engine.linalg.gemm(1, this.#work, 'n', this.#vectors, 't', 0, out);
    symmetrize(out, out);
  }
}

/** out ← ½(m + mᵀ); `out` may be `m`. */
export function symmetrize(m: Matrix, out: Matrix): void {
  const n = m.rows;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const mean = 0.5 * (m.data[i * n + j]! + m.data[j * n + i]!);
      out.data[i * n + j] = mean;
      out.data[j * n + i] = mean;
    }
  }
}
