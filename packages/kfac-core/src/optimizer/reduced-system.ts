import type { Bidiagonalization, Engine, Matrix, Tridiagonalization } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';

/** One damped step in reduced coordinates: ‖p(λ)‖², its Newton derivative term and the predicted reduction. */
export interface DampedStep {
  readonly lambda: number;
  /** ‖p‖², p = (JᵀJ + λI)⁻¹Jᵀr. */
  readonly squaredNorm: number;
  /** pᵀ(JᵀJ + λI)⁻¹p. */
  readonly derivative: number;
  /** ½(g·p + λ‖p‖²). */
  readonly predicted: number;
}

/**
 * JᵀJ reduced once so that every damped solve costs O(P) (Eldén 1977; Golub & Van Loan §6.1): no eigenvectors, no SVD.
 */
export interface ReducedSystem {
  /** An upper bound of σ₁². */
  readonly largest: number;
  /** Solves for one λ > 0 (or λ = 0 if regular); the reduced p stays inside until the next call. */
  solve(lambda: number): DampedStep;
  /** out ← p of the last `solve`, in parameter space. */
  expand(out: Float64Array): void;
}

/** Gram form: JᵀJ = Q·T·Qᵀ, T tridiagonal. Squares the condition number: good while λ > 1e-10·σ₁². */
export class GramSystem implements ReducedSystem {
  largest = 0;
  readonly #size: number;
  readonly #tridiagonal: Tridiagonalization;
  readonly #gram: Matrix;
  readonly #right: Float64Array;
  readonly #y: Float64Array;
  readonly #z: Float64Array;
  readonly #pivots: Float64Array;

  constructor(engine: Engine, size: number) {
    this.#size = size;
    this.#tridiagonal = engine.linalg.tridiagonalization(size);
    this.#gram = matrix(size, size);
    this.#right = new Float64Array(size);
    this.#y = new Float64Array(size);
    this.#z = new Float64Array(size);
    this.#pivots = new Float64Array(size);
  }

  /** `augmented`: the Gram matrix of [J | r], [P+1 × P+1]. */
  factor(augmented: Matrix): void {
    const n = this.#size;
    for (let i = 0; i < n; i++) {
      this.#gram.data.set(augmented.data.subarray(i * (n + 1), i * (n + 1) + n), i * n);
      this.#right[i] = augmented.data[i * (n + 1) + n]!;
    }
    this.#tridiagonal.factor(this.#gram);
    this.#tridiagonal.apply('t', this.#right);
    const { diagonal, offDiagonal } = this.#tridiagonal;
    this.largest = 0;
    for (let i = 0; i < n; i++) {
      const row = Math.abs(diagonal[i]!) + Math.abs(offDiagonal[i - 1] ?? 0) + Math.abs(offDiagonal[i] ?? 0);
      this.largest = Math.max(this.largest, row);
    }
  }

