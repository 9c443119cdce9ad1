import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { allFinite } from '../vector.ts';
import type { CurvatureBlock } from './block.ts';
import { splitDamping, type DampingSplit } from './damping.ts';
import type { DampedPair } from './generalized-side.ts';
import { OneSidedInverse, type SumInverse, TwoSidedInverse } from './sum-inverse.ts';

/** One term c·(A ⊗ G) of a sum; statistics are undamped and read at every refresh. */
export interface KroneckerTerm {
  readonly a: Matrix;
  readonly g: Matrix;
  readonly uses: number;
}

/** Largest narrow side for which the wide one is factorised once per row instead of diagonalised. */
const NARROW = 8;

/**
 * F = A⊗B + C⊗D exactly inverted, symmetric form (docs/math.md, "Sum of two Kronecker products"). Always f64. The scales
 * c are folded into B and D. Damping: 'same' puts λ on each of the four factors, 'pi' gives each term λ/2.
 */
export class KroneckerSum implements CurvatureBlock {
  readonly #first: KroneckerTerm;
  readonly #second: KroneckerTerm;
  readonly #split: DampingSplit;
  readonly #inverse: SumInverse;
  readonly #ac: DampedPair;
  readonly #bd: DampedPair;
  #ready = false;

  constructor(engine: Engine, first: KroneckerTerm, second: KroneckerTerm, split: DampingSplit) {
    const [inputs, outputs] = [first.a.rows, first.g.rows];
    this.#first = first;
    this.#second = second;
    this.#split = split;
    const Inverse = Math.min(inputs, outputs) <= NARROW ? OneSidedInverse : TwoSidedInverse;
    this.#inverse = new Inverse(engine, inputs, outputs);
    this.#ac = { x: matrix(inputs, inputs), y: matrix(inputs, inputs) };
    this.#bd = { x: matrix(outputs, outputs), y: matrix(outputs, outputs) };
  }

  refresh(lambda: number): boolean {
    const { a: a1, g: g1, uses: c1 } = this.#first;
    const { a: a2, g: g2, uses: c2 } = this.#second;
    for (const m of [a1, g1, a2, g2]) if (!allFinite(m.data)) return this.#fail(lambda);
    for (let attempt = 0, damping = lambda; attempt < 4; attempt++, damping *= 10) {
      const one = this.#damping(a1, g1, c1, damping);
      const two = this.#damping(a2, g2, c2, damping);
      damped(a1, 1, one.a, this.#ac.x);
      damped(a2, 1, two.a, this.#ac.y);
      damped(g1, c1, one.g, this.#bd.x);
      damped(g2, c2, two.g, this.#bd.y);
      if (this.#inverse.prepare(this.#ac, this.#bd)) {
        this.#inverse.install();
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
    if (!this.#ready) this.#inverse.identity(1 / Math.max(lambda, 1e-12));
    return false;
  }

  solve(v: Matrix, out: Matrix): boolean {
    this.#inverse.solve(v, out);
    return true;
  }

  save(): Float64Array {
    const { state } = this.#inverse;
    const out = new Float64Array(state.reduce((n, part) => n + part.length, 1));
    let at = 0;
    for (const part of state) {
      out.set(part, at);
      at += part.length;
    }
    out[at] = this.#ready ? 1 : 0;
    return out;
  }

  restore(saved: Float64Array): void {
    let at = 0;
    for (const part of this.#inverse.state) {
      part.set(saved.subarray(at, at + part.length));
      at += part.length;
    }
    this.#ready = saved[at] === 1;
  }
}

/** out ← scale·m + δ·I. */
function damped(m: Matrix, scale: number, delta: number, out: Matrix): void {
  for (let i = 0; i < m.data.length; i++) out.data[i] = scale * m.data[i]!;
  for (let i = 0; i < m.rows; i++) out.data[i * m.cols + i] = out.data[i * m.cols + i]! + delta;
}
