import type { CapturedLayer, Engine, Linearization, Objective, ParameterLayout, StepStart } from '@kfac/core';
import { mergeLayers } from './merged-layer.ts';
import { partName } from './part-name.ts';
import { type Problem, jetShape } from './problem.ts';
import { ResidualBatch } from './residual-batch.ts';
import { AdaptiveSample } from './sampling/adaptive-sample.ts';
import { type Purpose, samplePoints } from './sampling/sample.ts';
import { underPrefix } from './under-prefix.ts';
import { LossWeights } from './weights/loss-weights.ts';
import type { WeightedTerm } from './weights/point-scheme.ts';

/**
 * A loss by its terms: each ½·weight·mean of squared residuals, points by their own weights where they have any; they add up
 * to the loss. The terms are `interior` (of
 * several equations `interior/1`, `interior/2`, …) and `conditions`.
 */
export type TermLosses = Readonly<Record<string, number>>;

/**
 * The loss of a PINN, L = Σ_k (w_k/2)·mean e_k² + (w_c/2)·mean e_c², over the collocation points inside for every equation k
 * and over all points of all conditions together, linearised into captured pairs. Weights and the points inside may follow the
 * training, between steps. All equations have the same points,
 * and each the channels that it needs.
 */
export class PinnObjective implements Objective {
  readonly engine: Engine;
  readonly parameters: ParameterLayout;
  readonly #problem: Problem;
  /** Equations, each one batch. */
  readonly #interior: readonly WeightedTerm[];
  readonly #conditions: WeightedTerm;
  readonly #terms: readonly WeightedTerm[];
  readonly #weights: LossWeights;
  readonly #adaptive: AdaptiveSample | null;
  #refresh = -1;
  /** The last linearisation, at #theta; null once the points have changed. */
  #last: Linearization | null = null;
  readonly #theta: Float64Array;

