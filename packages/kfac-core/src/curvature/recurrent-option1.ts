import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { lagSum, largestCorrelation } from './recurrent-lags.ts';
import type { RecurrentForm } from './recurrent-form.ts';
import { type RecurrentSide, symmetrize } from './recurrent-side.ts';
import { succeeds } from './succeeds.ts';
import { TwoSidedProduct } from './two-sided-product.ts';

/** One side in the eigenbasis of its symmetrised Ψ. */
interface Spectrum {
  readonly psi: Float64Array;
  readonly vectors: Matrix;
  /** L = H·U. */
  readonly basis: Matrix;
  /** L⁻ᵀ = H⁻¹·U. */
  readonly dual: Matrix;
}

/**
 * Option 1: lag-one moments taken for symmetric (Martens, Ba & Johnson 2018, §3.5.2). ½(Ψ + Ψᵀ) = U·diag(ψ)·Uᵀ on each
 * side diagonalises all lags at once, F̂⁻¹·V = L_A·[(L_Aᵀ·V·L_G)/φ]·L_Gᵀ with φ(ψ_A·ψ_G), exact for any lengths. With
 * `coordinates` 'hat' it is Φ alone, L = U.
 */
export class RecurrentOption1 implements RecurrentForm {
  readonly state: readonly Float64Array[];
  readonly #engine: Engine;
  readonly #coordinates: 'weights' | 'hat';
  readonly #a: Spectrum;
  readonly #g: Spectrum;
  readonly #phi: Float64Array;
  readonly #logDeterminant: Float64Array;
  readonly #product: TwoSidedProduct;
  readonly #core: Matrix;

  constructor(engine: Engine, inputs: number, outputs: number, coordinates: 'weights' | 'hat' = 'weights') {
    this.#engine = engine;
    this.#coordinates = coordinates;
    this.#a = spectrum(inputs, coordinates);
    this.#g = spectrum(outputs, coordinates);
    this.#phi = new Float64Array(inputs * outputs);
    this.#logDeterminant = new Float64Array(1);
    this.#product = new TwoSidedProduct(engine, inputs, outputs);
    this.#core = matrix(inputs, outputs);
    const matrices = [this.#a, this.#g].flatMap(({ basis, dual }) => (basis === dual ? [basis] : [basis, dual]));
    this.state = [...matrices.map(({ data }) => data as Float64Array), this.#phi, this.#logDeterminant];
  }

  prepare(a: RecurrentSide, g: RecurrentSide, counts: Float64Array): boolean {
    if (!this.#diagonalize(a, this.#a, counts) || !this.#diagonalize(g, this.#g, counts)) return false;
    let logs = g.size * a.logDeterminant + a.size * g.logDeterminant;
    let index = 0;
    for (const psiA of this.#a.psi) {
      for (const psiG of this.#g.psi) {
        const phi = lagSum(counts, psiA * psiG);
        logs += Math.log(phi);
        this.#phi[index++] = phi;
      }
    }
    this.#logDeterminant[0] = logs;
    return true;
  }

  #diagonalize(side: RecurrentSide, { psi, vectors, basis, dual }: Spectrum, counts: Float64Array): boolean {
    const { linalg } = this.#engine;
    // `dual` holds the symmetrised Ψ until it is written.
    symmetrize(side.psi, dual);
    if (!succeeds(() => linalg.eigenSymmetric(dual, psi, vectors))) return false;
    const bound = largestCorrelation(counts);
    for (let i = 0; i < psi.length; i++) psi[i] = Math.min(bound, Math.max(-bound, psi[i]!));
    if (this.#coordinates === 'hat') {
      basis.data.set(vectors.data);
      return true;
    }
    linalg.gemm(1, side.inverseRoot, 'n', vectors, 'n', 0, basis);
    linalg.gemm(1, side.root, 'n', vectors, 'n', 0, dual);
    return true;
  }

  solve(v: Matrix, out: Matrix): boolean {
    const core = this.#core.data;
    this.#product.apply(this.#a.basis, 't', v, this.#g.basis, 'n', this.#core);
    for (let i = 0; i < core.length; i++) core[i] = core[i]! / this.#phi[i]!;
    this.#product.apply(this.#a.basis, 'n', this.#core, this.#g.basis, 't', out);
    return true;
  }

  multiply(v: Matrix, out: Matrix): void {
    const core = this.#core.data;
    this.#product.apply(this.#a.dual, 't', v, this.#g.dual, 'n', this.#core);
    for (let i = 0; i < core.length; i++) core[i] = core[i]! * this.#phi[i]!;
    this.#product.apply(this.#a.dual, 'n', this.#core, this.#g.dual, 't', out);
  }

  logDeterminant(): number {
    return this.#logDeterminant[0]!;
  }

  sample(normal: Matrix, out: Matrix): void {
    const core = this.#core.data;
    for (let i = 0; i < core.length; i++) core[i] = normal.data[i]! / Math.sqrt(this.#phi[i]!);
    this.#product.apply(this.#a.basis, 'n', this.#core, this.#g.basis, 't', out);
  }
}

function spectrum(size: number, coordinates: 'weights' | 'hat'): Spectrum {
  const basis = matrix(size, size);
  const dual = coordinates === 'hat' ? basis : matrix(size, size);
  return { psi: new Float64Array(size), vectors: matrix(size, size), basis, dual };
}
