import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import type { CurvatureBlock } from './block.ts';
import { DampedInverse } from './damped-inverse.ts';
import { splitDamping, type DampingSplit } from './damping.ts';

/**
 * F ≈ c·(A ⊗ G) with expand semantics: A = mean over examples and uses of z zᵀ [in × in], G = Σ_i ω_i·mean over uses of
 * g gᵀ [out × out], c the number of uses per example (Eschenhagen et al. 2023; Martens & Grosse 2015). On an [in × out]
 * matrix F·V = c·A·V·G and F̂⁻¹·V = (1/c)·Â⁻¹·V·Ĝ⁻¹. λ is divided by c before it is split.
 * With the split 'same' the scale is folded into G (B = c·G) and λ stands undivided on both factors.
 */
export class KroneckerBlock implements CurvatureBlock {
  readonly #engine: Engine;
  readonly #a: Matrix;
  readonly #g: Matrix;
  readonly #uses: number;
  readonly #split: DampingSplit;
  readonly #scaledG: Matrix;
  readonly #inverseA: DampedInverse;
  readonly #inverseG: DampedInverse;
  readonly #work: Matrix;
  #identityScale = 0;

  /** `a`, `g`: the undamped statistics, read at every refresh. */
  constructor(engine: Engine, a: Matrix, g: Matrix, uses: number, split: DampingSplit) {
    this.#engine = engine;
    this.#a = a;
    this.#g = g;
    this.#uses = uses;
    this.#split = split;
    this.#scaledG = matrix(g.rows, g.cols);
    this.#inverseA = new DampedInverse(engine, a.rows);
    this.#inverseG = new DampedInverse(engine, g.rows);
    this.#work = matrix(a.rows, g.rows);
  }

  refresh(lambda: number): boolean {
    // B = c·G carries the scale, so that λ enters once: splitting λ over A and c·G is splitting λ/c over A and G.
    for (let i = 0; i < this.#scaledG.data.length; i++) this.#scaledG.data[i] = this.#uses * this.#g.data[i]!;
    const damping = splitDamping(this.#split, this.#a, this.#scaledG, lambda);
    this.#identityScale = damping.zero ? 1 / lambda : 0;
    if (damping.zero) return true;
    const good = this.#inverseA.prepare(this.#a, damping.a) && this.#inverseG.prepare(this.#scaledG, damping.g);
    if (good) {
      this.#inverseA.install();
      this.#inverseG.install();
    } else {
      this.#inverseA.keep(this.#a, damping.a);
      this.#inverseG.keep(this.#scaledG, damping.g);
    }
    return good;
  }

  solve(v: Matrix, out: Matrix): boolean {
    if (this.#identityScale > 0) {
      for (let i = 0; i < v.data.length; i++) out.data[i] = this.#identityScale * v.data[i]!;
      return true;
    }
    this.#engine.linalg.gemm(1, this.#inverseA.inverse, 'n', v, 'n', 0, this.#work);
    this.#engine.linalg.gemm(1, this.#work, 'n', this.#inverseG.inverse, 'n', 0, out);
    return true;
  }

  /**
   * out ← F̂·v, both [in × out], from the inverse alone. As the next two it is no part of a step: an inverse that round-off
   * has made indefinite throws `KFAC_NOT_POSITIVE_DEFINITE`.
   */
  multiply(v: Matrix, out: Matrix): void {
    if (this.#identityScale > 0) {
      for (let i = 0; i < v.data.length; i++) out.data[i] = v.data[i]! / this.#identityScale;
      return;
    }
    const { linalg } = this.#engine;
    // Â = (L·Lᵀ)⁻¹ with L·Lᵀ = Â⁻¹; the other side through the transpose.
    this.#work.data.set(v.data);
    linalg.choleskySolve(this.#inverseA.inverseFactor(), this.#work);
    const turned = matrix(out.cols, out.rows);
    transpose(this.#work, turned);
    linalg.choleskySolve(this.#inverseG.inverseFactor(), turned);
    transpose(turned, out);
  }

  /** log det F̂. */
  logDeterminant(): number {
    const [inputs, outputs] = [this.#a.rows, this.#g.rows];
    if (this.#identityScale > 0) return -inputs * outputs * Math.log(this.#identityScale);
    const logs = (l: Matrix): number => {
      let sum = 0;
      for (let i = 0; i < l.rows; i++) sum += 2 * Math.log(l.data[i * l.cols + i]!);
      return sum;
    };
    return -outputs * logs(this.#inverseA.inverseFactor()) - inputs * logs(this.#inverseG.inverseFactor());
  }

  /** out ← Σ·normal, Σ·Σᵀ = F̂⁻¹, both [in × out]. */
  sample(normal: Matrix, out: Matrix): void {
    if (this.#identityScale > 0) {
      for (let i = 0; i < out.data.length; i++) out.data[i] = Math.sqrt(this.#identityScale) * normal.data[i]!;
      return;
    }
    const { linalg } = this.#engine;
    linalg.gemm(1, this.#inverseA.inverseFactor(), 'n', normal, 'n', 0, this.#work);
    linalg.gemm(1, this.#work, 'n', this.#inverseG.inverseFactor(), 't', 0, out);
  }

  save(): Float64Array {
    const a = this.#inverseA.save();
    const g = this.#inverseG.save();
    const out = new Float64Array(a.length + g.length + 1);
    out.set(a);
    out.set(g, a.length);
    out[out.length - 1] = this.#identityScale;
    return out;
  }

  restore(saved: Float64Array): void {
    const a = this.#a.rows ** 2 + 1;
    this.#inverseA.restore(saved.subarray(0, a));
    this.#inverseG.restore(saved.subarray(a, saved.length - 1));
    this.#identityScale = saved[saved.length - 1]!;
  }
}

/** out ← mᵀ. */
function transpose(m: Matrix, out: Matrix): void {
  for (let i = 0; i < m.rows; i++) {
    for (let j = 0; j < m.cols; j++) out.data[j * m.rows + i] = m.data[i * m.cols + j]!;
  }
}
