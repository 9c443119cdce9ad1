import type { Engine } from '../engine/engine.ts';
import { KfacError } from '../errors.ts';
import type { Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import type { PhiloxStream } from '../random.ts';
import { GaussNewton, type GaussNewtonOptions } from './gauss-newton.ts';
import type { OptimizerState, StepReport } from './optimizer.ts';
import { type SketchSizes, SketchedReduction } from './sketched-reduction.ts';

/** Settings of `SketchedGaussNewton`. */
export interface SketchedGaussNewtonOptions extends GaussNewtonOptions {
  readonly sketch: SketchSizes;
  /** The random numbers of a step, 1, 2, …: the same ones whenever it is asked for that step. */
  readonly random: (step: number) => PhiloxStream;
}

/**
 * Doubly sketched Gauss–Newton (DSGNAR): the radius rule of `GaussNewton` on [S·J·R | S·r], J compressed to r_s rows by a
 * count sketch and to p_s coordinates by a cosine sketch, both drawn anew in every step. The model is that of the sketch;
 * the losses that judge it, and with them γ, are true ones over all examples. A step costs 2·min(N, r_s)·P·p_s operations
 * and a reduction in p_s unknowns. For losses ½‖r‖² (no centred terms).
 */
export class SketchedGaussNewton extends GaussNewton {
  override readonly name = 'sketched-gauss-newton';
  readonly #reduction: SketchedReduction;
  readonly #random: (step: number) => PhiloxStream;
  #step = 0;

  constructor(engine: Engine, layout: ParameterLayout, options: SketchedGaussNewtonOptions) {
    const { parameters, rows } = options.sketch;
    for (const size of [parameters, rows]) {
      if (!Number.isInteger(size) || size < 1) {
        throw new KfacError(
          'KFAC_SPEC',
          `expected sketches of at least 1 coordinate and 1 row, got ${parameters} and ${rows}`,
        );
      }
    }
    const reduction = new SketchedReduction(engine, layout, options.sketch);
    super(engine, layout, options, reduction);
    this.#reduction = reduction;
    this.#random = options.random;
  }

  override step(objective: Objective, theta: Float64Array): StepReport {
    this.#step += 1;
    const step = this.#step;
    this.#reduction.draw(() => this.#random(step));
    return super.step(objective, theta);
  }

  override save(): OptimizerState {
    return { ...super.save(), step: Float64Array.of(this.#step) };
  }

  override restore(state: OptimizerState): void {
    super.restore(state);
    this.#step = state['step']![0]!;
  }
}
