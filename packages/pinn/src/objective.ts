import type { CapturedLayer, Engine, Linearization, Objective, ParameterLayout, StepStart } from '@kfac/core';
import { fillConditionPoints } from './condition-points.ts';
import type { Segment } from './conditions.ts';
import { PseudoTime } from './curriculum/pseudo-time.ts';
import type { DataSet } from './data.ts';
import { IntegralBatch } from './integral-batch.ts';
import { mergeLayers } from './merged-layer.ts';
import { boxWithin } from './geometry/box.ts';
import { type InteriorSample, interiorSamples, streamNumber } from './regions/samples.ts';
import { partName } from './part-name.ts';
import type { Problem } from './problem.ts';
import { quadratureOf } from './quadrature.ts';
import { type Batch, ResidualBatch } from './residual-batch.ts';
import { AdaptiveSample } from './sampling/adaptive-sample.ts';
import { type Purpose, samplePoints } from './sampling/sample.ts';
import { underPrefix } from './under-prefix.ts';
import { LossWeights } from './weights/loss-weights.ts';
import type { WeightedTerm } from './weights/point-scheme.ts';

/**
 * A loss by its terms: each ½·weight·mean of squared residuals, points by their own weights where they have any; they add up
 * to the loss. The terms are `interior` (of several equations `interior/1`, `interior/2`, …), `conditions`, of measured data
 * `data`, of integral constraints `constraints`.
 */
export type TermLosses = Readonly<Record<string, number>>;

/**
 * The loss of a PINN, L = Σ_k (w_k/2)·mean e_k² + (w_c/2)·mean e_c² + (w_d/2)·mean e_d² + (w_i/2)·mean e_i², over the
 * collocation points inside for every equation k, over all points of all conditions together, over all data and over the
 * integral constraints, one residual each, linearised into captured pairs. Weights and the points inside may follow the
 * training, between steps. All equations of one part of the domain have the same points, and each the channels that it needs; a
 * sum over nothing is no term.
 */
export class PinnObjective implements Objective {
  readonly engine: Engine;
  readonly parameters: ParameterLayout;
  readonly #problem: Problem;
  /** Equations, each one batch. */
  readonly #interior: readonly WeightedTerm[];
  /** Which of them share their points. */
  readonly #samples: readonly InteriorSample[];
  /** Batches of the groups of conditions. */
  readonly #groups: readonly ResidualBatch[];
  readonly #terms: readonly WeightedTerm[];
  readonly #weights: LossWeights;
  /** One for each sample, or none. */
  readonly #adaptive: readonly AdaptiveSample[];
  readonly #pseudoTime: PseudoTime | null;
  #refresh = -1;
  /** The last linearisation, at #theta; null once the points have changed. */
  #last: Linearization | null = null;
  readonly #theta: Float64Array;

