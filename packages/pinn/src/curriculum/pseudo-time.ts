import type { Engine, StepStart } from '@kfac/core';
import type { Compile } from '../condition-compile.ts';
import type { Equation } from '../conditions.ts';
import { type Scope, noDerivative } from '../equation/symbols.ts';
import type { Problem } from '../problem.ts';
import type { ResidualBatch } from '../residual-batch.ts';
import { residualValues } from '../residual-values.ts';
import type { CurriculumSpec } from './spec.ts';

export type PseudoTimeSpec = NonNullable<CurriculumSpec['pseudoTime']>;

/** Bounds of a measured ratio ‖e − e₀‖/‖u − u₀‖. */
const LEAST_RATE = 1e-2;
const LARGEST_RATE = 1e2;
/** Share of the moving average of the ratios that is kept. */
const DECAY = 0.9;
/** Decades that the loss has fallen by when the factor begins and ends to fall, and the factor at the end. */
const FALL = [2, 6] as const;
const LAST_FACTOR = 0.1;
/** Rows of the fields: the rate η, and the unknown u₀ that the step began with. */
const FIELDS = ['rate', 'before'] as const;

/** An equation that marches in pseudo-time. */
export interface Marching {
  /** e + η·(u − u₀), of the fields η and u₀. */
  readonly equation: Equation;
  /** u as a residual. */
  readonly unknown: Equation;
  /** 1; −1: e − η·(u − u₀). */
  readonly sign: 1 | -1;
}

/**
 * The equations with their terms in pseudo-time; null for one that has none. `of` names the unknown of each, '-u' for the
 * other sign; by default the unknowns in their order.
 */
export function marchingEquations(
  equations: readonly Equation[],
  of: readonly (string | null)[],
  scope: Scope,
  compile: Compile,
): (Marching | null)[] {
  const { pool } = scope;
  return equations.map(({ residual }, k) => {
    const name = of[k];
    if (name === null || name === undefined) return null;
    const u = pool.variable({
      kind: 'derivative',
      unknown: scope.unknowns.indexOf(name.replace(/^-/, '')),
      orders: noDerivative(scope.coordinates.length),
    });
    const [rate, before] = FIELDS.map((_, index) => pool.variable({ kind: 'field', index }));
    const term = pool.mul(rate!, pool.sub(u, before!));
    return {
      equation: compile(pool.add(residual, term), { ...scope, fields: FIELDS }),
      unknown: compile(u, scope),
      sign: name.startsWith('-') ? -1 : 1,
    };
  });
}

/** The factor on η once the loss has fallen by some decades: 1 up to 2, 0.1 from 6 on, straight in log η between. */
export function rateFactor(decades: number): number {
  const share = (decades - FALL[0]) / (FALL[1] - FALL[0]);
  return LAST_FACTOR ** Math.max(0, Math.min(1, share));
}

/** ‖e − e₀‖/‖u − u₀‖ within its bounds; null where u has not moved or something is not finite. */
export function measuredRate(
  [e, before]: readonly [Float64Array, Float64Array],
  [u, unknownBefore]: readonly [Float64Array, Float64Array],
): number | null {
  const ratio = distance(e, before) / distance(u, unknownBefore);
  return Number.isFinite(ratio) ? Math.max(LEAST_RATE, Math.min(LARGEST_RATE, ratio)) : null;
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += (a[n]! - b[n]!) ** 2;
  return Math.sqrt(sum);
}

/**
 * Steps as steps in a pseudo-time τ: inside, the residual of a step is e + η·(u − u₀) with the solution u₀ = u_θ that it begins
 * with, held constant: backward Euler for u_τ = −e with the step 1/η. Where nothing moves any more it has e = 0, while plain
 * least squares may also rest at Jᵀe = 0. η is the moving average of ‖e − e₀‖/‖u − u₀‖ over the points inside, of two
 * iterates in succession, within [1e-2, 1e2], times a factor that falls from 1 to 0.1 while the loss falls from 2 to 6
 * decades; 0 before the second step and in the finish.
 */