  solve(lambda: number): DampedStep {
    const { diagonal, offDiagonal } = this.#tridiagonal;
    const n = this.#size;
    const d = this.#pivots;
    const y = this.#y;
    const z = this.#z;
    // LDLᵀ of T + λI; a pivot that is not positive means that λ is below the rounding of JᵀJ.
    for (let i = 0; i < n; i++) {
      const e = i > 0 ? offDiagonal[i - 1]! : 0;
      d[i] = diagonal[i]! + lambda - (i > 0 ? (e * e) / d[i - 1]! : 0);
      if (!(d[i]! > 0))
        return {
          lambda,
          squaredNorm: Number.POSITIVE_INFINITY,
          derivative: Number.POSITIVE_INFINITY,
          predicted: Number.NaN,
        };
    }
    solveFactored(offDiagonal, d, this.#right, y);
    solveFactored(offDiagonal, d, y, z);
    let squaredNorm = 0;
    let derivative = 0;
    let projected = 0;
    for (let i = 0; i < n; i++) {
      squaredNorm += y[i]! * y[i]!;
      derivative += y[i]! * z[i]!;
      projected += this.#right[i]! * y[i]!;
    }
    return { lambda, squaredNorm, derivative, predicted: 0.5 * (projected + lambda * squaredNorm) };
  }

  expand(out: Float64Array): void {
    out.set(this.#y);
    this.#tridiagonal.apply('n', out);
  }
}

function solveFactored(offDiagonal: Float64Array, d: Float64Array, b: Float64Array, x: Float64Array): void {
  const n = d.length;
  for (let i = 0; i < n; i++) x[i] = b[i]! - (i > 0 ? (offDiagonal[i - 1]! / d[i - 1]!) * x[i - 1]! : 0);
  for (let i = n - 1; i >= 0; i--) x[i] = x[i]! / d[i]! - (i < n - 1 ? (offDiagonal[i]! / d[i]!) * x[i + 1]! : 0);
}

/** QR form: the R factor of J, R = U·B·Vᵀ with B bidiagonal; λ enters by Givens rotations on [B; √λ·I]. Nothing is squared. */
export class OrthogonalSystem implements ReducedSystem {
  largest = 0;
  readonly #size: number;
  readonly #bidiagonal: Bidiagonalization;
  readonly #triangle: Matrix;
  readonly #right: Float64Array;
  readonly #diagonal: Float64Array;
  readonly #upper: Float64Array;
  readonly #rotated: Float64Array;
  readonly #w: Float64Array;
  readonly #v: Float64Array;

  constructor(engine: Engine, size: number) {
    this.#size = size;
    this.#bidiagonal = engine.linalg.bidiagonalization(size);
    this.#triangle = matrix(size, size);
    this.#right = new Float64Array(size);
    this.#diagonal = new Float64Array(size);
    this.#upper = new Float64Array(size);
    this.#rotated = new Float64Array(size);
    this.#w = new Float64Array(size);
    this.#v = new Float64Array(size);
  }

  /** `augmented`: the R factor of [J | r], [P+1 × P+1]. */
  factor(augmented: Matrix): void {
    const n = this.#size;
    for (let i = 0; i < n; i++) {
      this.#triangle.data.set(augmented.data.subarray(i * (n + 1), i * (n + 1) + n), i * n);
      this.#right[i] = augmented.data[i * (n + 1) + n]!;
    }
    this.#bidiagonal.factor(this.#triangle);
    this.#bidiagonal.applyLeft('t', this.#right);
    const { diagonal, superDiagonal } = this.#bidiagonal;
    this.largest = 0;
    for (let i = 0; i < n; i++) {
      const row = Math.abs(diagonal[i]!) + Math.abs(superDiagonal[i] ?? 0) + Math.abs(superDiagonal[i - 1] ?? 0);
      this.largest = Math.max(this.largest, row * row);
    }
  }

  solve(lambda: number): DampedStep {
    const { diagonal: b, superDiagonal: e } = this.#bidiagonal;
    const n = this.#size;
    const root = Math.sqrt(lambda);
    let low = root;
    let lowRight = 0;
    for (let i = 0; i < n; i++) {
      const rho = Math.sqrt(b[i]! * b[i]! + low * low);
      const c = rho === 0 ? 1 : b[i]! / rho;
      const s = rho === 0 ? 0 : low / rho;
      this.#diagonal[i] = rho;
      this.#rotated[i] = c * this.#right[i]! + s * lowRight;
      lowRight = -s * this.#right[i]! + c * lowRight;
      if (i === n - 1) break;
      this.#upper[i] = c * e[i]!;
      const fill = -s * e[i]!;
      low = Math.sqrt(lambda + fill * fill);
      lowRight = low === 0 ? 0 : (fill / low) * lowRight;
    }
    const w = this.#w;
    const v = this.#v;
    for (let i = n - 1; i >= 0; i--)
      w[i] = (this.#rotated[i]! - (i < n - 1 ? this.#upper[i]! * w[i + 1]! : 0)) / this.#diagonal[i]!;
    for (let i = 0; i < n; i++) v[i] = (w[i]! - (i > 0 ? this.#upper[i - 1]! * v[i - 1]! : 0)) / this.#diagonal[i]!;
    let squaredNorm = 0;
    let derivative = 0;
    let projected = 0;
    for (let i = 0; i < n; i++) {
      squaredNorm += w[i]! * w[i]!;
      derivative += v[i]! * v[i]!;
      projected += (b[i]! * w[i]! + (i < n - 1 ? e[i]! * w[i + 1]! : 0)) * this.#right[i]!;
    }
    if (!Number.isFinite(squaredNorm)) squaredNorm = derivative = Number.POSITIVE_INFINITY;
    return { lambda, squaredNorm, derivative, predicted: 0.5 * (projected + lambda * squaredNorm) };
  }

  expand(out: Float64Array): void {
    out.set(this.#w);
    this.#bidiagonal.applyRight('n', out);
  }
}
