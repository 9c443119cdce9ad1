import { gradient } from '../derivatives.ts';
import type { Engine } from '../engine/engine.ts';
import { KfacError } from '../errors.ts';
import { GaussNewtonOperator } from '../gauss-newton-operator.ts';
import type { Linearization, Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { allFinite, dot, norm } from '../vector.ts';
import { ConjugateGradient, type LinearSystem } from './conjugate-gradient.ts';
import { gridLineSearch } from './grid-line-search.ts';
import { levenbergMarquardt } from './levenberg-marquardt.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';

/** Settings of `HessianFree`. */
export interface HessianFreeOptions {
  /** λ₀ > 0, against JᵀΩJ. */
  readonly damping: number;
  /** Most conjugate-gradient iterations of a step. */
  readonly iterations: number;
}

/** Share of the last solution at which the next one starts. */
const WARM_START = 0.95;
/** Iterations end once the last max(10, i/10) of them brought less than 5e-4 of the model's value each. */
const PROGRESS = 5e-4;
const WINDOW = 10;
/** Iterates ⌈1.3^j⌉ are kept for the way back. */
const SPACING = 1.3;
const MAX_REJECTIONS = 30;

/** An iterate of the solver, and after how many iterations it stood there. */
interface Iterate {
  readonly delta: Float64Array;
  iteration: number;
}

/**
 * Hessian-free optimisation (Martens 2010; Martens & Sutskever 2012): truncated conjugate gradients on
 * (JᵀΩJ + λI)·δ = −∇L, started at 0.95 of the last solution; back over the iterates ⌈1.3^j⌉ while the true loss falls;
 * then the grid line search, and λ by the ratio γ of actual to predicted reduction of the solver's last iterate: an
 * earlier one is trusted because it is short, and λ would fall for ever. No P × P matrix is formed.
 */
export class HessianFree implements Optimizer {
  readonly name = 'hessian-free';
  readonly #layout: ParameterLayout;
  readonly #iterations: number;
  readonly #operator: GaussNewtonOperator;
  readonly #system: LinearSystem;
  readonly #solver: ConjugateGradient;
  readonly #start: Float64Array;
  readonly #candidate: Float64Array;
  readonly #kept: Iterate[] = [];
  readonly #models: Float64Array;
  #count = 0;
  #lambda: number;
  #rejections = 0;

  constructor(_engine: Engine, layout: ParameterLayout, options: HessianFreeOptions) {
    const { damping, iterations } = options;
    if (!(damping > 0 && Number.isInteger(iterations) && iterations >= 1)) {
      throw new KfacError(
        'KFAC_SPEC',
        `expected a damping above 0 and at least 1 iteration, a whole number; got ${damping} and ${iterations}`,
      );
    }
    this.#layout = layout;
    this.#iterations = iterations;
    this.#operator = new GaussNewtonOperator(layout);
    this.#system = {
      right: new Float64Array(layout.size),
      apply: (v, out) => this.#operator.apply(v, out),
    };
    this.#solver = new ConjugateGradient(layout.size);
    this.#start = new Float64Array(layout.size);
    this.#candidate = new Float64Array(layout.size);
    this.#models = new Float64Array(iterations + 1);
    this.#lambda = damping;
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    const { loss } = linearization;
    if (!Number.isFinite(loss)) return { loss, accepted: false, newLoss: Number.NaN, metrics: {}, stop: 'non-finite' };
    const lambda = this.#lambda;
    this.#solve(linearization, lambda);
    const used = this.#kept[this.#count - 1]!.iteration;
    const last = this.#lossAt(objective, theta, this.#solver.x);
    const ratio = (last - loss) / (this.#solver.model - 0.5 * lambda * dot(this.#solver.x, this.#solver.x));
    const { delta, iteration } = this.#backtrack(objective, theta, last);
    const length = norm(delta);
    const { alpha, loss: newLoss } = allFinite(delta)
      ? gridLineSearch((candidate) => objective.loss(candidate), theta, delta, loss, this.#candidate)
      : { alpha: 0, loss };
    const accepted = alpha > 0;
    if (accepted) {
      theta.set(this.#candidate);
      for (let i = 0; i < this.#start.length; i++) this.#start[i] = WARM_START * this.#solver.x[i]!;
    }
    this.#rejections = accepted ? 0 : this.#rejections + 1;
    this.#lambda = levenbergMarquardt(lambda, accepted ? ratio : Number.NaN);
    return {
      loss,
      accepted,
      newLoss: accepted ? newLoss : Number.NaN,
      stop: this.#rejections >= MAX_REJECTIONS ? 'stalled' : null,
      metrics: {
        'opt/damping': lambda,
        'opt/lm_ratio': ratio,
        'opt/cg_iterations': used,
        'opt/cg_chosen': iteration,
        'opt/cg_residual': this.#solver.residualNorm / norm(this.#system.right),
        'opt/lr': alpha,
        'opt/grad_norm': norm(this.#system.right),
        'opt/step_norm': accepted ? alpha * length : 0,
        'opt/rejected': accepted ? 0 : 1,
      },
    };
  }

  /** Runs the solver; its iterates of the way are then the first `#count` of `#kept`, the last one at the end. */
  #solve(linearization: Linearization, lambda: number): void {
    const solver = this.#solver;
    const { right } = this.#system;
    gradient(this.#layout, linearization, right);
    for (let i = 0; i < right.length; i++) right[i] = -right[i]!;
    this.#operator.set(linearization, lambda);
    solver.begin(this.#system, this.#start);
    this.#models[0] = solver.model;
    this.#count = 0;
    let next = 1;
    let i = 0;
    while (i < this.#iterations && !this.#isFlat(i) && solver.iterate()) {
      i += 1;
      this.#models[i] = solver.model;
      if (i !== Math.ceil(next)) continue;
      this.#keep(i);
      while (Math.ceil(next) <= i) next *= SPACING;
    }
    if (this.#count === 0 || this.#kept[this.#count - 1]!.iteration !== i) this.#keep(i);
  }

  /** Whether the last iterations up to i brought too little (Martens 2010, §4.4). */
  #isFlat(i: number): boolean {
    const window = Math.max(WINDOW, Math.ceil(i / 10));
    if (i <= window) return false;
    const model = this.#models[i]!;
    return (model - this.#models[i - window]!) / model < window * PROGRESS;
  }

  #keep(iteration: number): void {
    const { x } = this.#solver;
    const slot = (this.#kept[this.#count] ??= { delta: new Float64Array(x.length), iteration });
    slot.delta.set(x);
    slot.iteration = iteration;
    this.#count += 1;
  }

  /** From the last kept iterate, whose true loss is given, back as long as the loss falls. */
  #backtrack(objective: Objective, theta: Float64Array, last: number): Iterate {
    let k = this.#count - 1;
    let loss = last;
    while (k > 0) {
      const earlier = this.#lossAt(objective, theta, this.#kept[k - 1]!.delta);
      // A loss that is not finite is worse than any other.
      if (!(earlier < loss) && Number.isFinite(loss)) break;
      loss = earlier;
      k -= 1;
    }
    return this.#kept[k]!;
  }

  #lossAt(objective: Objective, theta: Float64Array, delta: Float64Array): number {
    for (let i = 0; i < theta.length; i++) this.#candidate[i] = theta[i]! + delta[i]!;
    return objective.loss(this.#candidate);
  }

  save(): OptimizerState {
    return { scalars: Float64Array.of(this.#lambda, this.#rejections), start: this.#start.slice() };
  }

  restore(state: OptimizerState): void {
    const [lambda, rejections] = state['scalars']!;
    this.#lambda = lambda!;
    this.#rejections = rejections!;
    this.#start.set(state['start']!);
  }
}
