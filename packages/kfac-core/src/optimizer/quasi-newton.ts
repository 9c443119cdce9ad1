import { gradient } from '../derivatives.ts';
import type { Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { allFinite, dot, norm } from '../vector.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';
import { type LineSearchResult, wolfeLineSearch } from './wolfe-line-search.ts';

/** An approximation H of the inverse Hessian, learnt from steps s and changes y of the gradient. */
export interface InverseHessian {
  /** True at the beginning and after `reset`: H = I, without scale. */
  readonly isIdentity: boolean;
  /** out ← −H·g; g, out [P]. */
  direction(g: Float64Array, out: Float64Array): void;
  /** Takes in a step s [P] with yᵀs > 0, y [P]; sBs = sᵀH⁻¹s. Afterwards H·y = s. */
  update(s: Float64Array, y: Float64Array, sBs: number): void;
  /** The points have changed: keeps of H what may be kept. */
  rebase(): void;
  reset(): void;
  save(): OptimizerState;
  restore(state: OptimizerState): void;
}

/**
 * A quasi-Newton method: d = −H·∇L, θ ← θ + αd with α from the strong Wolfe line search, then H learns from the step. One
 * linearisation a trial, nearly always one a step. A pair without yᵀs > 0, which only a line search without a Wolfe point
 * leaves, is not learnt from. A direction that is none of descent or along which nothing lies lower drops H, and the step
 * goes along −∇L; if that fails as well, it stops with 'line-search'. Where ∇L = 0 it stops with 'gradient'. A loss at θ
 * that is not the one with which the last step ended means new points; a proximal objective is a new one in every step. Any
 * loss, sums of squares or not.
 */
export class QuasiNewton implements Optimizer {
  readonly name: string;
  readonly #layout: ParameterLayout;
  readonly #inverse: InverseHessian;
  readonly #direction: Float64Array;
  readonly #candidate: Float64Array;
  readonly #gradient: Float64Array;
  readonly #next: Float64Array;
  readonly #s: Float64Array;
  readonly #y: Float64Array;
  /** L with which the last step ended, where #gradient is ∇L; NaN before the first. */
  #loss = Number.NaN;
  /** By how much the last accepted step lowered L, > 0. */
  #decrease = 0;

  constructor(name: string, layout: ParameterLayout, inverse: InverseHessian) {
    this.name = name;
    this.#layout = layout;
    this.#inverse = inverse;
    const vector = (): Float64Array => new Float64Array(layout.size);
    this.#direction = vector();
    this.#candidate = vector();
    this.#gradient = vector();
    this.#next = vector();
    this.#s = vector();
    this.#y = vector();
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    const { loss } = linearization;
    const isFresh = this.#inverse.isIdentity;
    if (loss !== this.#loss || objective.isProximal) {
      gradient(this.#layout, linearization, this.#gradient);
      if (!Number.isNaN(this.#loss)) this.#inverse.rebase();
    }
    const length = norm(this.#gradient);
    if (!Number.isFinite(loss) || !Number.isFinite(length))
      return { loss, accepted: false, newLoss: Number.NaN, metrics: {}, stop: 'non-finite' };

    let isDropped: boolean = !isFresh && this.#inverse.isIdentity;
    let found = this.#search(objective, theta, loss);
    let { evaluations } = found;
    if (found.alpha === 0 && !this.#inverse.isIdentity) {
      this.#inverse.reset();
      isDropped = true;
      found = this.#search(objective, theta, loss);
      evaluations += found.evaluations;
    }
    const accepted = found.alpha > 0;
    if (accepted) this.#accept(theta, loss, found);
    else this.#loss = loss;
    isDropped ||= !isFresh && this.#inverse.isIdentity;
    return {
      loss,
      accepted,
      newLoss: accepted ? found.loss : Number.NaN,
      stop: accepted ? null : length === 0 ? 'gradient' : 'line-search',
      metrics: {
        'opt/lr': found.alpha,
        'opt/evaluations': evaluations,
        'opt/grad_norm': length,
        'opt/step_norm': accepted ? norm(this.#s) : 0,
        'opt/restarted': isDropped ? 1 : 0,
        'opt/rejected': accepted ? 0 : 1,
      },
    };
  }

  /** Searches along −H·∇L; a result above 0 leaves θ + α·d in #candidate and its gradient in #next. */
  #search(objective: Objective, theta: Float64Array, loss: number): LineSearchResult {
    const direction = this.#direction;
    this.#inverse.direction(this.#gradient, direction);
    const slope = dot(this.#gradient, direction);
    const start = { alpha: 0, loss, slope };
    if (!(slope < 0) || !allFinite(direction)) return { ...start, evaluations: 0 };
    // Without curvature the scale is unknown: a first trial of length at most 1. Later the one that would lower L as much as
    // the last step did (Nocedal & Wright, equation 3.60): self-scaling makes H too large more often than too small.
    const first = this.#inverse.isIdentity
      ? Math.min(1, 1 / norm(direction))
      : Math.min(1, (1.01 * 2 * this.#decrease) / -slope);
    const evaluate = (alpha: number) => {
      for (let i = 0; i < theta.length; i++) this.#candidate[i] = theta[i]! + alpha * direction[i]!;
      const linearization = objective.linearize(this.#candidate);
      gradient(this.#layout, linearization, this.#next);
      return { alpha, loss: linearization.loss, slope: dot(this.#next, direction) };
    };
    return wolfeLineSearch(evaluate, start, first);
  }

  #accept(theta: Float64Array, before: number, { alpha, loss }: LineSearchResult): void {
    for (let i = 0; i < theta.length; i++) {
      this.#s[i] = this.#candidate[i]! - theta[i]!;
      this.#y[i] = this.#next[i]! - this.#gradient[i]!;
    }
    // s = −αH∇L, so that sᵀH⁻¹s = −α·sᵀ∇L.
    const sBs = -alpha * dot(this.#s, this.#gradient);
    if (dot(this.#y, this.#s) > 0) this.#inverse.update(this.#s, this.#y, sBs);
    theta.set(this.#candidate);
    this.#gradient.set(this.#next);
    this.#loss = loss;
    this.#decrease = before - loss;
  }

  save(): OptimizerState {
    return {
      ...this.#inverse.save(),
      scalars: Float64Array.of(this.#loss, this.#decrease),
      gradient: this.#gradient.slice(),
    };
  }

  restore(state: OptimizerState): void {
    const [loss, decrease] = state['scalars']!;
    this.#loss = loss!;
    this.#decrease = decrease!;
    this.#gradient.set(state['gradient']!);
    this.#inverse.restore(state);
  }
}
