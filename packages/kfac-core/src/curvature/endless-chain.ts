import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import type { RecurrentSide } from './recurrent-side.ts';
import { succeeds } from './succeeds.ts';
import { TwoSidedProduct } from './two-sided-product.ts';

/** Smallest 1 − m_A·m_G. */
const FLOOR = 1e-6;

/** One side in the singular vectors of its Ψ. */
interface Side {
  /** B = C₁ᵀ·H² = H⁻¹·Ψᵀ·H; in hat coordinates Ψᵀ. */
  readonly shift: Matrix;
  /** K = H·E; in hat coordinates E. */
  readonly basis: Matrix;
  /** E, the right singular vectors. */
  readonly right: Matrix;
  /** m, squared singular values, at most 1. */
  readonly squares: Float64Array;
}

/**
 * The inverse of a chain without end, Φ ≈ m₀·(I − Ψᵀ)⁻¹(I − ΨᵀΨ)(I − Ψ)⁻¹: V ← V − B·V, V ← K_Aᵀ·V·K_G,
 * V ← V/(1 − m_A·m_Gᵀ), V ← K_A·V·K_Gᵀ, V ← (V − Bᵀ·V)/m₀. The singular vectors are those of Ψ: eigenvectors of ΨᵀΨ
 * would square its condition.
 */
export class EndlessChain {
  readonly state: readonly Float64Array[];
  /** 1 − m_A·m_Gᵀ, floored [in·out]. */
  readonly gap: Float64Array;
  readonly #engine: Engine;
  readonly #coordinates: 'weights' | 'hat';
  readonly #a: Side;
  readonly #g: Side;
  readonly #length: Float64Array;
  readonly #left: readonly Matrix[];
  readonly #singular: readonly Float64Array[];
  readonly #product: TwoSidedProduct;
  readonly #moved: Matrix;
  readonly #core: Matrix;

  constructor(engine: Engine, inputs: number, outputs: number, coordinates: 'weights' | 'hat') {
    this.#engine = engine;
    this.#coordinates = coordinates;
    this.#a = side(inputs, coordinates);
    this.#g = side(outputs, coordinates);
    this.#left = [matrix(inputs, inputs), matrix(outputs, outputs)];
    this.#singular = [new Float64Array(inputs), new Float64Array(outputs)];
    this.gap = new Float64Array(inputs * outputs);
    this.#length = new Float64Array(1);
    this.#product = new TwoSidedProduct(engine, inputs, outputs);
    this.#moved = matrix(inputs, outputs);
    this.#core = matrix(inputs, outputs);
    const matrices = [this.#a, this.#g].flatMap(({ shift, basis, right }) =>
      basis === right ? [shift, basis] : [shift, basis, right],
    );
    this.state = [...matrices.map(({ data }) => data as Float64Array), this.gap, this.#length];
  }

  /** The right singular vectors of both sides' Ψ. */
  get right(): readonly [a: Matrix, g: Matrix] {
    return [this.#a.right, this.#g.right];
  }

  /** m₀. */
  get length(): number {
    return this.#length[0]!;
  }

  prepare(a: RecurrentSide, g: RecurrentSide, counts: Float64Array): boolean {
    if (!this.#decompose(a, this.#a, 0) || !this.#decompose(g, this.#g, 1)) return false;
    this.#length[0] = counts[0]!;
    let index = 0;
    for (const inA of this.#a.squares) {
      for (const inG of this.#g.squares) this.gap[index++] = Math.max(1 - inA * inG, FLOOR);
    }
    return true;
  }

  #decompose(from: RecurrentSide, { shift, basis, right, squares }: Side, k: 0 | 1): boolean {
    const { linalg } = this.#engine;
    const [left, singular] = [this.#left[k]!, this.#singular[k]!];
    if (!succeeds(() => linalg.svd(from.psi, left, singular, right))) return false;
    for (let i = 0; i < squares.length; i++) squares[i] = Math.min(singular[i]! ** 2, 1);
    if (this.#coordinates === 'hat') {
      const n = from.size;
      for (let i = 0; i < n * n; i++) shift.data[i] = from.psi.data[(i % n) * n + Math.floor(i / n)]!;
      return true;
    }
    linalg.gemm(1, from.root, 'n', from.psi, 't', 0, left);
    linalg.gemm(1, left, 'n', from.inverseRoot, 'n', 0, shift);
    linalg.gemm(1, from.inverseRoot, 'n', right, 'n', 0, basis);
    return true;
  }

  solve(v: Matrix, out: Matrix): void {
    const [{ shift: shiftA, basis: basisA }, { shift: shiftG, basis: basisG }] = [this.#a, this.#g];
    const [moved, core] = [this.#moved.data, this.#core.data];
    this.#product.apply(shiftA, 'n', v, shiftG, 't', this.#moved);
    for (let i = 0; i < moved.length; i++) moved[i] = v.data[i]! - moved[i]!;
    this.#product.apply(basisA, 't', this.#moved, basisG, 'n', this.#core);
    for (let i = 0; i < core.length; i++) core[i] = core[i]! / this.gap[i]!;
    this.#product.apply(basisA, 'n', this.#core, basisG, 't', this.#moved);
    this.#product.apply(shiftA, 't', this.#moved, shiftG, 'n', out);
    for (let i = 0; i < moved.length; i++) out.data[i] = (moved[i]! - out.data[i]!) / this.length;
  }
}

function side(size: number, coordinates: 'weights' | 'hat'): Side {
  const right = matrix(size, size);
  const basis = coordinates === 'hat' ? right : matrix(size, size);
  return { shift: matrix(size, size), basis, right, squares: new Float64Array(size) };
}
