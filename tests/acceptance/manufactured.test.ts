import { PhiloxStream, defaultEngine } from '@kfac/core';
import { type PinnSpecInput, solve } from '@kfac/pinn';
import { derivative, parse } from 'mathjs';
import { describe, expect, test } from 'vitest';

/**
 * Manufactured solutions: a random smooth u, a random equation of a well-posed kind, and the source that makes u its
 * solution, derived by mathjs. The texts are solved and the network is compared with u.
 */

const COORDINATES = ['x', 'y', 'z', 'v', 'w'];
/** On the reference engine, which is many times slower, every eighth case. */
const stride = defaultEngine().describe().kind === 'native' ? 1 : 8;

/** Random draws from a fixed seed. */
class Draws {
  readonly #stream: PhiloxStream;
  #used = 0;

  constructor(seed: number) {
    this.#stream = new PhiloxStream(seed, 0);
  }

  unit(): number {
    return this.#stream.uniformAt(this.#used++);
  }

  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  between(lower: number, upper: number): string {
    return (lower + (upper - lower) * this.unit()).toFixed(2);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** A random smooth function of order one. */
function randomSolution(draws: Draws, coordinates: readonly string[]): string {
  const affine = (): string =>
    `(${coordinates.map((name) => `${draws.between(-1.2, 1.2)}*${name}`).join(' + ')} + ${draws.between(-1, 1)})`;
  const term = (): string => {
    const scale = draws.between(0.3, 1);
    switch (draws.below(5)) {
      case 0:
        return `${scale}*exp(${draws.between(0.2, 0.6)}*${affine()})`;
      case 1:
        return `${scale}*tanh${affine()}`;
      case 2:
        return `${scale}*${affine()}^2`;
      case 3:
        return `${scale}/(2 + ${affine()}^2)`;
      default:
        return `${scale}*${draws.pick(['sin', 'cos'])}${affine()}`;
    }
  };
  return Array.from({ length: coordinates.length > 3 ? 1 : 1 + draws.below(2) }, term).join(' + ');
}

/** A term of low order with a small coefficient: it leaves a well-posed problem well posed. */
function perturbation(draws: Draws, unknown: string, coordinates: readonly string[]): string {
  const first = `${unknown}_${draws.pick(coordinates)}`;
  return draws.pick([
    `${draws.between(0.1, 0.5)}*${unknown}`,
    `${draws.between(-0.3, 0.3)}*${first}`,
    `${draws.between(-0.2, 0.2)}*${unknown}*${first}`,
    `${draws.between(0.1, 0.3)}*sin(${unknown})`,
    `${draws.between(-0.2, 0.2)}*${draws.pick(coordinates)}*${unknown}`,
    `${draws.between(0.05, 0.1)}*exp(-${unknown})`,
    `${draws.between(0.05, 0.2)}*${unknown}^3`,
    `${draws.between(0.1, 0.3)}/(1 + ${unknown}^2)`,
  ]);
}

interface Kind {
  readonly name: string;
  readonly order: number;
  readonly cases: number;
  /** The operator's text and the places with what is given there; u is the unknown. */
  make(draws: Draws): {
    coordinates: readonly string[];
    operator: string;
    given: readonly (readonly [string, string])[];
  };
}

const spaceOf = (d: number): string[] => COORDINATES.slice(0, d);

const KINDS: readonly Kind[] = [
  {
    name: 'initial value problem',
    order: 1,
    cases: 25,
    make: () => ({ coordinates: ['x'], operator: 'u_x', given: [['x = 0', 'u']] }),
  },
  {
    name: 'transport',
    order: 1,
    cases: 30,
    make(draws) {
      const space = spaceOf(1 + draws.below(4));
      const flow = space.map((name) => `${draws.between(0.3, 1)}*u_${name}`).join(' + ');
      const inflow = ['t', ...space].map((name) => [`${name} = 0`, 'u'] as const);
      return { coordinates: ['t', ...space], operator: `u_t + ${flow}`, given: inflow };
    },
  },
  {
    name: 'initial value problem',
    order: 2,
    cases: 20,
    make: () => ({
      coordinates: ['x'],
      operator: 'u_xx',
      given: [
        ['x = 0', 'u'],
        ['x = 0', 'u_x'],
      ],
    }),
  },
  {
    name: 'elliptic',
    order: 2,
    cases: 50,
    make(draws) {
      const space = spaceOf(1 + draws.below(5));
      const pure = space.map((name) => `${draws.between(0.5, 1.5)}*u_${name}${name}`).join(' - ');
      const mixed = space.length > 1 && draws.below(2) === 0 ? ` - ${draws.between(-0.4, 0.4)}*u_xy` : '';
      return { coordinates: space, operator: `-${pure}${mixed}`, given: [['boundary', 'u']] };
    },
  },
  {
    name: 'parabolic',
    order: 2,
    cases: 35,
    make(draws) {
      const space = spaceOf(1 + draws.below(4));
      return {
        coordinates: ['t', ...space],
        operator: `u_t - ${draws.between(0.2, 1)}*laplacian(u)`,
        given: [
          ['t = 0', 'u'],
          ['boundary', 'u'],
        ],
      };
    },
  },
];

/** ∂ of u's text by mathjs, for a derivative such as u_xy. */
function derived(solution: string, name: string): string {
  let node = parse(solution);
  for (const axis of name.slice(2)) node = derivative(node, axis);
  return `(${node.toString({ parenthesis: 'all' }).replaceAll('sech(', '1/cosh(')})`;
}

/** An operator applied to the solution's text. */
function applied(operator: string, solution: string, coordinates: readonly string[]): string {
  const space = coordinates.filter((name) => name !== 't');
  return operator
    .replaceAll('laplacian(u)', `(${space.map((name) => `u_${name}${name}`).join(' + ')})`)
    .replaceAll(/\bu(_[a-z]+)?\b/g, (name) => (name === 'u' ? `(${solution})` : derived(solution, name)));
}

for (const [k, { name, order, cases, make }] of KINDS.entries()) {
  describe(`manufactured solutions, order ${order}: ${name}`, () => {
    for (let run = 0; run < cases; run += stride) {
      const draws = new Draws(1000 * k + run + 1);
      const { coordinates, operator: principal, given } = make(draws);
      const operator = `${principal} + ${perturbation(draws, 'u', coordinates)}`;
      const solution = randomSolution(draws, coordinates);
      test(`${operator} for ${solution}`, async () => {
        const spec: PinnSpecInput = {
          domain: Object.fromEntries(coordinates.map((c) => [c, [0, 1]])),
          equations: [`${operator} = ${applied(operator, solution, coordinates)}`],
          conditions: given.map(([on, what]) => ({
            on,
            equation: `${what} = ${applied(what, solution, coordinates)}`,
          })),
          exact: { u: solution },
          network: { hidden: [16] },
          sampling: { interior: 100 + 50 * coordinates.length, conditions: 20 * coordinates.length },
          stop: { steps: 120, relativeL2: 1e-3 },
        };
        const result = await solve(spec);
        expect(result.warnings).toEqual([]);
        expect(result.relativeL2['u']).toBeLessThan(1e-2);
      });
    }
  });
}
