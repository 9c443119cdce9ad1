import { ExactBlock } from '../curvature/exact-block.ts';
import type { CurvatureBlock } from '../curvature/block.ts';
import type { DampingSplit } from '../curvature/damping.ts';
import { FactorAverage, type AverageRule } from '../curvature/factor-average.ts';
import { KroneckerBlock } from '../curvature/kronecker-block.ts';
import { KroneckerSum } from '../curvature/kronecker-sum.ts';
import { type Statistics, layersByGroup, statistics } from '../curvature/statistics.ts';
import { gradient, jacobianVectorProducts } from '../derivatives.ts';
import type { Engine } from '../engine/engine.ts';
import { KfacError } from '../errors.ts';
import type { Linearization, Objective } from '../linearization.ts';
import type { ParameterBlock, ParameterLayout } from '../parameters.ts';
import { addScaled, allFinite, dot, norm } from '../vector.ts';
import { DampingPolicy, type DampingOptions } from './damping-policy.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';
import { quadraticModelStep } from './quadratic-model.ts';
import { WeightAverage } from './weight-average.ts';

/** Settings of `KFac`; docs/math.md gives the recommended table by trainer. */
export interface KFacOptions {
  readonly split: DampingSplit;
  readonly damping: DampingOptions;
  /** ε of the moving averages of the factors, in [0, 1). */
  readonly decay: number;
  readonly average: AverageRule;
  /** Steps between two batches of statistics, 1 by default, each standing for all of them; the first ten steps always take theirs. */
  readonly statisticsEvery?: number;
  /** Steps between two inversions; the first ten steps always invert. */
  readonly refreshEvery: number;
  /** Fixed learning rate of the very first step (the published PINN recipe: 1e-6); by default the 1×1 model. */
  readonly firstStep?: number;
  /** 'increase': L must not grow; 'large-increase': not by more than three times the predicted decrease, checked when L is evaluated; 'none'. */
  readonly rejection: 'increase' | 'large-increase' | 'none';
  /** Names of matrices that get their exact block instead of a Kronecker one. */
  readonly exactBlocks?: readonly string[];
  /** First step of the averaged iterate; none by default. */
  readonly averageFrom?: number;
}

const EARLY_STEPS = 10;
const MAX_REJECTIONS = 30;

/** One weight matrix: its averaged statistics (one group per kind of loss term, at most two) and the block built on them. */
interface MatrixCurvature {
  readonly parameter: ParameterBlock;
  readonly groups: Statistics[];
  readonly exact: FactorAverage | null;
  readonly block: CurvatureBlock;
}

/**
 * K-FAC with learning rate and momentum from the exact quadratic model, adaptive damping and step rejection
 * (Martens & Grosse 2015; Dangel, Müller, Zeinhofer 2024 for PDE losses: one Kronecker product per kind of loss term and
 * their exact sum). With more than two kinds, all but the first are merged.
 */
export class KFac implements Optimizer {
  readonly name = 'kfac';
  readonly #engine: Engine;
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
  #curvatures: MatrixCurvature[] | null = null;
  #products: Float64Array[] = [];
  #step = 0;
  #hasPrevious = false;
  #hasLastGood = false;
  #rejections = 0;
  #stale = 0;
  #refreshedLambda = 0;
  #pendingState: OptimizerState | null = null;

