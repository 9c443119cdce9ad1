import { gradient } from '../derivatives.ts';
import type { Engine } from '../engine/engine.ts';
import type { Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { norm } from '../vector.ts';
import { type LearningRate, rateAt } from './learning-rate.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';
import { WeightAverage } from './weight-average.ts';

export interface AdamOptions extends LearningRate {
  /** First step of the averaged iterate; none by default. */
  readonly averageFrom?: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Adam with bias correction (Kingma & Ba 2015), β = (0.9, 0.999), ε = 1e-8, constant rate or cosine schedule. */
export class Adam implements Optimizer {
  readonly name = 'adam';
  readonly #layout: ParameterLayout;
  readonly #options: AdamOptions;
  readonly #average: WeightAverage | null;
  readonly #gradient: Float64Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #step = 0;

  constructor(_engine: Engine, layout: ParameterLayout, options: AdamOptions) {
    this.#layout = layout;
    this.#options = options;
    this.#average = options.averageFrom === undefined ? null : new WeightAverage(layout.size, options.averageFrom);
    this.#gradient = new Float64Array(layout.size);
    this.#first = new Float64Array(layout.size);
    this.#second = new Float64Array(layout.size);
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return this.#average?.evaluationPoint(theta) ?? theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    gradient(this.#layout, linearization, this.#gradient);
    // Squares that overflow would leave second moments of infinity, and steps of zero for ever.
    if (!Number.isFinite(linearization.loss) || !Number.isFinite(norm(this.#gradient))) {
      return { loss: linearization.loss, accepted: false, newLoss: Number.NaN, metrics: {}, stop: 'non-finite' };
    }
    this.#step += 1;
    const rate = rateAt(this.#options, this.#step);
    const correction1 = 1 - BETA1 ** this.#step;
    const correction2 = 1 - BETA2 ** this.#step;
    let squared = 0;
    for (let i = 0; i < theta.length; i++) {
      const g = this.#gradient[i]!;
      const m = BETA1 * this.#first[i]! + (1 - BETA1) * g;
      const v = BETA2 * this.#second[i]! + (1 - BETA2) * g * g;
      this.#first[i] = m;
      this.#second[i] = v;
      const delta = (-rate * (m / correction1)) / (Math.sqrt(v / correction2) + EPSILON);
      theta[i] = theta[i]! + delta;
      squared += delta * delta;
    }
    this.#average?.update(this.#step, theta);
    return {
      loss: linearization.loss,
      accepted: true,
      newLoss: Number.NaN,
      metrics: { 'opt/lr': rate, 'opt/grad_norm': norm(this.#gradient), 'opt/step_norm': Math.sqrt(squared) },
      stop: null,
    };
  }

  save(): OptimizerState {
    const state: OptimizerState = {
      step: Float64Array.of(this.#step),
      first: this.#first.slice(),
      second: this.#second.slice(),
    };
    if (this.#average) state['average'] = this.#average.save();
    return state;
  }

  restore(state: OptimizerState): void {
    this.#step = state['step']![0]!;
    this.#first.set(state['first']!);
    this.#second.set(state['second']!);
    if (this.#average) this.#average.restore(state['average']!);
  }
}
