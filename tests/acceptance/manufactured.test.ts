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

/** A function of s = Σ slope·coordinate + shift, as a text in s. */
interface Ridge {
  readonly text: string;
  readonly slopes: readonly string[];
  readonly shift: string;
}

/**
 * A random smooth function of order one: a sum of one or two ridges. For equations of order 3 and 4 steeper ones, and no
 * parabolas: else the highest derivatives are so small that u hardly depends on them.
 */
function randomSolution(draws: Draws, coordinates: readonly string[], order: number): Ridge[] {
  const isHigh = order > 2;
  const text = (): string => {
    const scale = draws.between(0.3, 1);
    switch (draws.below(5)) {
      case 0:
        return `${scale}*exp(${draws.between(0.2, 0.6)}*s)`;
      case 1:
        return `${scale}*tanh(s)`;
      case 2:
        return isHigh ? `${scale}*s*cos(s)` : `${scale}*s^2`;
      case 3:
        return `${scale}/(2 + s^2)`;
      default:
        return `${scale}*${draws.pick(['sin', 'cos'])}(s)`;
    }
  };
  return Array.from({ length: coordinates.length > 3 ? 1 : 1 + draws.below(2) }, () => ({
    text: text(),
    slopes: coordinates.map(() =>
      isHigh ? `${draws.pick(['', '-'])}${draws.between(1, 3)}` : draws.between(-1.2, 1.2),
    ),
    shift: draws.between(-1, 1),
  }));
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
  /** Weight of the equation, where it is not the default: residuals of high order are large numbers. */
  readonly interior?: number;
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
  {
    name: 'initial value problem',
    order: 3,
    cases: 12,
    make: () => ({ coordinates: ['x'], operator: 'u_xxx', given: ['u', 'u_x', 'u_xx'].map((what) => ['x = 0', what]) }),
  },
  {
    // With a > 0 waves go to the left: one condition at the left end, two at the right one.
    name: 'dispersive',
    order: 3,
    cases: 14,
    make: (draws) => ({
      coordinates: ['t', 'x'],
      operator: `u_t + ${draws.between(0.1, 1)}*u_xxx`,
      given: [
        ['t = 0', 'u'],
        ['x = 0 or x = 1', 'u'],
        ['x = 1', 'u_x'],
      ],
    }),
  },
  {
    name: 'initial or two-point problem',
    order: 4,
    cases: 12,
    interior: 0.01,
    make(draws) {
      const given = draws.pick([
        ['u', 'u_x', 'u_xx', 'u_xxx'].map((what) => ['x = 0', what] as const),
        ['u', 'u_x'].map((what) => ['x = 0 or x = 1', what] as const),
        ['u', 'u_xx'].map((what) => ['x = 0 or x = 1', what] as const),
      ]);
      return { coordinates: ['x'], operator: 'u_xxxx', given };
    },
  },
  {
    name: 'plate',
    order: 4,
    cases: 8,
    interior: 0.001,
    make(draws) {
      const [a, b, c] = [draws.between(0.5, 1.5), draws.between(0.5, 2), draws.between(0.5, 1.5)];
      return {
        coordinates: ['x', 'y'],
        operator: `${a}*u_xxxx + ${b}*u_xxyy + ${c}*u_yyyy`,
        given: [
          ['boundary', 'u'],
          ['x = 0 or x = 1', 'u_xx'],
          ['y = 0 or y = 1', 'u_yy'],
        ],
      };
    },
  },
  {
    name: 'beam',
    order: 4,
    cases: 8,
    interior: 0.01,
    make: (draws) => ({
      coordinates: ['t', 'x'],
      operator: `u_tt + ${draws.between(0.1, 1)}*u_xxxx`,
      given: [
        ['t = 0', 'u'],
        ['t = 0', 'u_t'],
        ['x = 0 or x = 1', 'u'],
        ['x = 0 or x = 1', 'u_xx'],
      ],
    }),
  },
];

/** The derivative of u along some axes: of every ridge in s by mathjs, times its slopes. */
function derived(solution: readonly Ridge[], coordinates: readonly string[], axes: string): string {
  const parts = solution.map(({ text, slopes, shift }) => {
    let node = parse(text);
    for (let k = 0; k < axes.length; k++) node = derivative(node, 's');
    const outer = `(${node.toString({ parenthesis: 'all' }).replaceAll('sech(', '1/cosh(')})`;
    const s = `(${coordinates.map((name, i) => `${slopes[i]}*${name}`).join(' + ')} + ${shift})`;
    return [...axes].map((axis) => `${slopes[coordinates.indexOf(axis)]}*`).join('') + outer.replaceAll(/\bs\b/g, s);
  });
  return `(${parts.join(' + ')})`;
}

/** An operator applied to the solution. */
function applied(operator: string, solution: readonly Ridge[], coordinates: readonly string[]): string {
  const space = coordinates.filter((name) => name !== 't');
  return operator
    .replaceAll('laplacian(u)', `(${space.map((name) => `u_${name}${name}`).join(' + ')})`)
    .replaceAll(/\bu(?:_([a-z]+))?\b/g, (_, axes: string = '') => derived(solution, coordinates, axes));
}

for (const [k, { name, order, cases, interior, make }] of KINDS.entries()) {
  describe(`manufactured solutions, order ${order}: ${name}`, () => {
    for (let run = 0; run < cases; run += stride) {
      const draws = new Draws(1000 * k + run + 1);
      const { coordinates, operator: principal, given } = make(draws);
      const operator = `${principal} + ${perturbation(draws, 'u', coordinates)}`;
      const ridges = randomSolution(draws, coordinates, order);
      const solution = applied('u', ridges, coordinates);
      test(`${operator} for ${solution}`, async () => {
        const spec: PinnSpecInput = {
          domain: Object.fromEntries(coordinates.map((c) => [c, [0, 1]])),
          equations: [`${operator} = ${applied(operator, ridges, coordinates)}`],
          conditions: given.map(([on, what]) => ({
            on,
            equation: `${what} = ${applied(what, ridges, coordinates)}`,
          })),
          exact: { u: solution },
          network: { hidden: [16] },
          weights: { interior },
          // With half of them a unit may flip where no point is: the loss vanishes and the error does not.
          sampling: { interior: 200 + 100 * coordinates.length, conditions: 40 * coordinates.length },
          stop: { steps: 120, relativeL2: 1e-3 },
        };
        const result = await solve(spec);
        expect(result.warnings).toEqual([]);
        expect(result.relativeL2['u']).toBeLessThan(1e-2);
      });
    }
  });
}
