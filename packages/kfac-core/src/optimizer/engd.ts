import { BLOCK_BYTES } from '../blocks.ts';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { KfacError } from '../errors.ts';
import type { Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { allFinite, norm } from '../vector.ts';
import { gridLineSearch } from './grid-line-search.ts';
import { LeastSquaresFold } from './least-squares-fold.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';
import { OrthogonalSystem } from './reduced-system.ts';

/** Settings of `Engd`. */
export interface EngdOptions {
  /** λ > 0, against JᵀJ of residuals scaled to L = ½‖r‖². */
  readonly damping: number;
  /** β of the moving average of JᵀJ, in [0, 1); 0: that of the batch alone. */
  readonly decay: number;
}

const MAX_REJECTIONS = 30;

/**
 * Gauss–Newton with fixed damping (energy natural gradient descent: Müller & Zeinhofer 2023):
 * δ = −(M + λI)⁻¹∇L, M ← βM + (1−β)JᵀJ from M = 0, and the grid line search. M lives as its triangular factor: that of
 * the rows [√(1−β)·J | r/√(1−β); √β·R | 0] holds both M and ∇L, so nothing is squared and λ may be as small as 1e-14.
 * A step costs 2(N + P)P² + 8/3·P³ operations and 31 losses. For losses ½‖r‖² (no centred terms).
 */
export class Engd implements Optimizer {
  readonly name = 'engd';
  readonly #options: EngdOptions;
  readonly #rows: LeastSquaresFold;
  readonly #system: OrthogonalSystem;
  /** R of the rows of the last accepted step with its right-hand side as last column, [P+1 × P+1], and of this one. */
  #triangle: Matrix;
  #next: Matrix;
  readonly #delta: Float64Array;
  readonly #candidate: Float64Array;
  #rejections = 0;

  /** `blockBytes`: of the rows of J that are held at once. */
  constructor(engine: Engine, layout: ParameterLayout, options: EngdOptions, blockBytes = BLOCK_BYTES) {
    const { damping, decay } = options;
    if (!(damping > 0) || !(decay >= 0 && decay < 1)) {
      throw new KfacError('KFAC_SPEC', `expected a damping above 0 and a decay in [0, 1), got ${damping} and ${decay}`);
    }
    this.#options = options;
    this.#rows = new LeastSquaresFold(engine, layout, blockBytes);
    this.#system = new OrthogonalSystem(engine, layout.size);
    this.#triangle = matrix(layout.size + 1, layout.size + 1);
    this.#next = matrix(layout.size + 1, layout.size + 1);
    this.#delta = new Float64Array(layout.size);
    this.#candidate = new Float64Array(layout.size);
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    const { loss } = linearization;
    if (!Number.isFinite(loss)) return { loss, accepted: false, newLoss: Number.NaN, metrics: {}, stop: 'non-finite' };
    const { decay } = this.#options;
    this.#rows.triangle(linearization, this.#next, decay > 0 ? { triangle: this.#triangle, decay } : null);
    this.#system.factor(this.#next);
    this.#system.solve(this.#options.damping);
    this.#system.expand(this.#delta);
    for (let i = 0; i < this.#delta.length; i++) this.#delta[i] = -this.#delta[i]!;
    const { alpha, loss: newLoss } = allFinite(this.#delta)
      ? gridLineSearch((at) => objective.loss(at), theta, this.#delta, loss, this.#candidate)
      : { alpha: 0, loss };
    const accepted = alpha > 0;
    if (accepted) {
      theta.set(this.#candidate);
      [this.#triangle, this.#next] = [this.#next, this.#triangle];
    }
    this.#rejections = accepted ? 0 : this.#rejections + 1;
    return {
      loss,
      accepted,
      newLoss: accepted ? newLoss : Number.NaN,
      stop: this.#rejections >= MAX_REJECTIONS ? 'stalled' : null,
      metrics: {
        'opt/damping': this.#options.damping,
        'opt/lr': alpha,
        'opt/step_norm': accepted ? alpha * norm(this.#delta) : 0,
        'opt/rejected': accepted ? 0 : 1,
      },
    };
  }

  save(): OptimizerState {
    const scalars = Float64Array.of(this.#rejections);
    return this.#options.decay > 0 ? { scalars, triangle: Float64Array.from(this.#triangle.data) } : { scalars };
  }

  restore(state: OptimizerState): void {
    this.#rejections = state['scalars']![0]!;
    if (state['triangle']) this.#triangle.data.set(state['triangle']);
  }
}
