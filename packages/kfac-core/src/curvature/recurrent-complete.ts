import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { ConjugateGradient } from '../optimizer/conjugate-gradient.ts';
import { norm } from '../vector.ts';
import { EndlessChain } from './endless-chain.ts';
import { type RecurrentForm, refuse } from './recurrent-form.ts';
import { RecurrentOption1 } from './recurrent-option1.ts';
import type { RecurrentSide } from './recurrent-side.ts';
import { TwoSidedProduct } from './two-sided-product.ts';

/** Shortest mean length at which the limit of long series is the better preconditioner. */
const LONG = 8;
const MAX_ITERATIONS = 30;
/** Relative residual at which the iteration ends. */
const TOLERANCE = 1e-8;

/**
 * The chain as it is: Φ = m₀·I + Σ m_r·(Ψʳ + (Ψʳ)ᵀ) by its product, inverted by conjugate gradients that option 2, below
 * eight steps option 1, preconditions. If 30 iterations do not reach 1e-8, option 1 is the answer.
 */
export class RecurrentComplete implements RecurrentForm {
  readonly state: readonly Float64Array[];
  readonly #inverseRoots: readonly [a: Matrix, g: Matrix];
  readonly #roots: readonly [a: Matrix, g: Matrix];
  readonly #psi: readonly [a: Matrix, g: Matrix];
  readonly #counts: Float64Array;
  readonly #symmetric: RecurrentOption1;
  readonly #endless: EndlessChain;
  readonly #cg: ConjugateGradient;
  readonly #product: TwoSidedProduct;
  readonly #hat: Matrix;
  readonly #result: Matrix;
  readonly #power: Matrix;
  /** Iterations of the last `solve`. */
  iterations = 0;

  constructor(engine: Engine, inputs: number, outputs: number, steps: number) {
    const pair = (): [Matrix, Matrix] => [matrix(inputs, inputs), matrix(outputs, outputs)];
    [this.#inverseRoots, this.#roots, this.#psi] = [pair(), pair(), pair()];
    this.#counts = new Float64Array(steps);
    this.#symmetric = new RecurrentOption1(engine, inputs, outputs, 'hat');
    this.#endless = new EndlessChain(engine, inputs, outputs, 'hat');
    this.#cg = new ConjugateGradient(inputs * outputs);
    this.#product = new TwoSidedProduct(engine, inputs, outputs);
    [this.#hat, this.#result, this.#power] = [
      matrix(inputs, outputs),
      matrix(inputs, outputs),
      matrix(inputs, outputs),
    ];
    const own = [...this.#inverseRoots, ...this.#roots, ...this.#psi].map(({ data }) => data as Float64Array);
    this.state = [...own, this.#counts, ...this.#symmetric.state, ...this.#endless.state];
  }

  prepare(a: RecurrentSide, g: RecurrentSide, counts: Float64Array): boolean {
    [a, g].forEach(({ inverseRoot, root, psi }, k) => {
      this.#inverseRoots[k]!.data.set(inverseRoot.data);
      this.#roots[k]!.data.set(root.data);
      this.#psi[k]!.data.set(psi.data);
    });
    this.#counts.set(counts);
    return this.#symmetric.prepare(a, g, counts) && this.#endless.prepare(a, g, counts);
  }

  solve(v: Matrix, out: Matrix): boolean {
    const [rootA, rootG] = this.#inverseRoots;
    this.#product.apply(rootA, 'n', v, rootG, 'n', this.#hat);
    const converged = this.#iterate();
    const hat = converged ? matrixOver(v.rows, v.cols, this.#cg.x) : this.#result;
    if (!converged) this.#symmetric.solve(this.#hat, hat);
    this.#product.apply(rootA, 'n', hat, rootG, 'n', out);
    return converged;
  }

  /** Solves Φ·x = hat by conjugate gradients. */
  #iterate(): boolean {
    const over = (data: Float64Array): Matrix => matrixOver(this.#hat.rows, this.#hat.cols, data);
    const preconditioner = this.#counts[0]! < LONG ? this.#symmetric : this.#endless;
    const right = this.#hat.data as Float64Array;
    const goal = TOLERANCE * norm(right);
    this.#cg.begin({
      right,
      apply: (x, out) => this.#phi(over(x), over(out)),
      precondition: (x, out) => {
        preconditioner.solve(over(x), over(out));
      },
    });
    for (this.iterations = 0; this.#cg.residualNorm > goal; this.iterations++) {
      if (this.iterations === MAX_ITERATIONS || !this.#cg.iterate()) return false;
    }
    return Number.isFinite(goal);
  }

  multiply(v: Matrix, out: Matrix): void {
    const [rootA, rootG] = this.#roots;
    this.#product.apply(rootA, 'n', v, rootG, 'n', this.#hat);
    this.#phi(this.#hat, this.#result);
    this.#product.apply(rootA, 'n', this.#result, rootG, 'n', out);
  }

  /** out ← Φ·y, one product with each side's Ψ a lag, forward and backward in time. */
  #phi(y: Matrix, out: Matrix): void {
    const [psiA, psiG] = this.#psi;
    const power = this.#power.data;
    for (let i = 0; i < power.length; i++) out.data[i] = this.#counts[0]! * y.data[i]!;
    for (const [left, right] of [
      ['n', 't'],
      ['t', 'n'],
    ] as const) {
      power.set(y.data);
      for (let r = 1; r < this.#counts.length; r++) {
        this.#product.apply(psiA, left, this.#power, psiG, right, this.#power);
        for (let i = 0; i < power.length; i++) out.data[i] = out.data[i]! + this.#counts[r]! * power[i]!;
      }
    }
  }

  logDeterminant(): number {
    return refuse('complete', 'log-determinant');
  }

  sample(): void {
    refuse('complete', 'sampling factor');
  }
}
