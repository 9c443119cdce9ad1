import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { allFinite } from '../vector.ts';
import type { CurvatureBlock } from './block.ts';
import { splitDamping, type DampingSplit } from './damping.ts';
import { RecurrentComplete } from './recurrent-complete.ts';
import type { RecurrentForm } from './recurrent-form.ts';
import { RecurrentOption1 } from './recurrent-option1.ts';
import { RecurrentOption2 } from './recurrent-option2.ts';
import { RecurrentSide } from './recurrent-side.ts';

/** What a recurrent matrix may be assumed to be beside a sum of independent or constant uses. */
export type TemporalKind = 'option1' | 'option2' | 'complete';

/** Averaged moments of a recurrent matrix, undamped: lag 0 and lag 1 (future × present), divisor Σ T_i for both. */
export interface RecurrentMoments {
  readonly a0: Matrix;
  readonly a1: Matrix;
  readonly g0: Matrix;
  readonly g1: Matrix;
  /** m_r [1 × steps] (`lagCounts`). */
  readonly counts: Matrix;
}

/**
 * The block of a matrix that is used step after step, F = Σ_{|r|<T} m_r·V_r with V_r = A_r⊗G_r, V_r = (V₁V₀⁻¹)ʳ·V₀
 * (Martens, Ba & Johnson 2018; docs/math.md, "Recurrent matrices"). λ is divided by m₀ before it is split over the lag-0
 * moments. A refresh that fails with ten, a hundred and a thousand times the damping keeps the last good form; before
 * the first good one the block is λ·I.
 */
export class RecurrentBlock implements CurvatureBlock {
  readonly #moments: RecurrentMoments;
  readonly #split: DampingSplit;
  readonly #a: RecurrentSide;
  readonly #g: RecurrentSide;
  readonly #scaledG: Matrix;
  #current: RecurrentForm;
  #next: RecurrentForm;
  #ready = false;
  /** 1/λ where the block is λ·I, else 0. */
  #identityScale = 0;

  /** `moments` are read at every refresh. */
  constructor(engine: Engine, moments: RecurrentMoments, split: DampingSplit, kind: TemporalKind) {
    const [inputs, outputs] = [moments.a0.rows, moments.g0.rows];
    this.#moments = moments;
    this.#split = split;
    this.#a = new RecurrentSide(engine, inputs);
    this.#g = new RecurrentSide(engine, outputs);
    this.#scaledG = matrix(outputs, outputs);
    const form = (): RecurrentForm => {
      switch (kind) {
        case 'option1':
          return new RecurrentOption1(engine, inputs, outputs);
        case 'option2':
          return new RecurrentOption2(engine, inputs, outputs);
        case 'complete':
          return new RecurrentComplete(engine, inputs, outputs, moments.counts.cols);
      }
    };
    this.#current = form();
    this.#next = form();
  }

  refresh(lambda: number): boolean {
    const { a0, a1, g0, g1, counts } = this.#moments;
    const length = counts.data[0]!;
    if (!(length > 0) || ![a0, a1, g0, g1, counts].every(({ data }) => allFinite(data))) return this.#fail(lambda);
    // Splitting λ over A and m₀·G is splitting λ/m₀ over A and G.
    for (let i = 0; i < g0.data.length; i++) this.#scaledG.data[i] = length * g0.data[i]!;
    const damping = splitDamping(this.#split, a0, this.#scaledG, lambda);
    this.#identityScale = damping.zero ? 1 / lambda : 0;
    if (damping.zero) return true;
    for (let attempt = 0, times = 1; attempt < 4; attempt++, times *= 10) {
      const good =
        this.#a.prepare(a0, a1, times * damping.a) &&
        this.#g.prepare(g0, g1, (times * damping.g) / length) &&
        this.#next.prepare(this.#a, this.#g, counts.data as Float64Array);
      if (!good) continue;
      [this.#current, this.#next] = [this.#next, this.#current];
      this.#ready = true;
      return true;
    }
    return this.#fail(lambda);
  }

  #fail(lambda: number): boolean {
    if (!this.#ready) this.#identityScale = 1 / Math.max(lambda, 1e-12);
    return false;
  }

  solve(v: Matrix, out: Matrix): boolean {
    if (this.#identityScale === 0) return this.#current.solve(v, out);
    for (let i = 0; i < v.data.length; i++) out.data[i] = this.#identityScale * v.data[i]!;
    return true;
  }

  /** out ← F̂·v, both [in × out]. */
  multiply(v: Matrix, out: Matrix): void {
    if (this.#identityScale === 0) this.#current.multiply(v, out);
    else for (let i = 0; i < v.data.length; i++) out.data[i] = v.data[i]! / this.#identityScale;
  }

  /** log det F̂; throws `KFAC_NO_CLOSED_FORM` for option 2 and the complete chain. */
  logDeterminant(): number {
    const logs = this.#current.logDeterminant();
    return this.#identityScale === 0 ? logs : -this.#a.size * this.#g.size * Math.log(this.#identityScale);
  }

  /** out ← Σ·normal, Σ·Σᵀ = F̂⁻¹, both [in × out]; throws `KFAC_NO_CLOSED_FORM` for option 2 and the complete chain. */
  sample(normal: Matrix, out: Matrix): void {
    this.#current.sample(normal, out);
    if (this.#identityScale === 0) return;
    for (let i = 0; i < out.data.length; i++) out.data[i] = Math.sqrt(this.#identityScale) * normal.data[i]!;
  }

  save(): Float64Array {
    const { state } = this.#current;
    const out = new Float64Array(state.reduce((sum, part) => sum + part.length, 2));
    let at = 0;
    for (const part of state) {
      out.set(part, at);
      at += part.length;
    }
    out[at] = this.#ready ? 1 : 0;
    out[at + 1] = this.#identityScale;
    return out;
  }

  restore(saved: Float64Array): void {
    let at = 0;
    for (const part of this.#current.state) {
      part.set(saved.subarray(at, at + part.length));
      at += part.length;
    }
    this.#ready = saved[at] === 1;
    this.#identityScale = saved[at + 1]!;
  }
}
