import { type Fault, type ParameterBlock, pointerOf } from '@kfac/core';
import { z } from 'zod';
import { section } from './section.ts';

/** Name of the unknown scalars' block in the parameter layout: [1 × P], after the network's matrices. */
export const SCALARS = 'parameters';

export const scalarSchema = section({
  initial: z.number().describe('Where the search begins'),
  positive: z.boolean().optional().describe('Its logarithm is optimised, so that it stays above 0'),
  bounds: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('Lower and upper bound, which it never reaches: optimised through a logistic function'),
  exact: z.number().optional().describe('The true value, for reported errors'),
}).describe('An unknown number, found along with the solution');

export type ScalarSpec = z.output<typeof scalarSchema>;

/** How a scalar p is optimised: as p(q) of a free variable q, a component of θ. */
interface Reparametrisation {
  /** q at a value p. */
  argument(p: number): number;
  value(q: number): number;
  /** dp/dq. */
  slope(q: number): number;
}

/**
 * p = s·q with s = |p₀| (1 for p₀ = 0); p = p₀·e^q for a positive one; p = a + (b − a)/(1 + e^−q) between bounds. In all
 * three q has no unit: training does not depend on the unit of p.
 */
function reparametrise({ initial, positive, bounds }: ScalarSpec): Reparametrisation {
  if (bounds) {
    const [lower, upper] = bounds;
    const width = upper - lower;
    return {
      argument: (p) => Math.log((p - lower) / (upper - p)),
      value: (q) => lower + width / (1 + Math.exp(-q)),
      slope: (q) => width / ((1 + Math.exp(-q)) * (1 + Math.exp(q))),
    };
  }
  if (positive) {
    const value = (q: number): number => initial * Math.exp(q);
    return { argument: (p) => Math.log(p / initial), value, slope: value };
  }
  const scale = Math.abs(initial) || 1;
  return { argument: (p) => p / scale, value: (q) => scale * q, slope: () => scale };
}

/** An unknown scalar's value, with what is known about its error. */
export interface ScalarEstimate {
  readonly value: number;
  /** |p − p*|/|p*| (|p| for p* = 0) where the specification gives p*. */
  readonly relativeError?: number;
  /** Of the measurements' scatter alone, linearised (`standardErrors`); for at most 3000 parameters and more points than those. */
  readonly standardError?: number;
}

/** The unknown scalars p of a problem as a part of the flat parameter vector θ: its last entries. */
export class Scalars {
  readonly names: readonly string[];
  readonly specs: readonly ScalarSpec[];
  readonly #forms: readonly Reparametrisation[];

  constructor(specs: Readonly<Record<string, ScalarSpec>>) {
    this.names = Object.keys(specs);
    this.specs = Object.values(specs);
    this.#forms = this.specs.map(reparametrise);
  }

  get count(): number {
    return this.names.length;
  }

  /** The block of the layout that they need: none without scalars. */
  get blocks(): Pick<ParameterBlock, 'name' | 'inputs' | 'outputs'>[] {
    return this.count === 0 ? [] : [{ name: SCALARS, inputs: 1, outputs: this.count }];
  }

  /** Writes values by name into θ, the initial ones where there is none. */
  initialise(theta: Float64Array, values: Readonly<Record<string, number>> = {}): void {
    for (const [k, { argument }] of this.#forms.entries())
      theta[theta.length - this.count + k] = argument(values[this.names[k]!] ?? this.specs[k]!.initial);
  }

  /** The network's part of θ: a view. */
  networkPart(theta: Float64Array): Float64Array {
    return this.count === 0 ? theta : theta.subarray(0, theta.length - this.count);
  }

  /** out ← p at θ [P]. */
  values(theta: Float64Array, out: Float64Array): Float64Array {
    for (const [k, form] of this.#forms.entries()) out[k] = form.value(theta[theta.length - this.count + k]!);
    return out;
  }

  /** out ← dp/dq at θ [P]. */
  slopes(theta: Float64Array, out: Float64Array): Float64Array {
    for (const [k, form] of this.#forms.entries()) out[k] = form.slope(theta[theta.length - this.count + k]!);
    return out;
  }

  /**
   * The values at θ by name, with their errors where the true ones are given, and the standard errors of q [P] in the units
   * of p.
   */
  estimates(theta: Float64Array, standardErrors: Float64Array | null = null): Record<string, ScalarEstimate> {
    const values = this.values(theta, new Float64Array(this.count));
    const slopes = this.slopes(theta, new Float64Array(this.count));
    return Object.fromEntries(
      this.names.map((name, k) => {
        const { exact } = this.specs[k]!;
        const value = values[k]!;
        return [
          name,
          {
            value,
            ...(exact === undefined ? {} : { relativeError: Math.abs(value - exact) / (Math.abs(exact) || 1) }),
            ...(standardErrors ? { standardError: Math.abs(slopes[k]!) * standardErrors[k]! } : {}),
          },
        ];
      }),
    );
  }
}

/** Checks the values of unknown scalars. Adds what is wrong to `faults`. */
export function checkScalars(specs: Readonly<Record<string, ScalarSpec>>, faults: Fault[]): void {
  for (const [name, { initial, positive, bounds }] of Object.entries(specs)) {
    const fault = (field: string, detail: string): void => {
      faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['parameters', name, field]), detail });
    };
    if (bounds) {
      const [lower, upper] = bounds;
      if (positive) fault('positive', 'expected positive or bounds, got both');
      if (!(lower < upper)) fault('bounds', `expected [lower, upper] with lower < upper, got [${lower}, ${upper}]`);
      else if (!(lower < initial && initial < upper))
        fault('initial', `expected a number between the bounds ${lower} and ${upper}, got ${initial}`);
    } else if (positive && !(initial > 0)) {
      fault('initial', `expected a number above 0, since the parameter is positive, got ${initial}`);
    }
  }
}
