import { type Linearization, type ParameterLayout, type StepStart, addTransposedProduct, dot } from '@kfac/core';
import type { Problem } from '../problem.ts';
import { underPrefix } from '../under-prefix.ts';
import { type LossPart, lossParts } from './part.ts';
import type { PartMeasures, PartScheme } from './part-scheme.ts';
import type { PointScheme, WeightedTerm } from './point-scheme.ts';
import { partSchemeOf, pointSchemeOf } from './schemes.ts';

/**
 * The weights of a loss: ω_n = (w_i/N_i)·m_n of the N_i points of part i, in the terms' `curvature`. Both factors change by
 * the schemes of the specification, and only between steps: within a step every method sees one loss.
 */
export class LossWeights {
  readonly #layout: ParameterLayout;
  readonly #terms: readonly WeightedTerm[];
  readonly #parts: readonly LossPart[];
  readonly #start: Float64Array;
  /** w_i. */
  readonly #weights: Float64Array;
  /** m_n, one vector a term. */
  readonly #multipliers: readonly Float64Array[];
  readonly #partScheme: PartScheme | null;
  readonly #pointScheme: PointScheme | null;
  readonly #freezeAfter: number;
  readonly #measures: PartMeasures;

  constructor(problem: Problem, terms: readonly WeightedTerm[]) {
    this.#layout = problem.layout;
    this.#terms = terms;
    this.#parts = lossParts(problem);
    this.#start = Float64Array.from(this.#parts, ({ weight }) => weight);
    this.#weights = this.#start.slice();
    this.#multipliers = terms.map(({ residual }) => new Float64Array(residual.length).fill(1));
    this.#partScheme = partSchemeOf(problem);
    this.#pointScheme = pointSchemeOf(problem);
    this.#freezeAfter = problem.spec.weights.freezeAfter ?? Infinity;
    this.#measures = {
      losses: () => this.#measure((part) => this.#loss(part)),
      gradientNorms: () => this.#measure((part) => this.#gradientNorm(part)),
      kernelDiagonals: () => this.#measure((part) => this.#kernelDiagonal(part)),
    };
    this.#apply();
  }

  /** Changes what is due before a step, from the terms linearised there. True if something has changed. */
  update(step: number, { isFinishing }: StepStart, linearize: () => Linearization): boolean {
    if (step > this.#freezeAfter) return false;
    const isDue = (every: number): boolean => (step - 1) % every === 0;
    const points = this.#pointScheme;
    const parts = this.#partScheme;
    const movesPoints = points !== null && isDue(points.every) && !(isFinishing && points.restsInFinish);
    const movesParts = parts !== null && isDue(parts.every) && !isFinishing;
    // Where the loss is not finite the step will say so.
    if ((!movesPoints && !movesParts) || !Number.isFinite(linearize().loss)) return false;
    if (movesPoints) points.update(this.#terms, this.#multipliers);
    if (movesParts) parts.update(this.#measures, this.#start, this.#weights);
    this.#apply();
    return true;
  }

  /** w_i by name where they change; least and largest m_n, and what the rule for points says, where those do. */
  metrics(): Record<string, number> {
    const metrics: Record<string, number> = {};
    if (this.#partScheme)
      for (const [i, { name }] of this.#parts.entries()) metrics[`pinn/weight/${name}`] = this.#weights[i]!;
    if (this.#pointScheme) {
      let least = Infinity;
      let largest = 0;
      for (const m of this.#multipliers) {
        for (const value of m) {
          least = Math.min(least, value);
          largest = Math.max(largest, value);
        }
      }
      Object.assign(metrics, { 'pinn/weight/least': least, 'pinn/weight/largest': largest });
      Object.assign(metrics, this.#pointScheme.metrics());
    }
    return metrics;
  }

  save(): Record<string, Float64Array> {
    const state: Record<string, Float64Array> = {};
    if (this.#partScheme) {
      state['weights'] = this.#weights;
      for (const [name, values] of Object.entries(this.#partScheme.save())) state[`parts/${name}`] = values;
    }
    if (this.#pointScheme) {
      for (const [k, m] of this.#multipliers.entries()) state[`multipliers/${k}`] = m;
      for (const [name, values] of Object.entries(this.#pointScheme.save())) state[`points/${name}`] = values;
    }
    return state;
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    if (this.#partScheme) {
      this.#weights.set(state['weights']!);
      this.#partScheme.restore(underPrefix(state, 'parts/'));
    }
    if (this.#pointScheme) {
      for (const [k, m] of this.#multipliers.entries()) m.set(state[`multipliers/${k}`]!);
      this.#pointScheme.restore(underPrefix(state, 'points/'));
    }
    this.#apply();
  }

  #apply(): void {
    for (const [i, { term, from, count, weight, curvature: atStart }] of this.#parts.entries()) {
      const { curvature } = this.#terms[term]!;
      const m = this.#multipliers[term]!;
      const factor = atStart * (this.#weights[i]! / weight);
      for (let n = from; n < from + count; n++) curvature[n] = factor * m[n]!;
    }
  }

  #measure(of: (part: LossPart) => number): Float64Array {
    return Float64Array.from(this.#parts, of);
  }

  #loss({ term, from, count }: LossPart): number {
    const { residual } = this.#terms[term]!;
    const m = this.#multipliers[term]!;
    let sum = 0;
    for (let n = from; n < from + count; n++) sum += m[n]! * residual[n]! ** 2;
    return (0.5 * sum) / count;
  }

  #gradientNorm({ term: number, from, count }: LossPart): number {
    const term = this.#terms[number]!;
    const m = this.#multipliers[number]!;
    const slope = new Float64Array(m.length);
    for (let n = from; n < from + count; n++) slope[n] = (m[n]! * term.residual[n]!) / count;
    const gradient = new Float64Array(this.#layout.size);
    addTransposedProduct(this.#layout, term, slope, gradient);
    return Math.sqrt(dot(gradient, gradient));
  }

  #kernelDiagonal({ term, from, count }: LossPart): number {
    const m = this.#multipliers[term]!;
    const diagonal = new Float64Array(m.length);
    let at = 0;
    for (const batch of this.#terms[term]!.batches) {
      batch.kernelDiagonal(diagonal.subarray(at, at + batch.examples));
      at += batch.examples;
    }
    let sum = 0;
    for (let n = from; n < from + count; n++) sum += m[n]! * diagonal[n]!;
    return sum / count;
  }
}
