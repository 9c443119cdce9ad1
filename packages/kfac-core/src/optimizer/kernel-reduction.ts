import { addTransposedProduct } from '../derivatives.ts';
import { BLOCK_BYTES } from '../blocks.ts';
import type { Engine, Matrix, Tridiagonalization } from '../engine/engine.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { LayerRows } from '../layer-rows.ts';
import type { Linearization } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { TangentKernel } from '../tangent-kernel.ts';
import { examplesOf, requireSumOfSquares, scaledResiduals } from './least-squares-rows.ts';
import { type DampedStep, OrthogonalSystem, type ReducedSystem, rowSumBound } from './reduced-system.ts';
import type { Form, Reduction } from './reduction.ts';

/**
 * Gauss–Newton reduced in the space of the samples, for N < P: p(λ) = (JᵀJ + λI)⁻¹Jᵀr = Jᵀ(JJᵀ + λI)⁻¹r, with the kernel
 * JJᵀ, or the QR factors of Jᵀ, in place of JᵀJ. N²P operations for the kernel, 4·N²P for Q and R.
 */
export class KernelReduction implements Reduction {
  readonly #engine: Engine;
  readonly #layout: ParameterLayout;
  readonly #blockBytes: number;
  #examples = -1;
  #kernel: KernelSystem | null = null;
  #rows: TransposedSystem | null = null;

  /** `blockBytes`: of the columns of J that are held at once. */
  constructor(engine: Engine, layout: ParameterLayout, blockBytes = BLOCK_BYTES) {
    this.#engine = engine;
    this.#layout = layout;
    this.#blockBytes = blockBytes;
  }

  reduce(linearization: Linearization, form: Form): ReducedSystem {
    requireSumOfSquares(linearization);
    const examples = examplesOf(linearization);
    if (examples !== this.#examples) {
      this.#examples = examples;
      this.#kernel = null;
      this.#rows = null;
    }
    const system =
      form === 'gram'
        ? (this.#kernel ??= new KernelSystem(this.#engine, this.#layout, examples, this.#blockBytes))
        : (this.#rows ??= new TransposedSystem(this.#engine, this.#layout, examples, this.#blockBytes));
    system.factor(linearization);
    return system;
  }
}

/** Kernel form: JJᵀ = Q·T·Qᵀ, T tridiagonal, y = (T + λI)⁻¹Qᵀr, p = JᵀQy by one product with the captured pairs. */
class KernelSystem implements ReducedSystem {
  largest = 0;
  readonly #layout: ParameterLayout;
  readonly #kernel: TangentKernel;
  readonly #tridiagonal: Tridiagonalization;
  readonly #right: Float64Array;
  readonly #y: Float64Array;
  readonly #weights: Float64Array;
  readonly #sums = new Float64Array(3);
  #linearization: Linearization = { loss: 0, terms: [] };
  /** ‖r‖². */
  #energy = 0;

  constructor(engine: Engine, layout: ParameterLayout, examples: number, blockBytes: number) {
    this.#layout = layout;
    this.#kernel = new TangentKernel(engine, layout, examples, blockBytes);
    this.#tridiagonal = engine.linalg.tridiagonalization(examples);
    this.#right = new Float64Array(examples);
    this.#y = new Float64Array(examples);
    this.#weights = new Float64Array(examples);
  }

  factor(linearization: Linearization): void {
    this.#linearization = linearization;
    this.#kernel.update(linearization);
    this.#tridiagonal.factor(this.#kernel.matrix);
    scaledResiduals(linearization, this.#right);
    this.#energy = this.#right.reduce((sum, r) => sum + r * r, 0);
    this.#tridiagonal.apply('t', this.#right);
    this.largest = rowSumBound(this.#tridiagonal);
  }

  solve(lambda: number): DampedStep {
    this.#tridiagonal.solveShifted(lambda, this.#right, this.#y, this.#sums);
    const squared = this.#sums[0]!;
    const twice = this.#sums[1]!;
    const projected = this.#sums[2]!;
    // yᵀTy, yᵀT(T + λI)⁻¹y and rᵀJJᵀ(JJᵀ + λI)⁻¹r, with T = (T + λI) − λI. Of a singular T rounding may leave negative ones where
    // λ is too small: no step then.
    const norm = projected - lambda * squared;
    const slope = squared - lambda * twice;
    const isStep = norm >= 0 && slope >= 0;
    const squaredNorm = isStep ? norm : Number.POSITIVE_INFINITY;
    return {
      lambda,
      squaredNorm,
      derivative: isStep ? slope : Number.POSITIVE_INFINITY,
      predicted: 0.5 * (this.#energy - lambda * projected + lambda * squaredNorm),
    };
  }

  expand(out: Float64Array): void {
    this.#weights.set(this.#y);
    this.#tridiagonal.apply('n', this.#weights);
    out.fill(0);
    let row = 0;
    for (const term of this.#linearization.terms) {
      const weights = this.#weights.subarray(row, row + term.residual.length);
      for (let i = 0; i < weights.length; i++) weights[i]! *= Math.sqrt(term.curvature[i]!);
      addTransposedProduct(this.#layout, term, weights, out);
      row += weights.length;
    }
  }
}

/**
 * QR form: Jᵀ = Q·R, so that J = RᵀQᵀ and p = Q·p̂ with p̂ the damped least-squares solution of [Rᵀ | r] in N unknowns.
 * Nothing is squared; Jᵀ and Q are held, [P × N] each.
 */
class TransposedSystem implements ReducedSystem {
  largest = 0;
  readonly #engine: Engine;
  readonly #layers: LayerRows;
  readonly #transposed: Matrix;
  readonly #basis: Matrix;
  readonly #triangle: Matrix;
  readonly #system: OrthogonalSystem;
  readonly #right: Float64Array;
  readonly #reduced: Matrix;

  constructor(engine: Engine, layout: ParameterLayout, examples: number, blockBytes: number) {
    this.#engine = engine;
    this.#layers = new LayerRows(layout, examples, blockBytes);
    this.#transposed = matrix(layout.size, examples);
    this.#basis = matrix(layout.size, examples);
    this.#triangle = matrix(examples, examples);
    this.#system = new OrthogonalSystem(engine, examples);
    this.#right = new Float64Array(examples);
    this.#reduced = matrix(examples, 1);
  }

  factor(linearization: Linearization): void {
    const { cols: examples, data: transposed } = this.#transposed;
    this.#layers.forEach(linearization, ({ offset }, { cols, data }) => {
      for (let n = 0; n < examples; n++) {
        for (let k = 0; k < cols; k++) transposed[(offset + k) * examples + n] = data[n * cols + k]!;
      }
    });
    const triangle = this.#triangle;
    this.#engine.linalg.qr(this.#transposed, this.#basis, triangle);
    transposeInPlace(triangle);
    scaledResiduals(linearization, this.#right);
    this.#system.factorSquare(triangle, this.#right);
    this.largest = this.#system.largest;
  }

  solve(lambda: number): DampedStep {
    return this.#system.solve(lambda);
  }

  expand(out: Float64Array): void {
    this.#system.expand(this.#reduced.data as Float64Array);
    this.#engine.linalg.gemm(1, this.#basis, 'n', this.#reduced, 'n', 0, matrixOver(out.length, 1, out));
  }
}

function transposeInPlace({ rows, data }: Matrix): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      const kept = data[i * rows + j]!;
      data[i * rows + j] = data[j * rows + i]!;
      data[j * rows + i] = kept;
    }
  }
}
