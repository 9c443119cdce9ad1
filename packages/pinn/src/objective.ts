import type { CapturedLayer, Engine, Linearization, LossTerm, Objective, ParameterLayout } from '@kfac/core';
import { IntegralBatch } from './integral-batch.ts';
import { mergeLayers } from './merged-layer.ts';
import { partName } from './part-name.ts';
import { type Problem, jetShape } from './problem.ts';
import { type Batch, ResidualBatch } from './residual-batch.ts';
import { quadratureOf } from './quadrature.ts';
import { type Purpose, samplePoints } from './sampling/sample.ts';

/**
 * A loss by its terms: each ½·weight·mean of squared residuals; they add up to the loss. The terms are `interior` (of
 * several equations `interior/1`, `interior/2`, …), `conditions`, and `constraints` where there are any.
 */
export type TermLosses = Readonly<Record<string, number>>;

/** A loss term over one or several batches. */
interface Term<B extends Batch = Batch> extends LossTerm {
  readonly kind: 'interior' | 'conditions' | 'constraints';
  readonly weight: number;
  readonly batches: readonly B[];
}

/**
 * The loss of a PINN, L = Σ_k (w_k/2)·mean e_k² + (w_c/2)·mean e_c², over the collocation points inside for every equation k
 * and over all points of all conditions together (and a third mean over the integral constraints, one residual each),
 * linearised into captured pairs. All equations have the same points,
 * and each the channels that it needs.
 */
export class PinnObjective implements Objective {
  readonly engine: Engine;
  readonly parameters: ParameterLayout;
  readonly #problem: Problem;
  /** Equations, each one batch. */
  readonly #interior: readonly Term<ResidualBatch>[];
  readonly #conditions: Term<ResidualBatch>;
  readonly #terms: readonly Term[];
  #refresh = -1;
  /** The last linearisation, at #theta; null once the points have changed. */
  #last: Linearization | null = null;
  readonly #theta: Float64Array;

  constructor(problem: Problem, engine: Engine) {
    const { spec, layout, equations, groups, scalars } = problem;
    this.engine = engine;
    this.parameters = layout;
    this.#problem = problem;
    this.#theta = new Float64Array(layout.size);
    const batch = (points: number, segments: ConstructorParameters<typeof ResidualBatch>[4]): ResidualBatch =>
      new ResidualBatch(engine, layout, jetShape(problem, segments[0]!.compiled.plan), points, segments, scalars);
    const count = spec.sampling.interior;
    const { interior: weights } = spec.weights;
    this.#interior = equations.map(({ compiled }, k) =>
      term(
        partName('interior', equations, `${k + 1}`),
        'interior',
        typeof weights === 'number' ? weights : weights[k]!,
        [batch(count, [{ compiled, from: 0, count }])],
      ),
    );
    this.#conditions = term(
      'conditions',
      'conditions',
      spec.weights.conditions,
      groups.map((group) => batch(group.points, group.segments)),
    );
    this.#terms = [...this.#interior, this.#conditions, ...constraintTerms(problem, engine)];
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

  linearize(theta: Float64Array): Linearization {
    if (this.#last && isSame(this.#theta, theta)) return this.#last;
    let loss = 0;
    for (const term of this.#terms) loss += linearizeTerm(term, theta);
    this.#theta.set(theta);
    this.#last = { loss, terms: this.#terms };
    return this.#last;
  }

  nextBatch(step: number): void {
    const every = this.#problem.spec.sampling.resampleEvery;
    const refresh = every === 0 ? 0 : Math.floor((step - 1) / every);
    if (refresh === this.#refresh) return;
    this.#refresh = refresh;
    this.#last = null;
    const { spec, box, groups } = this.#problem;
    const key = (purpose: Purpose, place: number) => ({ seed: spec.seed, purpose, place, refresh });
    const [inside, ...others] = this.#interior.map(({ batches }) => batches[0]!) as [ResidualBatch, ...ResidualBatch[]];
    samplePoints(spec.sampling.method, key('interior', 0), box, null, {
      data: inside.coordinates,
      stride: inside.points,
      from: 0,
      count: inside.points,
    });
    for (const { coordinates } of others) coordinates.set(inside.coordinates);
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

/** The term of the integral constraints: none without any. */
function constraintTerms(problem: Problem, engine: Engine): Term[] {
  const { constraints, spec, layout } = problem;
  if (constraints.length === 0) return [];
  const quadrature = quadratureOf(problem);
  const batches = constraints.map((one) => new IntegralBatch(engine, layout, problem, one, quadrature));
  return [term('constraints', 'constraints', spec.weights.constraints ?? 1, batches)];
}

function term<B extends Batch>(name: string, kind: Term['kind'], weight: number, batches: readonly B[]): Term<B> {
  const total = batches.reduce((sum, { points }) => sum + points, 0);
  let from = 0;
  const ranges = batches.map(({ points }) => ({ from: (from += points) - points, count: points }));
  const layers: CapturedLayer[] = batches[0]!.layers.map((_, l) =>
    mergeLayers(batches.map((batch, k) => ({ layer: batch.layers[l]!, ...ranges[k]! }))),
  );
  return {
    name,
    kind,
    weight,
    batches,
    residual: new Float64Array(total),
    slope: new Float64Array(total),
    curvature: new Float64Array(total).fill(weight / total),
    centred: false,
    layers,
  };
}

function termLoss({ weight, batches, residual }: Term, theta: Float64Array): number {
  let sum = 0;
  for (const batch of batches) for (const e of batch.residuals(theta)) sum += e * e;
  return (0.5 * weight * sum) / residual.length;
}

function linearizeTerm({ weight, batches, residual, slope }: Term, theta: Float64Array): number {
  const scale = weight / residual.length;
  let from = 0;
  let sum = 0;
  for (const batch of batches) {
    batch.linearize(theta);
    for (let n = 0; n < batch.points; n++) {
      const e = batch.residual[n]!;
      residual[from + n] = e;
      slope[from + n] = scale * e;
      sum += e * e;
    }
    from += batch.points;
  }
  return (0.5 * weight * sum) / residual.length;
}
