import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { type DampedPair, GeneralizedSide } from './generalized-side.ts';
import { succeeds } from './succeeds.ts';

/** (A⊗B + C⊗D)⁻¹ on [in × out] matrices: F·V = A·V·B + C·V·D, from the pairs (A, C) [in] and (B, D) [out]. */
export interface SumInverse {
  /** Factorises; false if it cannot. What is in use stays until `install`. */
  prepare(ac: DampedPair, bd: DampedPair): boolean;
  install(): void;
  /** F⁻¹ = scale·I. */
  identity(scale: number): void;
  solve(v: Matrix, out: Matrix): void;
  /** The arrays that `solve` reads. */
  readonly state: readonly Float64Array[];
}

/**
 * Both sides diagonalised: F⁻¹·V = K₁·[(K₁ᵀ·V·K₂)/M]·K₂ᵀ, M = p₁p₂ᵀ + (1−p₁)(1−p₂)ᵀ (docs/math.md, "Sum of two Kronecker
 * products").
 */
export class TwoSidedInverse implements SumInverse {
  readonly state: readonly Float64Array[];
  readonly #engine: Engine;
  readonly #ac: GeneralizedSide;
  readonly #bd: GeneralizedSide;
  readonly #work: Matrix;
  readonly #core: Matrix;

  constructor(engine: Engine, inputs: number, outputs: number) {
    this.#engine = engine;
    this.#ac = new GeneralizedSide(engine, inputs);
    this.#bd = new GeneralizedSide(engine, outputs);
    this.#work = matrix(inputs, outputs);
    this.#core = matrix(inputs, outputs);
    this.state = [this.#ac, this.#bd].flatMap(({ basis, ratios }) => [basis.data as Float64Array, ratios]);
  }

  prepare(ac: DampedPair, bd: DampedPair): boolean {
    return this.#ac.prepare(ac) && this.#bd.prepare(bd);
  }

  install(): void {
    this.#ac.install();
    this.#bd.install();
  }

  identity(scale: number): void {
    this.#ac.identity(1);
    this.#bd.identity(scale);
  }

  solve(v: Matrix, out: Matrix): void {
    const { linalg } = this.#engine;
    const { basis: k1, ratios: p1 } = this.#ac;
    const { basis: k2, ratios: p2 } = this.#bd;
    linalg.gemm(1, k1, 't', v, 'n', 0, this.#work);
    linalg.gemm(1, this.#work, 'n', k2, 'n', 0, this.#core);
    const core = this.#core.data;
    for (let i = 0, index = 0; i < p1.length; i++) {
      for (let j = 0; j < p2.length; j++, index++)
        core[index] = core[index]! / (p1[i]! * p2[j]! + (1 - p1[i]!) * (1 - p2[j]!));
    }
    linalg.gemm(1, k1, 'n', this.#core, 'n', 0, this.#work);
    linalg.gemm(1, this.#work, 'n', k2, 't', 0, out);
  }
}

/**
 * The narrow side [n] diagonalised, the wide one [m] not: in the basis K of the narrow side F falls into n blocks
 * p_k·X + (1−p_k)·Y over the wide side's pair, each with its Cholesky factor. n·m³/3 operations where an eigenproblem of
 * the wide side takes 10·m³.
 */
export class OneSidedInverse implements SumInverse {
  readonly state: readonly Float64Array[];
  readonly #engine: Engine;
  /** True if the inputs are the narrow side. */
  readonly #inputs: boolean;
  readonly #narrow: GeneralizedSide;
  readonly #staged: readonly Matrix[];
  readonly #factors: readonly Matrix[];
  /** V in the narrow basis [n × m]: row k belongs to block k. */
  readonly #core: Matrix;
  readonly #rows: readonly Matrix[];

  constructor(engine: Engine, inputs: number, outputs: number) {
    const [narrow, wide] = inputs <= outputs ? [inputs, outputs] : [outputs, inputs];
    this.#engine = engine;
    this.#inputs = inputs <= outputs;
    this.#narrow = new GeneralizedSide(engine, narrow);
    this.#staged = Array.from({ length: narrow }, () => matrix(wide, wide));
    this.#factors = Array.from({ length: narrow }, () => matrix(wide, wide));
    this.#core = matrix(narrow, wide);
    this.#rows = this.#staged.map((_, k) => matrixOver(wide, 1, this.#core.data.subarray(k * wide, (k + 1) * wide)));
    const { basis, ratios } = this.#narrow;
    this.state = [basis.data as Float64Array, ratios, ...this.#factors.map(({ data }) => data as Float64Array)];
  }

  prepare(ac: DampedPair, bd: DampedPair): boolean {
    const [narrow, { x, y }] = this.#inputs ? [ac, bd] : [bd, ac];
    if (!this.#narrow.prepare(narrow)) return false;
    return this.#staged.every((block, k) => {
      const p = this.#narrow.staged[k]!;
      for (let i = 0; i < x.data.length; i++) block.data[i] = p * x.data[i]! + (1 - p) * y.data[i]!;
      return succeeds(() => this.#engine.linalg.cholesky(block));
    });
  }

  install(): void {
    this.#narrow.install();
    this.#factors.forEach(({ data }, k) => data.set(this.#staged[k]!.data));
  }

  identity(scale: number): void {
    this.#narrow.identity(scale);
    for (const { rows, data } of this.#factors) {
      data.fill(0);
      for (let i = 0; i < rows; i++) data[i * rows + i] = 1;
    }
  }

  solve(v: Matrix, out: Matrix): void {
    const { linalg } = this.#engine;
    const { basis } = this.#narrow;
    linalg.gemm(1, basis, 't', v, this.#inputs ? 'n' : 't', 0, this.#core);
    this.#factors.forEach((factor, k) => linalg.choleskySolve(factor, this.#rows[k]!));
    if (this.#inputs) linalg.gemm(1, basis, 'n', this.#core, 'n', 0, out);
    else linalg.gemm(1, this.#core, 't', basis, 't', 0, out);
  }
}
