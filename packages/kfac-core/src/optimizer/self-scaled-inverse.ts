import { succeeds } from '../curvature/succeeds.ts';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { allFinite, dot } from '../vector.ts';
import type { OptimizerState } from './optimizer.ts';
import type { InverseHessian } from './quasi-newton.ts';

/** What the choice of a member of the family depends on. */
export interface UpdateQuantities {
  /** b = sᵀH⁻¹s/(yᵀs) > 0. */
  readonly b: number;
  /** ζ = yᵀHy/(yᵀs) > 0; bζ ≥ 1 by Cauchy and Schwarz. */
  readonly zeta: number;
  /** P. */
  readonly size: number;
  /** True for the first update of H = I, which has no scale yet. */
  readonly isFirst: boolean;
}

/** A member of the family: φ mixes BFGS (1) and DFP (0), τ > 0 divides the old curvature. */
export type FamilyMember = (quantities: UpdateQuantities) => { readonly phi: number; readonly tau: number };

/**
 * Dense H [P × P] of the self-scaled Broyden family (Al-Baali 1998):
 * H ← [H − Hy(Hy)ᵀ/(yᵀHy) + φ(yᵀHy)vvᵀ]/τ + κssᵀ, κ = 1/(yᵀs), v = κs − Hy/(yᵀHy); a symmetric update of rank two, 2P²
 * operations for it and as many for each of the two products H·y, H·∇L. An H that rounding has left without yᵀHy > 0 is
 * dropped. New points keep H if its Cholesky factorisation succeeds.
 */
export class SelfScaledInverse implements InverseHessian {
  readonly #engine: Engine;
  readonly #member: FamilyMember;
  readonly #size: number;
  readonly #h: Matrix;
  /** Rows Hy, v, s, whose outer products are added. */
  readonly #rows: Matrix;
  readonly #weights = new Float64Array(3);
  readonly #hy: Float64Array;
  readonly #v: Float64Array;
  readonly #s: Float64Array;
  #copy: Matrix | null = null;
  #isIdentity = true;

  constructor(engine: Engine, size: number, member: FamilyMember) {
    this.#engine = engine;
    this.#member = member;
    this.#size = size;
    this.#h = matrix(size, size);
    const rows = new Float64Array(3 * size);
    this.#rows = matrixOver(3, size, rows);
    this.#hy = rows.subarray(0, size);
    this.#v = rows.subarray(size, 2 * size);
    this.#s = rows.subarray(2 * size);
  }

  get isIdentity(): boolean {
    return this.#isIdentity;
  }

  direction(g: Float64Array, out: Float64Array): void {
    this.#multiply(-1, g, out);
  }

  update(s: Float64Array, y: Float64Array, sBs: number): void {
    const ys = dot(y, s);
    this.#multiply(1, y, this.#hy);
    const yHy = dot(y, this.#hy);
    const { phi, tau } = this.#member({
      b: sBs / ys,
      zeta: yHy / ys,
      size: this.#size,
      isFirst: this.#isIdentity,
    });
    const weights = this.#weights;
    weights[0] = -1 / (yHy * tau);
    weights[1] = (phi * yHy) / tau;
    weights[2] = 1 / ys;
    if (!(yHy > 0) || !(tau > 0) || !allFinite(weights)) {
      this.reset();
      return;
    }
    for (let i = 0; i < this.#size; i++) this.#v[i] = s[i]! / ys - this.#hy[i]! / yHy;
    this.#s.set(s);
    if (this.#isIdentity) this.#fillIdentity();
    this.#isIdentity = false;
    this.#engine.linalg.gram(1, this.#rows, weights, 1, 1 / tau, this.#h);
  }

  rebase(): void {
    if (this.#isIdentity) return;
    this.#copy ??= matrix(this.#size, this.#size);
    const copy = this.#copy;
    copy.data.set(this.#h.data);
    if (!succeeds(() => this.#engine.linalg.cholesky(copy))) this.reset();
  }

  reset(): void {
    this.#isIdentity = true;
  }

  /** out ← α·H·x, as xᵀH, whose product reads H row by row without repacking it. */
  #multiply(alpha: number, x: Float64Array, out: Float64Array): void {
    if (this.#isIdentity) for (let i = 0; i < x.length; i++) out[i] = alpha * x[i]!;
    else {
      const [row, product] = [matrixOver(1, this.#size, x), matrixOver(1, this.#size, out)];
      this.#engine.linalg.gemm(alpha, row, 'n', this.#h, 'n', 0, product);
    }
  }

  #fillIdentity(): void {
    this.#h.data.fill(0);
    for (let i = 0; i < this.#size; i++) this.#h.data[i * this.#size + i] = 1;
  }

  /** H's lower triangle, row by row; nothing if H = I. */
  save(): OptimizerState {
    const n = this.#size;
    const inverse = new Float64Array(this.#isIdentity ? 0 : (n * (n + 1)) / 2);
    if (!this.#isIdentity)
      for (let i = 0, at = 0; i < n; at += ++i) inverse.set(this.#h.data.subarray(i * n, i * n + i + 1), at);
    return { inverse };
  }

  restore(state: OptimizerState): void {
    const inverse = state['inverse']!;
    const n = this.#size;
    this.#isIdentity = inverse.length === 0;
    if (this.#isIdentity) return;
    for (let i = 0, at = 0; i < n; i++)
      for (let j = 0; j <= i; j++, at++) this.#h.data[i * n + j] = this.#h.data[j * n + i] = inverse[at]!;
  }
}