  constructor(problem: Problem, engine: Engine) {
    const { spec, layout, parametrization, equations, groups } = problem;
    this.engine = engine;
    this.parameters = layout;
    this.#problem = problem;
    this.#theta = new Float64Array(layout.size);
    const batch = (points: number, segments: ConstructorParameters<typeof ResidualBatch>[4]): ResidualBatch =>
      new ResidualBatch(engine, parametrization, jetShape(problem, segments[0]!.compiled.plan), points, segments);
    const count = spec.sampling.interior;
    this.#interior = equations.map(({ compiled }, k) =>
      term(partName('interior', equations, `${k + 1}`), 'interior', [batch(count, [{ compiled, from: 0, count }])]),
    );
    this.#conditions = term(
      'conditions',
      'conditions',
      groups.map((group) => batch(group.points, group.segments)),
    );
    this.#terms = [...this.#interior, this.#conditions];
    this.#weights = new LossWeights(problem, this.#terms);
    const { adaptive } = spec.sampling;
    const [{ coordinates }] = this.#interior[0]!.batches as [ResidualBatch];
    this.#adaptive = adaptive ? new AdaptiveSample(problem, engine, adaptive, { data: coordinates, count }) : null;
    this.nextBatch(1);
  }

  loss(theta: Float64Array): number {
    let loss = 0;
    for (const term of this.#terms) loss += termLoss(term, theta);
    return loss;
  }

  /** The loss on the current batch, by terms. */
  termLosses(theta: Float64Array): TermLosses {
    return Object.fromEntries(this.#terms.map((term) => [term.name, termLoss(term, theta)]));
  }

  /** √mean e² over the current batch, by terms, without weights. */
  residualNorms(theta: Float64Array): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.#terms.map((term) => [term.name, Math.sqrt(sumOfSquares(term, theta) / term.residual.length)]),
    );
  }

  linearize(theta: Float64Array): Linearization {
    if (this.#last && isSame(this.#theta, theta)) return this.#last;
    let loss = 0;
    for (const term of this.#terms) loss += linearizeTerm(term, theta);
    this.#theta.set(theta);
    this.#last = { loss, terms: this.#terms };
    return this.#last;
  }

  /** The rows of telemetry about weights that change. */
  weightMetrics(): Record<string, number> {
    return this.#weights.metrics();
  }

  /** The first batch and fresh ones follow from the step alone; what follows the training changes only if `start` is given. */
  nextBatch(step: number, start?: StepStart): void {
    this.#resample(step);
    if (!start) return;
    if (this.#adaptive?.update(step, start)) this.#shareInterior();
    if (this.#weights.update(step, start, () => this.linearize(start.theta))) this.#reweigh();
  }

  save(): Record<string, Float64Array> {
    const state: Record<string, Float64Array> = {};
    for (const [name, values] of Object.entries(this.#adaptive?.save() ?? {})) state[`sample/${name}`] = values;
    for (const [name, values] of Object.entries(this.#weights.save())) state[`weights/${name}`] = values;
    return state;
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    this.#adaptive?.restore(underPrefix(state, 'sample/'));
    this.#shareInterior();
    this.#weights.restore(underPrefix(state, 'weights/'));
  }

  /** The last linearisation under the weights of now. */
  #reweigh(): void {
    const loss = this.#terms.reduce((sum, term) => sum + weigh(term), 0);
    this.#last = { loss, terms: this.#terms };
  }

  /** Gives all equations the points of the first one. */
  #shareInterior(): void {
    const [inside, ...others] = this.#interior.map(({ batches }) => batches[0]!) as [ResidualBatch, ...ResidualBatch[]];
    for (const { coordinates } of others) coordinates.set(inside.coordinates);
    this.#last = null;
  }

  #resample(step: number): void {
    const { resampleEvery: every, freezeAfter = Infinity } = this.#problem.spec.sampling;
    const refresh = every === 0 ? 0 : Math.floor((Math.min(step, freezeAfter) - 1) / every);
    if (refresh === this.#refresh) return;
    this.#refresh = refresh;
    const { spec, box, groups } = this.#problem;
    const key = (purpose: Purpose, place: number) => ({ seed: spec.seed, purpose, place, refresh });
    const [inside] = this.#interior[0]!.batches as [ResidualBatch];
    samplePoints(spec.sampling.method, key('interior', 0), box, null, {
      data: inside.coordinates,
      stride: inside.points,
      from: 0,
      count: inside.points,
    });
    this.#shareInterior();
    for (const [k, { slots }] of groups.entries()) {
      const { coordinates, points } = this.#conditions.batches[k]!;
      for (const { place, index, from, count } of slots) {
        samplePoints(spec.sampling.method, key('conditions', index), box, place, {
          data: coordinates,
          stride: points,
          from,
          count,
        });
      }
    }
  }
}

/** Entry by entry; NaN equals nothing. */
function isSame(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function term(name: string, kind: WeightedTerm['kind'], batches: readonly ResidualBatch[]): WeightedTerm {
  const total = batches.reduce((sum, { points }) => sum + points, 0);
  let from = 0;
  const ranges = batches.map(({ points }) => ({ from: (from += points) - points, count: points }));
  const layers: CapturedLayer[] = batches[0]!.layers.map((_, l) =>
    mergeLayers(batches.map((batch, k) => ({ layer: batch.layers[l]!, ...ranges[k]! }))),
  );
  return {
    name,
    kind,
    batches,
    residual: new Float64Array(total),
    slope: new Float64Array(total),
    curvature: new Float64Array(total),
    centred: false,
    layers,
  };
}

function sumOfSquares({ batches }: WeightedTerm, theta: Float64Array): number {
  let sum = 0;
  for (const batch of batches) for (const e of batch.residuals(theta)) sum += e * e;
  return sum;
}

function termLoss({ batches, curvature }: WeightedTerm, theta: Float64Array): number {
  let n = 0;
  let sum = 0;
  for (const batch of batches) for (const e of batch.residuals(theta)) sum += curvature[n++]! * e * e;
  return 0.5 * sum;
}

function linearizeTerm(term: WeightedTerm, theta: Float64Array): number {
  let from = 0;
  for (const batch of term.batches) {
    batch.linearize(theta);
    term.residual.set(batch.residual, from);
    from += batch.points;
  }
  return weigh(term);
}

/** Fills the slope from residuals and weights; returns the term's loss. */
function weigh({ residual, slope, curvature }: WeightedTerm): number {
  let sum = 0;
  for (let n = 0; n < residual.length; n++) {
    const e = residual[n]!;
    slope[n] = curvature[n]! * e;
    sum += curvature[n]! * e * e;
  }
  return 0.5 * sum;
}
