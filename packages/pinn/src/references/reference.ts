import { KfacError } from '@kfac/core';
import { z } from 'zod';
import { parseExpression } from '../equation/parse.ts';
import { MAX_TEXT } from '../equation/gate.ts';
import type { Scope } from '../equation/symbols.ts';
import type { ExactSolution } from '../exact.ts';
import type { Box } from '../geometry/box.ts';
import { section } from '../section.ts';
import { BlackScholesReference } from './black-scholes.ts';
import { BurgersReference } from './burgers.ts';
import { EvolutionReference, allenCahn, kortewegDeVries } from './evolution.ts';
import { HestonReference } from './heston.ts';

const constant = z.string().min(1).max(MAX_TEXT).describe('An expression in the constants');

/** Solutions that are known, but not as a text, by name. */
export const referenceSchema = z.discriminatedUnion('reference', [
  section({ reference: z.literal('burgers-cole-hopf'), viscosity: constant }).describe(
    'u_t + u*u_x = viscosity*u_xx on x in [-1, 1], u = -sin(pi*x) at t = 0, u = 0 at x = -1, 1',
  ),
  section({ reference: z.literal('allen-cahn') }).describe(
    'u_t = 1e-4*u_xx + 5*(u - u^3) on t in [0, 1], x in [-1, 1], periodic, u = x^2*cos(pi*x) at t = 0',
  ),
  section({ reference: z.literal('korteweg-de-vries') }).describe(
    'u_t + u*u_x + 0.022^2*u_xxx = 0 on t in [0, 1], x in [-1, 1], periodic, u = cos(pi*x) at t = 0',
  ),
  section({ reference: z.literal('black-scholes'), strike: constant, rate: constant, volatility: constant }).describe(
    'A European call on the price S, t being the time to maturity',
  ),
  section({
    reference: z.literal('heston'),
    strike: constant,
    rate: constant,
    reversion: constant,
    mean: constant,
    volatility: constant,
    correlation: constant,
  }).describe("A European call on the price S with the variance v of Heston's model, t being the time to maturity"),
]);

type ReferenceSpec = z.output<typeof referenceSchema>;

/**
 * The solution that a name stands for. Throws `KFAC_SPEC` if the problem's coordinates are not those of the reference, and
 * `KFAC_EQUATION` for a parameter that is not a constant.
 */
export function referenceOf(spec: ReferenceSpec, scope: Scope, box: Box): ExactSolution {
  const { reference } = spec;
  const number = (name: string, text: string): number => {
    const value = parseExpression(text, scope);
    if (value.kind === 'number') return value.value;
    throw new KfacError('KFAC_SPEC', `the reference ${reference} needs a constant ${name}, got "${text}"`);
  };
  switch (spec.reference) {
    case 'burgers-cole-hopf': {
      const [time, space] = axesOf(box, reference, { t: [0, Infinity], x: [-Infinity, Infinity] });
      return new BurgersReference(number('viscosity', spec.viscosity), time!, space!);
    }
    case 'allen-cahn':
    case 'korteweg-de-vries': {
      const [time, space] = axesOf(box, reference, { t: [0, 1], x: [-1, 1] });
      return new EvolutionReference(reference === 'allen-cahn' ? allenCahn : kortewegDeVries, time!, space!);
    }
    case 'black-scholes': {
      const [time, spot] = axesOf(box, reference, { t: [0, Infinity], S: [0, Infinity] });
      const terms = {
        strike: number('strike', spec.strike),
        rate: number('rate', spec.rate),
        volatility: number('volatility', spec.volatility),
      };
      return new BlackScholesReference(terms, time!, spot!);
    }
    case 'heston': {
      const [time, spot, variance] = axesOf(box, reference, {
        t: [0, Infinity],
        S: [0, Infinity],
        v: [0, Infinity],
      });
      const terms = {
        strike: number('strike', spec.strike),
        rate: number('rate', spec.rate),
        reversion: number('reversion', spec.reversion),
        mean: number('mean', spec.mean),
        volatility: number('volatility', spec.volatility),
        correlation: number('correlation', spec.correlation),
      };
      return new HestonReference(terms, [time!, spot!, variance!]);
    }
  }
}

/** The axes of a reference's coordinates, which must be all that the problem has, within the given intervals. */
function axesOf(
  box: Box,
  reference: string,
  coordinates: Readonly<Record<string, readonly [lower: number, upper: number]>>,
): number[] {
  const names = Object.keys(coordinates);
  const axes = names.map((name) => box.names.indexOf(name));
  if (axes.includes(-1) || box.names.length !== names.length) {
    const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
    throw new KfacError(
      'KFAC_SPEC',
      `the reference ${reference} needs the coordinates ${list}, got ${box.names.join(', ')}`,
    );
  }
  for (const [k, [name, [lower, upper]]] of Object.entries(coordinates).entries()) {
    const from = box.lower[axes[k]!]!;
    const to = box.upper[axes[k]!]!;
    if (from < lower || to > upper) {
      throw new KfacError(
        'KFAC_SPEC',
        `the reference ${reference} needs ${name} in [${lower}, ${upper}], got [${from}, ${to}]`,
      );
    }
  }
  return axes;
}
