import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { KfacError } from '../errors.ts';
import { allFinite } from '../vector.ts';
import type { CurvatureBlock } from './block.ts';
import { addDiagonal, splitDamping, type DampingSplit } from './damping.ts';

/** One term c·(A ⊗ G) of a sum; statistics are undamped and read at every refresh. */
export interface KroneckerTerm {
  readonly a: Matrix;
  readonly g: Matrix;
  readonly uses: number;
}

/**
 * F = A⊗B + C⊗D exactly inverted by two generalised eigenproblems, symmetric form (docs/math.md, "Sum of two Kronecker
 * products"): A·K₁ = (A+C)·K₁·diag(p₁), K₁ᵀ(A+C)K₁ = I, the same for B, D with K₂, p₂; M = p₁p₂ᵀ + (1−p₁)(1−p₂)ᵀ;
 * F⁻¹·V = K₁·[(K₁ᵀ·V·K₂)/M]·K₂ᵀ on an [in × out] matrix V (F·V = A·V·B + C·V·D). Always f64. The scales c are folded
 * into B and D. Damping: 'same' puts λ on each of the four factors, 'pi' gives each term λ/2.
 */
export class KroneckerSum implements CurvatureBlock {
  readonly #engine: Engine;
  readonly #first: KroneckerTerm;
  readonly #second: KroneckerTerm;
  readonly #split: DampingSplit;
  readonly #sideA: GeneralizedSide;
  readonly #sideB: GeneralizedSide;
  readonly #work: Matrix;
  readonly #core: Matrix;
  #ready = false;

  constructor(engine: Engine, first: KroneckerTerm, second: KroneckerTerm, split: DampingSplit) {
    this.#engine = engine;
    this.#first = first;
    this.#second = second;
    this.#split = split;
    this.#sideA = new GeneralizedSide(engine, first.a.rows);
    this.#sideB = new GeneralizedSide(engine, first.g.rows);
    this.#work = matrix(first.a.rows, first.g.rows);
    this.#core = matrix(first.a.rows, first.g.rows);
  }

  refresh(lambda: number): boolean {
    const { a: a1, g: g1, uses: c1 } = this.#first;
    const { a: a2, g: g2, uses: c2 } = this.#second;
    for (const m of [a1, g1, a2, g2]) if (!allFinite(m.data)) return this.#fail(lambda);
    for (let attempt = 0, damping = lambda; attempt < 4; attempt++, damping *= 10) {
      const one = this.#damping(a1, g1, c1, damping);
      const two = this.#damping(a2, g2, c2, damping);
      if (this.#sideA.prepare(a1, 1, one.a, a2, 1, two.a) && this.#sideB.prepare(g1, c1, one.g, g2, c2, two.g)) {
        this.#sideA.install();
        this.#sideB.install();
        this.#ready = true;
        return true;
      }
    }
    return this.#fail(lambda);
  }

  #damping(a: Matrix, g: Matrix, uses: number, lambda: number): { a: number; g: number } {
    if (this.#split === 'same') return { a: lambda, g: lambda };
    // λ/2 for each term, divided by the term's scale before the split; B = c·G then carries c times G's damping.
    const { a: onA, g: onG, zero } = splitDamping('pi', a, g, lambda / 2 / uses);
    return zero ? { a: Math.sqrt(lambda / 2), g: Math.sqrt(lambda / 2) } : { a: onA, g: uses * onG };
  }

  #fail(lambda: number): boolean {
    if (!this.#ready) {
      this.#sideA.identity(1);
      this.#sideB.identity(1 / Math.max(lambda, 1e-12));
    }
    return false;
  }

  solve(v: Matrix, out: Matrix): void {
    const { linalg } = this.#engine;
    const k1 = this.#sideA.basis;
    const k2 = this.#sideB.basis;
    linalg.gemm(1, k1, 't', v, 'n', 0, this.#work);
    linalg.gemm(1, this.#work, 'n', k2, 'n', 0, this.#core);
    const p1 = this.#sideA.ratios;
    const p2 = this.#sideB.ratios;
    const core = this.#core.data;
    for (let i = 0, index = 0; i < p1.length; i++) {
      for (let j = 0; j < p2.length; j++, index++)
        core[index] = core[index]! / (p1[i]! * p2[j]! + (1 - p1[i]!) * (1 - p2[j]!));
    }
    linalg.gemm(1, k1, 'n', this.#core, 'n', 0, this.#work);
    linalg.gemm(1, this.#work, 'n', k2, 't', 0, out);
  }

  save(): Float64Array {
    const parts = [this.#sideA.save(), this.#sideB.save(), Float64Array.of(this.#ready ? 1 : 0)];
    const out = new Float64Array(parts.reduce((n, part) => n + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  restore(saved: Float64Array): void {
    const a = this.#sideA.restore(saved);
    this.#sideB.restore(saved.subarray(a));
    this.#ready = saved[saved.length - 1] === 1;
  }
}

/** One side of the sum: X·K = (X+Y)·K·diag(p), Kᵀ(X+Y)K = I, p clipped to [0, 1]. */
class GeneralizedSide {
  readonly basis: Matrix;
  readonly ratios: Float64Array;
  readonly #engine: Engine;
  readonly #x: Matrix;
  readonly #sum: Matrix;
  readonly #vectors: Matrix;
  readonly #values: Float64Array;

  constructor(engine: Engine, size: number) {
    this.#engine = engine;
    this.basis = matrix(size, size);
    this.ratios = new Float64Array(size).fill(1);
    this.#x = matrix(size, size);
    this.#sum = matrix(size, size);
    this.#vectors = matrix(size, size);
    this.#values = new Float64Array(size);
  }

  prepare(x: Matrix, scaleX: number, dampingX: number, y: Matrix, scaleY: number, dampingY: number): boolean {
    const n = x.rows;
    for (let i = 0; i < x.data.length; i++) {
      this.#x.data[i] = scaleX * x.data[i]!;
      this.#sum.data[i] = this.#x.data[i]! + scaleY * y.data[i]!;
    }
    addDiagonal(this.#x, dampingX, this.#x);
    addDiagonal(this.#sum, dampingX + dampingY, this.#sum);
    try {
      this.#engine.linalg.eigenGeneralized(this.#x, this.#sum, this.#values, this.#vectors);
    } catch (error) {
      if (
        error instanceof KfacError &&
        (error.code === 'KFAC_NOT_POSITIVE_DEFINITE' || error.code === 'KFAC_NO_CONVERGENCE')
      )
        return false;
      throw error;
    }
    return n === 0 || (allFinite(this.#values) && allFinite(this.#vectors.data));
  }

  install(): void {
    this.basis.data.set(this.#vectors.data);
    for (let i = 0; i < this.ratios.length; i++) this.ratios[i] = Math.min(1, Math.max(0, this.#values[i]!));
  }

  identity(scale: number): void {
    const n = this.ratios.length;
    this.basis.data.fill(0);
    for (let i = 0; i < n; i++) this.basis.data[i * n + i] = Math.sqrt(scale);
    this.ratios.fill(1);
  }

  save(): Float64Array {
    const out = new Float64Array(this.basis.data.length + this.ratios.length);
    out.set(this.basis.data);
    out.set(this.ratios, this.basis.data.length);
    return out;
  }

  /** Reads what `save` wrote and returns how many numbers that was. */
  restore(saved: Float64Array): number {
    const n = this.basis.data.length;
    this.basis.data.set(saved.subarray(0, n));
    this.ratios.set(saved.subarray(n, n + this.ratios.length));
    return n + this.ratios.length;
  }
}
