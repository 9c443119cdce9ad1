import { KFacCurvature, type KFacCurvatureOptions } from '../curvature/kfac-curvature.ts';
import { gradient } from '../derivatives.ts';
import type { Engine } from '../engine/engine.ts';
import { KfacError } from '../errors.ts';
import { GaussNewtonOperator } from '../gauss-newton-operator.ts';
import type { Linearization, Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { allFinite, dot, norm } from '../vector.ts';
import { ConjugateGradient, type LinearSystem } from './conjugate-gradient.ts';
import { levenbergMarquardt } from './levenberg-marquardt.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';

/** Settings of `KFacPcg`. */
export interface KFacPcgOptions extends KFacCurvatureOptions {
  /** λ₀ > 0, against JᵀΩJ; the preconditioner is damped with the same λ. */
  readonly damping: number;
  /** k ≥ 1: 1 is K-FAC with learning rate and momentum from the quadratic model, P is Gauss–Newton. */
  readonly iterations: number;
}

const MAX_REJECTIONS = 30;
/** λ rises by this factor when a step is taken back. */
const REJECTION = 4;

/**
 * Gauss–Newton by k conjugate-gradient iterations on (JᵀΩJ + λI)·δ = −∇L, preconditioned with K-FAC's damped inverse.
 * The first iteration minimises over span{−F̂⁻¹∇L, δ_previous}, the space of K-FAC with automatic step and momentum;
 * the other k − 1 are conjugate to it. No P × P matrix is formed: k + 1 products with J and Jᵀ a step. A step that
 * does not lower the loss is taken back, averages of the curvature included, and λ is multiplied by four; otherwise λ
 * follows the ratio of actual to predicted reduction.
 */
export class KFacPcg implements Optimizer {
  readonly name = 'kfac-pcg';
  readonly #layout: ParameterLayout;
  readonly #iterations: number;
  readonly #curvature: KFacCurvature;
  readonly #operator: GaussNewtonOperator;
  readonly #system: LinearSystem;
  readonly #solver: ConjugateGradient;
  readonly #direction: Float64Array;
  readonly #previous: Float64Array;
  readonly #candidate: Float64Array;
  #lambda: number;
  #hasPrevious = false;
  #rejections = 0;

  constructor(engine: Engine, layout: ParameterLayout, options: KFacPcgOptions) {
    const { damping, iterations } = options;
    if (!(damping > 0 && Number.isInteger(iterations) && iterations >= 1)) {
      throw new KfacError(
        'KFAC_SPEC',
        `expected a damping above 0 and at least 1 iteration, a whole number; got ${damping} and ${iterations}`,
      );
    }
    this.#layout = layout;
    this.#iterations = iterations;
    this.#curvature = new KFacCurvature(engine, layout, options);
    this.#lambda = damping;
    this.#operator = new GaussNewtonOperator(layout);
    this.#system = {
      right: new Float64Array(layout.size),
      apply: (v, out) => this.#operator.apply(v, out),
      precondition: (v, out) => this.#curvature.solve(v, out),
    };
    this.#solver = new ConjugateGradient(layout.size);
    this.#direction = new Float64Array(layout.size);
    this.#previous = new Float64Array(layout.size);
    this.#candidate = new Float64Array(layout.size);
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    const { loss } = linearization;
    if (!Number.isFinite(loss)) return { loss, accepted: false, newLoss: Number.NaN, metrics: {}, stop: 'non-finite' };
    const before = this.#curvature.save();
    let accepted = false;
    try {
      const lambda = this.#lambda;
      const used = this.#solve(linearization, lambda);
      const delta = this.#solver.x;
      for (let i = 0; i < theta.length; i++) this.#candidate[i] = theta[i]! + delta[i]!;
      const newLoss = allFinite(this.#candidate) ? objective.loss(this.#candidate) : Number.NaN;
      accepted = newLoss < loss;
      const length = norm(delta);
      // The model of the system is damped; what it predicts for the loss is not.
      const predicted = this.#solver.model - 0.5 * lambda * length * length;
      const ratio = (newLoss - loss) / predicted;
      if (accepted) {
        theta.set(this.#candidate);
        this.#previous.set(delta);
        this.#hasPrevious = true;
        this.#rejections = 0;
        this.#lambda = levenbergMarquardt(lambda, ratio);
      } else {
        this.#rejections += 1;
        this.#lambda = REJECTION * lambda;
      }
      const gradientNorm = norm(this.#system.right);
      return {
        loss,
        accepted,
        newLoss,
        stop: this.#rejections >= MAX_REJECTIONS ? 'stalled' : null,
        metrics: {
          'opt/damping': lambda,
          'opt/lm_ratio': ratio,
          'opt/cg_iterations': used,
          'opt/cg_residual': this.#solver.residualNorm / gradientNorm,
          'opt/cos_nat_raw': dot(this.#system.right, delta) / (gradientNorm * length),
          'opt/grad_norm': gradientNorm,
          'opt/step_norm': accepted ? length : 0,
          'opt/rejected': accepted ? 0 : 1,
          'opt/stale': this.#curvature.stale,
        },
      };
    } finally {
      if (!accepted) this.#curvature.restore(before);
    }
  }

  /** δ into the solver's x; gives the number of iterations. */
  #solve(linearization: Linearization, lambda: number): number {
    const { right } = this.#system;
    gradient(this.#layout, linearization, right);
    for (let i = 0; i < right.length; i++) right[i] = -right[i]!;
    this.#curvature.prepare(linearization);
    this.#curvature.update(linearization);
    this.#curvature.refresh(lambda);
    this.#operator.set(linearization, lambda);
    this.#curvature.solve(right, this.#direction);
    this.#solver.begin(this.#system);
    this.#solver.include(this.#direction);
    if (this.#hasPrevious) this.#solver.include(this.#previous);
    let used = 1;
    while (used < this.#iterations && this.#solver.iterate()) used += 1;
    return used;
  }

  save(): OptimizerState {
    return {
      ...this.#curvature.save(),
      scalars: Float64Array.of(this.#lambda, this.#hasPrevious ? 1 : 0, this.#rejections, this.#curvature.stale),
      previous: this.#previous.slice(),
    };
  }

  restore(state: OptimizerState): void {
    const [lambda, hasPrevious, rejections, stale] = state['scalars']!;
    this.#lambda = lambda!;
    this.#hasPrevious = hasPrevious === 1;
    this.#rejections = rejections!;
    this.#curvature.stale = stale!;
    this.#previous.set(state['previous']!);
    this.#curvature.restore(state);
  }
}
