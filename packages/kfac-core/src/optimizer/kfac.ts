import { KFacCurvature, type KFacCurvatureOptions } from '../curvature/kfac-curvature.ts';
import { gradient, jacobianVectorProducts } from '../derivatives.ts';
import type { Engine } from '../engine/engine.ts';
import type { Linearization, Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { addScaled, allFinite, dot, norm } from '../vector.ts';
import { DampingPolicy, type DampingOptions } from './damping-policy.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';
import { quadraticModelStep } from './quadratic-model.ts';
import { WeightAverage } from './weight-average.ts';

/** Settings of `KFac`; docs/math.md gives the recommended table by trainer. */
export interface KFacOptions extends KFacCurvatureOptions {
  readonly damping: DampingOptions;
  /** Steps between two batches of statistics, 1 by default, each standing for all of them; the first ten steps always take theirs. */
  readonly statisticsEvery?: number;
  /** Steps between two inversions; the first ten steps always invert. */
  readonly refreshEvery: number;
  /** Fixed learning rate of the very first step (the published PINN recipe: 1e-6); by default the 1×1 model. */
  readonly firstStep?: number;
  /** 'increase': L must not grow; 'large-increase': not by more than three times the predicted decrease, checked when L is evaluated; 'none'. */
  readonly rejection: 'increase' | 'large-increase' | 'none';
  /** First step of the averaged iterate; none by default. */
  readonly averageFrom?: number;
}

const EARLY_STEPS = 10;
const MAX_REJECTIONS = 30;

/**
 * K-FAC with learning rate and momentum from the exact quadratic model, adaptive damping and step rejection
 * (Martens & Grosse 2015; Dangel, Müller, Zeinhofer 2024 for PDE losses: one Kronecker product per kind of loss term and
 * their exact sum). With more than two kinds, all but the first are merged.
 */
export class KFac implements Optimizer {
  readonly name = 'kfac';
  readonly #curvature: KFacCurvature;
  readonly #layout: ParameterLayout;
  readonly #options: KFacOptions;
  readonly #damping: DampingPolicy;
  readonly #average: WeightAverage | null;
  readonly #gradient: Float64Array;
  readonly #direction: Float64Array;
  readonly #previous: Float64Array;
  readonly #delta: Float64Array;
  readonly #candidate: Float64Array;
  readonly #lastGood: Float64Array;
  #products: Float64Array[] = [];
  #step = 0;
  #hasPrevious = false;
  #hasLastGood = false;
  #rejections = 0;
  #refreshedLambda = 0;

  constructor(engine: Engine, layout: ParameterLayout, options: KFacOptions) {
    this.#curvature = new KFacCurvature(engine, layout, options);
    this.#layout = layout;
    this.#options = options;
    this.#damping = new DampingPolicy(options.damping);
    this.#average = options.averageFrom === undefined ? null : new WeightAverage(layout.size, options.averageFrom);
    this.#gradient = new Float64Array(layout.size);
    this.#direction = new Float64Array(layout.size);
    this.#previous = new Float64Array(layout.size);
    this.#delta = new Float64Array(layout.size);
    this.#candidate = new Float64Array(layout.size);
    this.#lastGood = new Float64Array(layout.size);
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return this.#average?.evaluationPoint(theta) ?? theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    if (!Number.isFinite(linearization.loss)) return this.#nonFinite(theta, linearization.loss);
    this.#lastGood.set(theta);
    this.#hasLastGood = true;
    this.#step += 1;
    const step = this.#step;
    this.#curvature.prepare(linearization);
    gradient(this.#layout, linearization, this.#gradient);
    const { statisticsEvery = 1 } = this.#options;
    if (step <= EARLY_STEPS) this.#curvature.update(linearization);
    else if (step % statisticsEvery === 0)
      this.#curvature.update(linearization, Math.min(statisticsEvery, step - EARLY_STEPS));
    this.#refreshIfDue(step);
    this.#curvature.solve(this.#gradient, this.#direction);
    for (let i = 0; i < this.#direction.length; i++) this.#direction[i] = -this.#direction[i]!;

    const lambda = this.#damping.lambda;
    const model = this.#model(linearization, lambda);
    this.#delta.fill(0);
    addScaled(this.#delta, model.learningRate, this.#direction);
    if (this.#hasPrevious) addScaled(this.#delta, model.momentum, this.#previous);
    if (!allFinite(this.#delta)) return this.#reject(linearization.loss, Number.NaN, Number.NaN, lambda, model);
    for (let i = 0; i < theta.length; i++) this.#candidate[i] = theta[i]! + this.#delta[i]!;

    const wantsRatio = this.#damping.needsRatio(step);
    const { rejection } = this.#options;
    const evaluate = rejection === 'increase' || wantsRatio || (rejection === 'large-increase' && step <= EARLY_STEPS);
    const newLoss = evaluate ? objective.loss(this.#candidate) : Number.NaN;
    const ratio = evaluate ? (newLoss - linearization.loss) / model.predicted : Number.NaN;
    if (evaluate && this.#isRejected(linearization.loss, newLoss, model.predicted)) {
      return this.#reject(linearization.loss, newLoss, ratio, lambda, model);
    }
    theta.set(this.#candidate);
    this.#previous.set(this.#delta);
    this.#hasPrevious = true;
    this.#rejections = 0;
    this.#damping.accepted(step, ratio, model.predicted);
    this.#average?.update(step, theta);
    return this.#report(linearization.loss, true, newLoss, ratio, lambda, model, null);
  }

  #isRejected(loss: number, newLoss: number, predicted: number): boolean {
    switch (this.#options.rejection) {
      case 'none':
        return false;
      case 'increase':
        return !(newLoss <= loss);
      case 'large-increase':
        return !(newLoss - loss <= 3 * Math.abs(predicted));
    }
  }

  #model(linearization: Linearization, lambda: number): { learningRate: number; momentum: number; predicted: number } {
    const { firstStep } = this.#options;
    const directions = this.#hasPrevious ? [this.#direction, this.#previous] : [this.#direction];
    const terms = linearization.modelTerms ?? linearization.terms;
    terms.forEach((term, t) => {
      jacobianVectorProducts(
        this.#layout,
        term,
        directions,
        this.#product(t, directions.length * term.curvature.length),
      );
    });
    const model = quadraticModelStep(terms, this.#gradient, directions, this.#products, lambda);
    const predicted = this.#options.damping.policy === 'lm' ? model.predictedDamped : model.predicted;
    if (this.#step === 1 && firstStep !== undefined) return { learningRate: firstStep, momentum: 0, predicted };
    return { learningRate: model.coefficients[0]!, momentum: model.coefficients[1] ?? 0, predicted };
  }

  #product(term: number, length: number): Float64Array {
    const have = this.#products[term];
    if (have && have.length === length) return have;
    // Two sizes occur: one direction on the first step, two afterwards.
    const made = new Float64Array(length);
    this.#products[term] = made;
    return made;
  }

  #refreshIfDue(step: number): void {
    const { lambda } = this.#damping;
    const drift = lambda / this.#refreshedLambda;
    if (step > EARLY_STEPS && step % this.#options.refreshEvery !== 0 && drift < 2 && drift > 0.5) return;
    this.#curvature.refresh(lambda);
    this.#refreshedLambda = lambda;
  }

  // ------------------------------------------------------------------------------------------- ends of a step

  #reject(
    loss: number,
    newLoss: number,
    ratio: number,
    lambda: number,
    model: { learningRate: number; momentum: number },
  ): StepReport {
    this.#rejections += 1;
    this.#damping.rejected();
    return this.#report(
      loss,
      false,
      newLoss,
      ratio,
      lambda,
      model,
      this.#rejections >= MAX_REJECTIONS ? 'stalled' : null,
    );
  }

  /** The last accepted step led to a non-finite loss on this batch: go back to where it was finite. */
  #nonFinite(theta: Float64Array, loss: number): StepReport {
    const lambda = this.#damping.lambda;
    const model = { learningRate: Number.NaN, momentum: Number.NaN };
    // Non-finite where the loss has been finite before: going back cannot help.
    const isBack = theta.every((value, i) => value === this.#lastGood[i]);
    if (!this.#hasLastGood || isBack || this.#options.rejection === 'none') {
      return this.#report(loss, false, Number.NaN, Number.NaN, lambda, model, 'non-finite');
    }
    theta.set(this.#lastGood);
    this.#hasPrevious = false;
    return this.#reject(loss, Number.NaN, Number.NaN, lambda, model);
  }

  #report(
    loss: number,
    accepted: boolean,
    newLoss: number,
    ratio: number,
    lambda: number,
    model: { learningRate: number; momentum: number },
    stop: string | null,
  ): StepReport {
    const gradientNorm = norm(this.#gradient);
    const directionNorm = norm(this.#direction);
    return {
      loss,
      accepted,
      newLoss,
      stop,
      metrics: {
        'opt/damping': lambda,
        'opt/lm_ratio': ratio,
        'opt/lr': model.learningRate,
        'opt/momentum': model.momentum,
        'opt/cos_nat_raw': -dot(this.#gradient, this.#direction) / (gradientNorm * directionNorm),
        'opt/grad_norm': gradientNorm,
        'opt/step_norm': accepted ? norm(this.#delta) : 0,
        'opt/rejected': accepted ? 0 : 1,
        'opt/stale': this.#curvature.stale,
      },
    };
  }

  // -------------------------------------------------------------------------------------------------- checkpoints

  save(): OptimizerState {
    const state: OptimizerState = {
      ...this.#curvature.save(),
      scalars: Float64Array.of(
        this.#step,
        this.#damping.lambda,
        this.#hasPrevious ? 1 : 0,
        this.#hasLastGood ? 1 : 0,
        this.#rejections,
        this.#curvature.stale,
        this.#refreshedLambda,
      ),
      previous: this.#previous.slice(),
      lastGood: this.#lastGood.slice(),
    };
    if (this.#average) state['average'] = this.#average.save();
    return state;
  }

  restore(state: OptimizerState): void {
    const [step, lambda, hasPrevious, hasLastGood, rejections, stale, refreshed] = state['scalars']!;
    this.#step = step!;
    this.#damping.lambda = lambda!;
    this.#hasPrevious = hasPrevious === 1;
    this.#hasLastGood = hasLastGood === 1;
    this.#rejections = rejections!;
    this.#curvature.stale = stale!;
    this.#refreshedLambda = refreshed!;
    this.#previous.set(state['previous']!);
    this.#lastGood.set(state['lastGood']!);
    if (this.#average) this.#average.restore(state['average']!);
    this.#curvature.restore(state);
  }
}
