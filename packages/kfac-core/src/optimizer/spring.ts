import { addTransposedProduct, jacobianVectorProducts } from '../derivatives.ts';
import { BLOCK_BYTES } from '../blocks.ts';
import { succeeds } from '../curvature/succeeds.ts';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { KfacError } from '../errors.ts';
import type { Linearization, Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { TangentKernel } from '../tangent-kernel.ts';
import { allFinite, norm } from '../vector.ts';
import { gridLineSearch } from './grid-line-search.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';

/** Settings of `Spring`. */
export interface SpringOptions {
  /** λ > 0, against JᵀJ of residuals scaled to L = ½‖r‖². */
  readonly damping: number;
  /** μ in [0, 1): the share of the last direction that the next one is pulled to; 0 is ENGD-W. */
  readonly momentum: number;
}

/** Damping is multiplied by ten at most so often where K + λI is not positive definite. */
const RAISES = 3;
const MAX_REJECTIONS = 30;

/**
 * Gauss–Newton in the space of the samples, for N < P: ENGD-W and, with momentum, SPRING (Goldshlager, Abrahamsen & Lin
 * 2024; Guzmán-Cordero et al. 2025). φ ← μφ + Jᵀ(K + λI)⁻¹(−r − μJφ), K = JJᵀ, which is argmin ‖Jφ + r‖² + λ‖φ − μφ₀‖²;
 * θ ← θ + αφ with α from the grid line search. A step costs N²P + N³/3 operations and 31 losses. For losses ½‖r‖² (no
 * centred terms).
 */
export class Spring implements Optimizer {
  readonly name = 'spring';
  readonly #engine: Engine;
  readonly #layout: ParameterLayout;
  readonly #options: SpringOptions;
  readonly #blockBytes: number;
  readonly #direction: Float64Array;
  readonly #next: Float64Array;
  readonly #candidate: Float64Array;
  #kernel: TangentKernel | null = null;
  #factor: Matrix | null = null;
  #right = new Float64Array(0);
  #products = new Float64Array(0);
  #rejections = 0;

  /** `blockBytes`: of the columns of J that are held at once. */
  constructor(engine: Engine, layout: ParameterLayout, options: SpringOptions, blockBytes = BLOCK_BYTES) {
    if (!(options.damping > 0) || !(options.momentum >= 0 && options.momentum < 1)) {
      throw new KfacError(
        'KFAC_SPEC',
        `expected a damping above 0 and a momentum in [0, 1), got ${options.damping} and ${options.momentum}`,
      );
    }
    this.#engine = engine;
    this.#layout = layout;
    this.#options = options;
    this.#blockBytes = blockBytes;
    this.#direction = new Float64Array(layout.size);
    this.#next = new Float64Array(layout.size);
    this.#candidate = new Float64Array(layout.size);
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    const { loss } = linearization;
    if (!Number.isFinite(loss)) return { loss, accepted: false, newLoss: Number.NaN, metrics: {}, stop: 'non-finite' };
    const lambda = this.#solve(linearization);
    const isUsable = lambda !== null && allFinite(this.#next);
    const { alpha, loss: newLoss } = isUsable
      ? gridLineSearch((at) => objective.loss(at), theta, this.#next, loss, this.#candidate)
      : { alpha: 0, loss };
    const accepted = alpha > 0;
    if (accepted) {
      theta.set(this.#candidate);
      this.#direction.set(this.#next);
      this.#rejections = 0;
    } else {
      // Without its memory the next direction is one of descent.
      this.#direction.fill(0);
      this.#rejections += 1;
    }
    return {
      loss,
      accepted,
      newLoss: accepted ? newLoss : Number.NaN,
      stop: this.#rejections >= MAX_REJECTIONS ? 'stalled' : null,
      metrics: {
        'opt/damping': lambda ?? Number.NaN,
        'opt/lr': alpha,
        'opt/step_norm': accepted ? alpha * norm(this.#next) : 0,
        'opt/rejected': accepted ? 0 : 1,
      },
    };
  }

  /** The next direction; gives the damping with which K + λI could be factorised, or null. */
  #solve(linearization: Linearization): number | null {
    const { terms } = linearization;
    const centred = terms.find((term) => term.centred);
    if (centred)
      throw new KfacError(
        'KFAC_SPEC',
        `SPRING needs a sum of squares; the term "${centred.name}" has a centred curvature`,
      );
    const examples = terms.reduce((sum, { residual }) => sum + residual.length, 0);
    if (this.#factor?.rows !== examples) this.#allocate(examples);
    const kernel = this.#kernel!;
    const factor = this.#factor!;
    kernel.update(linearization);
    const lambda = this.#factorise(kernel.matrix, factor);
    if (lambda === null) return null;

    // −r − μ·J·φ of the scaled residuals r = slope/√ω, J = √ω·∂e/∂θ.
    const { momentum } = this.#options;
    let row = 0;
    for (const term of terms) {
      const products = this.#products.subarray(0, term.residual.length);
      jacobianVectorProducts(this.#layout, term, [this.#direction], products);
      for (let i = 0; i < products.length; i++) {
        const root = Math.sqrt(term.curvature[i]!);
        const r = root > 0 ? term.slope[i]! / root : 0;
        this.#right[row + i] = -r - momentum * root * products[i]!;
      }
      row += products.length;
    }
    this.#engine.linalg.choleskySolve(factor, matrixOver(examples, 1, this.#right));
    for (let i = 0; i < this.#next.length; i++) this.#next[i] = momentum * this.#direction[i]!;
    row = 0;
    for (const term of terms) {
      const weights = this.#products.subarray(0, term.residual.length);
      for (let i = 0; i < weights.length; i++) weights[i] = Math.sqrt(term.curvature[i]!) * this.#right[row + i]!;
      addTransposedProduct(this.#layout, term, weights, this.#next);
      row += weights.length;
    }
    return lambda;
  }

  #factorise(kernel: Matrix, factor: Matrix): number | null {
    const n = kernel.rows;
    for (let attempt = 0, lambda = this.#options.damping; attempt <= RAISES; attempt++, lambda *= 10) {
      factor.data.set(kernel.data);
      for (let i = 0; i < n; i++) factor.data[i * n + i]! += lambda;
      if (succeeds(() => this.#engine.linalg.cholesky(factor))) return lambda;
    }
    return null;
  }

  #allocate(examples: number): void {
    this.#kernel = new TangentKernel(this.#engine, this.#layout, examples, this.#blockBytes);
    this.#factor = matrix(examples, examples);
    this.#right = new Float64Array(examples);
    this.#products = new Float64Array(examples);
  }

  save(): OptimizerState {
    return { scalars: Float64Array.of(this.#rejections), direction: this.#direction.slice() };
  }

  restore(state: OptimizerState): void {
    this.#rejections = state['scalars']![0]!;
    this.#direction.set(state['direction']!);
  }
}