  constructor(engine: Engine, layout: ParameterLayout, options: KFacOptions) {
    this.#engine = engine;
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
    for (const name of options.exactBlocks ?? []) layout.block(name);
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
    this.#curvatures ??= this.#build(linearization);
    gradient(this.#layout, linearization, this.#gradient);
    const { statisticsEvery = 1 } = this.#options;
    if (step <= EARLY_STEPS) this.#updateStatistics(linearization, 1);
    else if (step % statisticsEvery === 0)
      this.#updateStatistics(linearization, Math.min(statisticsEvery, step - EARLY_STEPS));
    this.#refreshIfDue(step);
    for (const { parameter, block } of this.#curvatures) {
      block.solve(this.#layout.matrix(this.#gradient, parameter), this.#layout.matrix(this.#direction, parameter));
    }
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

  // ------------------------------------------------------------------------------------------------- statistics

  #build(linearization: Linearization): MatrixCurvature[] {
    const { decay, average, split, exactBlocks } = this.#options;
    const curvatures = this.#layout.blocks.map((parameter): MatrixCurvature => {
      const uses = layersByGroup(linearization.terms, parameter.name).map((layers) => layers[0]!.layer.uses);
      const groups = layersByGroup(linearization.terms, parameter.name).map(() => ({
        a: new FactorAverage(parameter.inputs, decay, average),
        g: new FactorAverage(parameter.outputs, decay, average),
      }));
      if (groups.length === 0) {
        throw new KfacError(
          'KFAC_SHAPE',
          `no loss term captured the matrix "${parameter.name}"; every parameter needs a captured layer`,
        );
      }
      if (exactBlocks?.includes(parameter.name)) {
        const exact = new FactorAverage(parameter.inputs * parameter.outputs, decay, average);
        return { parameter, groups: [], exact, block: new ExactBlock(this.#engine, exact.value) };
      }
      // A group that merges several layers carries their scales inside G; its own scale is then 1.
      const terms = groups.map((group, i) => ({
        a: group.a.value,
        g: group.g.value,
        uses: layersByGroup(linearization.terms, parameter.name)[i]!.length > 1 ? 1 : uses[i]!,
      }));
      const block =
        terms.length === 1
          ? new KroneckerBlock(this.#engine, terms[0]!.a, terms[0]!.g, terms[0]!.uses, split)
          : new KroneckerSum(this.#engine, terms[0]!, terms[1]!, split);
      return { parameter, groups, exact: null, block };
    });
    if (this.#pendingState) this.#restoreCurvatures(curvatures, this.#pendingState);
    this.#pendingState = null;
    return curvatures;
  }

  #updateStatistics(linearization: Linearization, steps: number): void {
    for (const { parameter, groups, exact } of this.#curvatures!) {
      const byGroup = layersByGroup(linearization.terms, parameter.name);
      if (exact) {
        exact.batch.data.fill(0);
        for (const { term, layer } of byGroup.flat()) {
          const part = byGroup.flat().length === 1 ? exact.batch : new FactorAverage(exact.batch.rows, 0, 'warm').batch;
          layer.exactBlock(term.curvature, part);
          if (part !== exact.batch) addScaled(exact.batch.data as Float64Array, 1, part.data as Float64Array);
        }
        if (exact.batchIsFinite()) exact.commit(steps);
        else this.#stale += 1;
        continue;
      }
      groups.forEach((group, i) => {
        statistics(byGroup[i]!, group);
        if (group.a.batchIsFinite() && group.g.batchIsFinite()) {
          group.a.commit(steps);
          group.g.commit(steps);
        } else {
          this.#stale += 1;
        }
      });
    }
  }

  #refreshIfDue(step: number): void {
    const { lambda } = this.#damping;
    const drift = lambda / this.#refreshedLambda;
    if (step > EARLY_STEPS && step % this.#options.refreshEvery !== 0 && drift < 2 && drift > 0.5) return;
    for (const { block } of this.#curvatures!) if (!block.refresh(lambda)) this.#stale += 1;
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
        'opt/stale': this.#stale,
      },
    };
  }

  // -------------------------------------------------------------------------------------------------- checkpoints

  save(): OptimizerState {
    const state: OptimizerState = {
      scalars: Float64Array.of(
        this.#step,
        this.#damping.lambda,
        this.#hasPrevious ? 1 : 0,
        this.#hasLastGood ? 1 : 0,
        this.#rejections,
        this.#stale,
        this.#refreshedLambda,
      ),
      previous: this.#previous.slice(),
      lastGood: this.#lastGood.slice(),
    };
    if (this.#average) state['average'] = this.#average.save();
    for (const { parameter, groups, exact, block } of this.#curvatures ?? []) {
      state[`${parameter.name}/inverse`] = block.save();
      if (exact) state[`${parameter.name}/exact`] = exact.save();
      groups.forEach((group, i) => {
        state[`${parameter.name}/a${i}`] = group.a.save();
        state[`${parameter.name}/g${i}`] = group.g.save();
      });
    }
    return state;
  }

  restore(state: OptimizerState): void {
    const [step, lambda, hasPrevious, hasLastGood, rejections, stale, refreshed] = state['scalars']!;
    this.#step = step!;
    this.#damping.lambda = lambda!;
    this.#hasPrevious = hasPrevious === 1;
    this.#hasLastGood = hasLastGood === 1;
    this.#rejections = rejections!;
    this.#stale = stale!;
    this.#refreshedLambda = refreshed!;
    this.#previous.set(state['previous']!);
    this.#lastGood.set(state['lastGood']!);
    if (this.#average) this.#average.restore(state['average']!);
    if (this.#curvatures) this.#restoreCurvatures(this.#curvatures, state);
    else if (this.#step > 0) this.#pendingState = state;
  }

  #restoreCurvatures(curvatures: readonly MatrixCurvature[], state: OptimizerState): void {
    for (const { parameter, groups, exact, block } of curvatures) {
      block.restore(state[`${parameter.name}/inverse`]!);
      exact?.restore(state[`${parameter.name}/exact`]!);
      groups.forEach((group, i) => {
        group.a.restore(state[`${parameter.name}/a${i}`]!);
        group.g.restore(state[`${parameter.name}/g${i}`]!);
      });
    }
  }
}
