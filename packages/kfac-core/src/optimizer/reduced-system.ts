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
  readonly #tridiagonal: Tridiagonalization;
  readonly #gram: Matrix;
  readonly #right: Float64Array;
  readonly #y: Float64Array;
  readonly #sums = new Float64Array(3);

  constructor(engine: Engine, size: number) {
    this.#tridiagonal = engine.linalg.tridiagonalization(size);
    this.#gram = matrix(size, size);
    this.#right = new Float64Array(size);
    this.#y = new Float64Array(size);
  }

  /** `augmented`: the Gram matrix of [J | r], [P+1 × P+1]. */
  factor(augmented: Matrix): void {
    splitAugmented(augmented, this.#gram, this.#right);
    this.#tridiagonal.factor(this.#gram);
    this.#tridiagonal.apply('t', this.#right);
    this.largest = rowSumBound(this.#tridiagonal);
  }

  solve(lambda: number): DampedStep {
    this.#tridiagonal.solveShifted(lambda, this.#right, this.#y, this.#sums);
    return dampedStep(lambda, this.#sums);
  }

  expand(out: Float64Array): void {
    out.set(this.#y);
    this.#tridiagonal.apply('n', out);
  }
}

/** QR form: the R factor of J, R = U·B·Vᵀ with B bidiagonal; λ enters by Givens rotations on [B; √λ·I]. Nothing is squared. */
export class OrthogonalSystem implements ReducedSystem {
  largest = 0;
  readonly #size: number;
  readonly #bidiagonal: Bidiagonalization;
  #triangle: Matrix | null = null;
  readonly #right: Float64Array;
  readonly #w: Float64Array;
  readonly #sums = new Float64Array(3);

  constructor(engine: Engine, size: number) {
    this.#size = size;
    this.#bidiagonal = engine.linalg.bidiagonalization(size);
    this.#right = new Float64Array(size);
    this.#w = new Float64Array(size);
  }

  /** `augmented`: the R factor of [J | r], [P+1 × P+1]. */
  factor(augmented: Matrix): void {
    this.#triangle ??= matrix(this.#size, this.#size);
    splitAugmented(augmented, this.#triangle, this.#right);
    this.factorSquare(this.#triangle, this.#right);
  }

  /** The same from any square J [n × n], which is left untouched, and r [n]. */
  factorSquare(square: Matrix, right: Float64Array): void {
    this.#bidiagonal.factor(square);
    this.#right.set(right);
    this.#bidiagonal.applyLeft('t', this.#right);
    const { diagonal, superDiagonal } = this.#bidiagonal;
    this.largest = 0;
    for (let i = 0; i < this.#size; i++) {
      const row = Math.abs(diagonal[i]!) + Math.abs(superDiagonal[i] ?? 0) + Math.abs(superDiagonal[i - 1] ?? 0);
      this.largest = Math.max(this.largest, row * row);
    }
  }

  solve(lambda: number): DampedStep {
    this.#bidiagonal.solveDamped(lambda, this.#right, this.#w, this.#sums);
    return dampedStep(lambda, this.#sums);
  }

  expand(out: Float64Array): void {
    out.set(this.#w);
    this.#bidiagonal.applyRight('n', out);
  }
}

/** Gershgorin's bound of the largest eigenvalue of a tridiagonal matrix. */
export function rowSumBound({
  size,
  diagonal,
  offDiagonal,
}: Pick<Tridiagonalization, 'size' | 'diagonal' | 'offDiagonal'>): number {
  let largest = 0;
  for (let i = 0; i < size; i++) {
    const row = Math.abs(diagonal[i]!) + Math.abs(offDiagonal[i - 1] ?? 0) + Math.abs(offDiagonal[i] ?? 0);
    largest = Math.max(largest, row);
  }
  return largest;
}

/** The first P rows and columns of a square [P+1 × P+1] matrix, and the first P numbers of its last column. */
function splitAugmented({ cols, data }: Matrix, square: Matrix, column: Float64Array): void {
  const n = square.rows;
  for (let i = 0; i < n; i++) {
    square.data.set(data.subarray(i * cols, i * cols + n), i * n);
    column[i] = data[i * cols + n]!;
  }
}

function dampedStep(lambda: number, [squaredNorm, derivative, projected]: Float64Array): DampedStep {
  return {
    lambda,
    squaredNorm: squaredNorm!,
    derivative: derivative!,
    predicted: 0.5 * (projected! + lambda * squaredNorm!),
  };
}
