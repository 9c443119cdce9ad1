import { gradient } from '../derivatives.ts';
import type { Engine } from '../engine/engine.ts';
import { KfacError } from '../errors.ts';
import { GaussNewtonOperator } from '../gauss-newton-operator.ts';
import type { Linearization, Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import type { PhiloxStream } from '../random.ts';
import { addScaled, allFinite, dot, norm } from '../vector.ts';
import { ConjugateGradient, type LinearSystem } from './conjugate-gradient.ts';
import { NystromPreconditioner } from './nystrom-preconditioner.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';

/** Settings of `NystromNewtonCg`. */
export interface NystromNewtonCgOptions {
  /** μ > 0, against JᵀΩJ, the same in every step. */
  readonly damping: number;
  /** k ≥ 1: rank of the preconditioner, all P of it if there are not more parameters. */
  readonly rank: number;
  /** Most conjugate-gradient iterations of a step. */
  readonly iterations: number;
  /** The random numbers of the sketch of a step, 1, 2, …: the same ones whenever it is asked for that step. */
  readonly random: (step: number) => PhiloxStream;
}

/** Steps between two preconditioners. */
const REFRESH = 20;
/** The system is solved once its residual is below this share of the gradient. */
const TOLERANCE = 1e-8;
/** c of L(θ + αd) ≤ L(θ) + c·α·∇Lᵀd. */
const DECREASE = 0.1;
const HALVINGS = 30;

/**
 * Nyström Newton–CG (Rathore et al. 2024) with the Gauss–Newton matrix: (JᵀΩJ + μI)·d = −∇L by conjugate gradients,
 * started at the last d, with a randomised Nyström preconditioner that is renewed every 20 steps; θ ← θ + αd with
 * α = 1, ½, … until the loss has decreased sufficiently (Armijo, 0.1). No P × P matrix is formed. Where no α does, the
 * preconditioner and the last d are dropped and the search goes along −∇L; if that fails too, it stops with 'line-search'.
 */
export class NystromNewtonCg implements Optimizer {
  readonly name = 'nystrom-newton-cg';
  readonly #layout: ParameterLayout;
  readonly #options: NystromNewtonCgOptions;
  readonly #operator: GaussNewtonOperator;
  readonly #preconditioner: NystromPreconditioner;
  readonly #system: LinearSystem;
  readonly #solver: ConjugateGradient;
  readonly #direction: Float64Array;
  readonly #candidate: Float64Array;
  #step = 0;
  /** Steps that the preconditioner has served; a new one is due at 0. */
  #age = 0;

  constructor(engine: Engine, layout: ParameterLayout, options: NystromNewtonCgOptions) {
    const { damping, rank, iterations } = options;
    const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;
    if (!(damping > 0) || !isCount(rank) || !isCount(iterations)) {
      throw new KfacError(
        'KFAC_SPEC',
        `expected a damping above 0, a rank and iterations of at least 1, whole numbers; got ${damping}, ${rank} and ${iterations}`,
      );
    }
    this.#layout = layout;
    this.#options = options;
    this.#operator = new GaussNewtonOperator(layout);
    this.#preconditioner = new NystromPreconditioner(engine, layout.size, Math.min(rank, layout.size));
    this.#system = {
      right: new Float64Array(layout.size),
      apply: (v, out) => this.#operator.apply(v, out),
      precondition: (v, out) => this.#preconditioner.solve(damping, v, out),
    };
    this.#solver = new ConjugateGradient(layout.size);
    this.#direction = new Float64Array(layout.size);
    this.#candidate = new Float64Array(layout.size);
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    const { loss } = linearization;
    const { right } = this.#system;
    gradient(this.#layout, linearization, right);
    for (let i = 0; i < right.length; i++) right[i] = -right[i]!;
    const length = norm(right);
    if (!Number.isFinite(loss) || !Number.isFinite(length))
      return { loss, accepted: false, newLoss: Number.NaN, metrics: {}, stop: 'non-finite' };
    this.#step += 1;
    const { used, residual } = this.#solve(linearization, length);
    let found = this.#search(objective, theta, loss);
    const isDropped = found.alpha === 0;
    if (isDropped) {
      this.#direction.set(right);
      found = this.#search(objective, theta, loss);
    }
    const { alpha, loss: newLoss } = found;
    const accepted = alpha > 0;
    const stepNorm = accepted ? alpha * norm(this.#direction) : 0;
    if (accepted) theta.set(this.#candidate);
    if (isDropped) this.#direction.fill(0);
    this.#age = isDropped ? 0 : (this.#age + 1) % REFRESH;
    return {
      loss,
      accepted,
      newLoss,
      stop: accepted ? null : length === 0 ? 'gradient' : 'line-search',
      metrics: {
        'opt/damping': this.#options.damping,
        'opt/cg_iterations': used,
        'opt/cg_residual': residual,
        'opt/lr': alpha,
        'opt/grad_norm': length,
        'opt/step_norm': stepNorm,
        'opt/restarted': isDropped ? 1 : 0,
        'opt/rejected': accepted ? 0 : 1,
      },
    };
  }

  /** d into #direction; gives the iterations and the relative residual. */
  #solve(linearization: Linearization, length: number): { readonly used: number; readonly residual: number } {
    const { damping, iterations, random } = this.#options;
    if (this.#age === 0) {
      this.#operator.set(linearization, 0);
      this.#preconditioner.update((v, out) => this.#operator.apply(v, out), random(this.#step));
    }
    this.#operator.set(linearization, damping);
    this.#solver.begin(this.#system, this.#direction);
    let used = 0;
    while (used < iterations && this.#solver.residualNorm > TOLERANCE * length && this.#solver.iterate()) used += 1;
    this.#direction.set(this.#solver.x);
    return { used, residual: length > 0 ? this.#solver.residualNorm / length : 0 };
  }

  /** α = 1, ½, … along the direction until the decrease is sufficient; α = 0 and NaN if none is. θ + αd in #candidate. */
  #search(objective: Objective, theta: Float64Array, loss: number): { readonly alpha: number; readonly loss: number } {
    const slope = -dot(this.#direction, this.#system.right);
    if (slope < 0 && allFinite(this.#direction)) {
      for (let k = 0; k <= HALVINGS; k++) {
        const alpha = 2 ** -k;
        this.#candidate.set(theta);
        addScaled(this.#candidate, alpha, this.#direction);
        const found = objective.loss(this.#candidate);
        if (found < loss && found <= loss + DECREASE * alpha * slope) return { alpha, loss: found };
      }
    }
    return { alpha: 0, loss: Number.NaN };
  }

  save(): OptimizerState {
    return {
      scalars: Float64Array.of(this.#step, this.#age),
      direction: this.#direction.slice(),
      vectors: Float64Array.from(this.#preconditioner.vectors.data),
      values: this.#preconditioner.values.slice(),
    };
  }

  restore(state: OptimizerState): void {
    const [step, age] = state['scalars']!;
    this.#step = step!;
    this.#age = age!;
    this.#direction.set(state['direction']!);
    this.#preconditioner.vectors.data.set(state['vectors']!);
    this.#preconditioner.values.set(state['values']!);
  }
}