export class PseudoTime {
  readonly #problem: Problem;
  readonly #engine: Engine;
  readonly #options: PseudoTimeSpec;
  /** Of the equations that march, by number. */
  readonly #legs: readonly { readonly marching: Marching; readonly number: number; readonly batch: ResidualBatch }[];
  /** θ with which the last step began. */
  readonly #previous: Float64Array;
  /** Moving averages of the ratios, 0 before the first; the rates η. */
  readonly #averages: Float64Array;
  readonly #rates: Float64Array;
  #firstLoss = Number.NaN;

  /** `batches`: those of the equations, whose fields it fills. */
  constructor(
    problem: Problem,
    engine: Engine,
    options: PseudoTimeSpec,
    marching: readonly (Marching | null)[],
    batches: readonly ResidualBatch[],
  ) {
    this.#problem = problem;
    this.#engine = engine;
    this.#options = options;
    this.#legs = marching.flatMap((one, number) => (one ? [{ marching: one, number, batch: batches[number]! }] : []));
    this.#previous = new Float64Array(problem.layout.size);
    this.#averages = new Float64Array(this.#legs.length);
    this.#rates = new Float64Array(this.#legs.length);
  }

  /** Does any equation have a rate above 0? */
  get isMarching(): boolean {
    return this.#rates.some((rate) => rate > 0);
  }

  /** Prepares a step from where it begins. `loss` gives the loss there, which is without pseudo-time once u₀ is that of θ. */
  update(step: number, { theta, isFinishing }: StepStart, loss: () => number): void {
    if (isFinishing || step > (this.#options.steps ?? Infinity)) {
      this.#rates.fill(0);
      this.#fill(this.#rates);
      return;
    }
    for (const { marching, batch } of this.#legs)
      batch.fields.set(this.#values(marching.unknown, theta, batch), batch.points);
    const isDue = step >= 2 && (step - 2) % this.#options.every === 0;
    if (step === 1) this.#firstLoss = loss();
    if (isDue) this.#renew(theta, Math.log10(this.#firstLoss / loss()));
    this.#fill(this.#rates);
    this.#previous.set(theta);
  }

  /** What `run` gives without pseudo-time. */
  without<T>(run: () => T): T {
    this.#fill(new Float64Array(this.#rates.length));
    try {
      return run();
    } finally {
      this.#fill(this.#rates);
    }
  }

  metrics(): Record<string, number> {
    return Object.fromEntries(
      this.#legs.map(({ number }, k) => [
        this.#problem.equations.length === 1 ? 'pinn/pseudo_time' : `pinn/pseudo_time/${number + 1}`,
        this.#rates[k]!,
      ]),
    );
  }

  save(): Record<string, Float64Array> {
    return {
      previous: this.#previous,
      averages: this.#averages,
      rates: this.#rates,
      loss: Float64Array.of(this.#firstLoss),
    };
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    this.#previous.set(state['previous']!);
    this.#averages.set(state['averages']!);
    this.#rates.set(state['rates']!);
    this.#firstLoss = state['loss']![0]!;
  }

  #renew(theta: Float64Array, decades: number): void {
    for (const [k, { marching, number, batch }] of this.#legs.entries()) {
      const equation = this.#problem.equations[number]!;
      const pair = (of: Equation) => [this.#values(of, theta, batch), this.#values(of, this.#previous, batch)] as const;
      const rate = measuredRate(pair(equation), pair(marching.unknown));
      if (rate === null) continue;
      this.#averages[k] = this.#averages[k] === 0 ? rate : DECAY * this.#averages[k]! + (1 - DECAY) * rate;
    }
    const factor = rateFactor(decades);
    for (const [k, average] of this.#averages.entries()) this.#rates[k] = factor * average;
  }

  #fill(rates: Float64Array): void {
    for (const [k, { marching, batch }] of this.#legs.entries())
      batch.fields.fill(marching.sign * rates[k]!, 0, batch.points);
  }

  #values(equation: Equation, theta: Float64Array, { coordinates }: ResidualBatch): Float64Array {
    return residualValues(this.#problem, this.#engine, equation, theta, coordinates).residual;
  }
}
