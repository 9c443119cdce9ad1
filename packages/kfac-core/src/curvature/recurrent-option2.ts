import type { Engine, Matrix, Op } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { EndlessChain } from './endless-chain.ts';
import { type RecurrentForm, refuse } from './recurrent-form.ts';
import type { RecurrentSide } from './recurrent-side.ts';
import { TwoSidedProduct } from './two-sided-product.ts';

/** Most doublings of the series of (I − Ψ)⁻¹. */
const DOUBLINGS = 64;

/**
 * Option 2: the limit of long series (Martens, Ba & Johnson 2018, §3.5.3), C₁ as it is. The error falls as 1/T. F̂ and
 * F̂⁻¹ alone have a closed form.
 */
export class RecurrentOption2 implements RecurrentForm {
  readonly state: readonly Float64Array[];
  readonly #engine: Engine;
  readonly #chain: EndlessChain;
  readonly #roots: readonly [a: Matrix, g: Matrix];
  readonly #psi: readonly [a: Matrix, g: Matrix];
  /** Powers of Ψ on both sides, and room for the next. */
  readonly #powers: readonly [a: Matrix, g: Matrix];
  readonly #squares: readonly [a: Matrix, g: Matrix];
  readonly #product: TwoSidedProduct;
  readonly #hat: Matrix;
  readonly #increment: Matrix;

  constructor(engine: Engine, inputs: number, outputs: number) {
    const pair = (): [Matrix, Matrix] => [matrix(inputs, inputs), matrix(outputs, outputs)];
    this.#engine = engine;
    this.#chain = new EndlessChain(engine, inputs, outputs, 'weights');
    [this.#roots, this.#psi, this.#powers, this.#squares] = [pair(), pair(), pair(), pair()];
    this.#product = new TwoSidedProduct(engine, inputs, outputs);
    this.#hat = matrix(inputs, outputs);
    this.#increment = matrix(inputs, outputs);
    const own = [...this.#roots, ...this.#psi].map(({ data }) => data as Float64Array);
    this.state = [...this.#chain.state, ...own];
  }

  prepare(a: RecurrentSide, g: RecurrentSide, counts: Float64Array): boolean {
    [a, g].forEach(({ root, psi }, k) => {
      this.#roots[k]!.data.set(root.data);
      this.#psi[k]!.data.set(psi.data);
    });
    return this.#chain.prepare(a, g, counts);
  }

  solve(v: Matrix, out: Matrix): boolean {
    this.#chain.solve(v, out);
    return true;
  }

  multiply(v: Matrix, out: Matrix): void {
    const [rootA, rootG] = this.#roots;
    const [rightA, rightG] = this.#chain.right;
    const hat = this.#hat;
    this.#product.apply(rootA, 'n', v, rootG, 'n', hat);
    this.#sumOfPowers('n');
    this.#product.apply(rightA, 't', hat, rightG, 'n', hat);
    for (let i = 0; i < hat.data.length; i++) hat.data[i] = hat.data[i]! * this.#chain.gap[i]! * this.#chain.length;
    this.#product.apply(rightA, 'n', hat, rightG, 't', hat);
    this.#sumOfPowers('t');
    this.#product.apply(rootA, 'n', hat, rootG, 'n', out);
  }

  /** Y ← (I − Ψ)⁻¹·Y = Σ_r Ψʳ·Y, 't': with Ψᵀ, by doubling: Y += Ψ^{2^k}·Y until nothing is added. */
  #sumOfPowers(op: Op): void {
    const { linalg } = this.#engine;
    const { data } = this.#hat;
    const [a, g] = this.#powers;
    a.data.set(this.#psi[0].data);
    g.data.set(this.#psi[1].data);
    for (let round = 0; round < DOUBLINGS; round++) {
      this.#product.apply(a, op, this.#hat, g, op === 'n' ? 't' : 'n', this.#increment);
      let changed = false;
      for (let i = 0; i < data.length; i++) {
        const next = data[i]! + this.#increment.data[i]!;
        changed ||= next !== data[i]!;
        data[i] = next;
      }
      if (!changed) return;
      this.#powers.forEach((power, k) => {
        linalg.gemm(1, power, 'n', power, 'n', 0, this.#squares[k]!);
        power.data.set(this.#squares[k]!.data);
      });
    }
  }

  logDeterminant(): number {
    return refuse('option2', 'log-determinant');
  }

  sample(): void {
    refuse('option2', 'sampling factor');
  }
}