  constructor(problem: Problem, engine: Engine) {
    const { spec, layout, equations, marching, groups, data } = problem;
    this.engine = engine;
    this.parameters = layout;
    this.#problem = problem;
    this.#theta = new Float64Array(layout.size);
    const batch = (points: number, segments: readonly Segment[], pointsPerResidual = 1): ResidualBatch =>
      new ResidualBatch(engine, problem, points, segments, pointsPerResidual);
    const term = (name: string, kind: WeightedTerm['kind'], batches: readonly Batch[]): WeightedTerm =>
      termOf(layout, name, kind, batches);
    const count = spec.sampling.interior;
    const inside = equations.map((plain, k) =>
      batch(count, [{ compiled: (marching?.[k]?.equation ?? plain).compiled, from: 0, count }]),
    );
    this.#interior = inside.map((one, k) => term(partName('interior', equations, `${k + 1}`), 'interior', [one]));
    this.#groups = groups.map((group) => batch(group.points, group.segments, group.pointsPerResidual));
    const measured = dataByNetworks(data).map((sets) => dataBatch(sets, batch));
    const integrals = integralBatches(problem, engine);
    this.#terms = [
      ...this.#interior,
      ...(groups.length > 0 ? [term('conditions', 'conditions', this.#groups)] : []),
      ...(measured.length > 0 ? [term('data', 'conditions', measured)] : []),
      ...(integrals.length > 0 ? [term('constraints', 'constraints', integrals)] : []),
    ];
    this.#weights = new LossWeights(problem, this.#terms);
    const { adaptive } = spec.sampling;
    this.#samples = interiorSamples(equations);
    this.#adaptive = adaptive
      ? this.#samples.map(
          (of) =>
            new AdaptiveSample(problem, engine, adaptive, of, { data: this.#pointsOf(of)[0]!.coordinates, count }),
        )
      : [];
    const { pseudoTime } = spec.curriculum ?? {};
    this.#pseudoTime = pseudoTime && marching ? new PseudoTime(problem, engine, pseudoTime, marching, inside) : null;
    this.nextBatch(1);
  }

  loss(theta: Float64Array): number {
    let loss = 0;
    for (const term of this.#terms) loss += termLoss(term, theta);
    return loss;
  }

  /** The loss on the current batch, by terms, without what pseudo-time adds. */
  termLosses(theta: Float64Array): TermLosses {
    return this.plain(() => Object.fromEntries(this.#terms.map((term) => [term.name, termLoss(term, theta)])));
  }

  /** √mean e² over the current batch, by terms, without weights and what pseudo-time adds. */
  residualNorms(theta: Float64Array): Readonly<Record<string, number>> {
    return this.plain(() =>
      Object.fromEntries(
        this.#terms.map((term) => [term.name, Math.sqrt(sumOfSquares(term, theta) / term.residual.length)]),
      ),
    );
  }

  /** What `run` finds in this objective without pseudo-time: a linearisation in it ends with `run`. */
  plain<T>(run: () => T): T {
    if (!this.#pseudoTime) return run();
    this.#last = null;
    try {
      return this.#pseudoTime.without(run);
    } finally {
      this.#last = null;
    }
  }

  get isProximal(): boolean {
    return this.#pseudoTime?.isMarching ?? false;
  }

  linearize(theta: Float64Array): Linearization {
    if (this.#last && isSame(this.#theta, theta)) return this.#last;
    let loss = 0;
    for (const term of this.#terms) loss += linearizeTerm(term, theta);
    this.#theta.set(theta);
    this.#last = { loss, terms: this.#terms };
    return this.#last;
  }

  /** The rows of telemetry about what follows the training: weights that change, rates of pseudo-time. */
  metrics(): Record<string, number> {
    return { ...this.#weights.metrics(), ...this.#pseudoTime?.metrics() };
  }

  /** The first batch and fresh ones follow from the step alone; what follows the training changes only if `start` is given. */
  nextBatch(step: number, start?: StepStart): void {
    this.#resample(step);
    if (!start) return;
    const updated = this.#adaptive.map((sample) => sample.update(step, start));
    if (updated.includes(true)) this.#shareInterior();
    if (this.#pseudoTime) this.#march(this.#pseudoTime, step, start);
    if (this.#weights.update(step, start, () => this.linearize(start.theta))) this.#reweigh();
  }

  save(): Record<string, Float64Array> {
    const state: Record<string, Float64Array> = {};
    for (const [k, sample] of this.#adaptive.entries())
      for (const [name, values] of Object.entries(sample.save())) state[`${this.#sampleName(k)}/${name}`] = values;
    for (const [name, values] of Object.entries(this.#weights.save())) state[`weights/${name}`] = values;
    for (const [name, values] of Object.entries(this.#pseudoTime?.save() ?? {})) state[`pseudo-time/${name}`] = values;
    return state;
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    for (const [k, sample] of this.#adaptive.entries()) sample.restore(underPrefix(state, `${this.#sampleName(k)}/`));
    this.#shareInterior();
    this.#weights.restore(underPrefix(state, 'weights/'));
    this.#pseudoTime?.restore(underPrefix(state, 'pseudo-time/'));
  }

  #march(pseudoTime: PseudoTime, step: number, start: StepStart): void {
    this.#last = null;
    pseudoTime.update(step, start, () => this.linearize(start.theta).loss);
    this.#last = null;
  }

  /** The last linearisation under the weights of now. */
  #reweigh(): void {
    const loss = this.#terms.reduce((sum, term) => sum + weigh(term), 0);
    this.#last = { loss, terms: this.#terms };
  }

  #sampleName(k: number): string {
    return partName('sample', this.#samples, `${k + 1}`);
  }

  /** The batches of equations that share their points. */
  #pointsOf({ members }: InteriorSample): ResidualBatch[] {
    return members.map((k) => this.#interior[k]!.batches[0] as ResidualBatch);
  }

  /** Gives all equations the points of the first one in the same part of the domain. */
  #shareInterior(): void {
    for (const sample of this.#samples) {
      const [inside, ...others] = this.#pointsOf(sample) as [ResidualBatch, ...ResidualBatch[]];
      for (const { coordinates } of others) coordinates.set(inside.coordinates);
    }
    this.#last = null;
  }

  #resample(step: number): void {
    const { resampleEvery: every, freezeAfter = Infinity } = this.#problem.spec.sampling;
    const refresh = every === 0 ? 0 : Math.floor((Math.min(step, freezeAfter) - 1) / every);
    if (refresh === this.#refresh) return;
    this.#refresh = refresh;
    const { spec, box, groups } = this.#problem;
    const key = (purpose: Purpose, place: number) => ({ seed: spec.seed, purpose, place, refresh });
    for (const sample of this.#samples) {
      const { coordinates: data, points: count } = this.#pointsOf(sample)[0]!;
      const own = key('interior', streamNumber(sample.within));
      const target = { data, stride: count, from: 0, count };
      samplePoints(spec.sampling.method, own, boxWithin(box, sample.within), null, target);
    }
    this.#shareInterior();
    for (const [k, { slots }] of groups.entries()) {
      const { coordinates, fields, points: stride } = this.#groups[k]!;
      for (const slot of slots) {
        const own = key('conditions', slot.index);
        fillConditionPoints(spec.sampling.method, own, box, slot, { coordinates, fields, stride });
      }
    }
  }
}

/** Sets of data, those together whose unknowns come from the same networks. */
function dataByNetworks(data: readonly DataSet[]): DataSet[][] {
  const keyOf = ({ compiled }: DataSet): string => compiled.plans.map((plan) => (plan ? 1 : 0)).join('');
  return [...new Set(data.map(keyOf))].map((key) => data.filter((set) => keyOf(set) === key));
}

/** The batch of some sets of data, a segment for each. */
function dataBatch(
  data: readonly DataSet[],
  batch: (points: number, segments: readonly Segment[]) => ResidualBatch,
): ResidualBatch {
  let points = 0;
  const segments = data.map(({ compiled, values: { length: count } }) => {
    const segment = { compiled, from: points, count };
    points += count;
    return segment;
  });
  const all = batch(points, segments);
  for (const [k, { coordinates, values }] of data.entries()) {
    const { from, count } = segments[k]!;
    for (let row = 0; row * count < coordinates.length; row++)
      all.coordinates.set(coordinates.subarray(row * count, (row + 1) * count), row * points + from);
    all.fields.set(values, from);
  }
  return all;
}

/** Entry by entry; NaN equals nothing. */
function isSame(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A batch for each integral constraint. */
function integralBatches(problem: Problem, engine: Engine): Batch[] {
  const { constraints, layout } = problem;
  if (constraints.length === 0) return [];
  const quadrature = quadratureOf(problem);
  return constraints.map((one) => new IntegralBatch(engine, layout, problem, one, quadrature));
}

/** The term of some batches; a matrix that none of them uses has no layer. */
function termOf(
  layout: ParameterLayout,
  name: string,
  kind: WeightedTerm['kind'],
  batches: readonly Batch[],
): WeightedTerm {
  const total = batches.reduce((sum, { examples }) => sum + examples, 0);
  let from = 0;
  const ranges = batches.map(({ examples }) => ({ from: (from += examples) - examples, count: examples }));
  const layers = layout.blocks.flatMap((block): CapturedLayer[] => {
    const parts = batches.flatMap((batch, k) => {
      const layer = batch.layers.find((one) => one.matrix === block.name);
      return layer ? [{ layer, ...ranges[k]! }] : [];
    });
    return parts.length === 0 ? [] : [mergeLayers(parts, total, block)];
  });
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
    from += batch.examples;
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
