import { KfacError } from '@kfac/core';
import { parse } from 'mathjs/number';
import { expect, test } from 'vitest';
import { evaluatorOf } from './evaluate.ts';
import { ExpressionPool } from './expression.ts';
import { parseEquation, parseExpression } from './parse.ts';
import type { Scope } from './symbols.ts';

const CASES = 100_000;
const point = { t: 0.7, x: 0.3, y: -0.4, nu: 0.25 };

const newScope = (unknowns: readonly string[]): Scope => ({
  pool: new ExpressionPool(),
  coordinates: ['t', 'x', 'y'],
  lower: [0, -1, -1],
  unknowns,
  constants: new Map([['nu', point.nu]]),
});

/** Whole numbers below n, from a fixed seed. */
function generator(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const PIECES = [
  ...['u', 'u_x', 'u_xx', 'u_xy', 'u_', 'u_q', '_', 'laplacian', 'laplacian(u)', 'x', 'y', 't', 'nu', 'pi', 'e', 'q'],
  ...['sin', 'sin(', 'exp(', 'log', 'sqrt(', 'abs(', 'and', 'mod', 'in', 'NaN', 'true', 'undefined', '__proto__'],
  ...['0', '1', '2.5', '.5', '3.', '1e3', '1e', '1e999', '0x1f', '1_000', '12345678901234567890', '..', '.'],
  ...['+', '-', '*', '/', '^', '**', '(', ')', '[', ']', '{', '}', ',', ';', ':', '=', '==', '!', '%', '&', '|', '<'],
  ...[' ', '  ', '\t', '\n', '\0', '"', "'", '`', '$', '\\', '#', '?', 'é', '−', '×', 'π', '²', '\u{1f600}', '\u202e'],
];
const WELL_FORMED = [
  'u_t + u*u_x = nu*u_xx',
  '-laplacian(u) = 2*pi^2*sin(pi*x)*sin(pi*y)',
  'u_xy^2 - exp(-u)/(1 + x^2) = 0',
  'sqrt(1 + u^2)*u_tt = cos(3*t)*abs(y - 0.5)',
  '2.5e-3*u_xx + (x + y)^3*u = log(2 + x)',
];

/** A few characters or pieces taken out, put in, doubled or exchanged. */
function mutate(text: string, next: (n: number) => number): string {
  let result = text;
  for (let k = 1 + next(3); k > 0; k--) {
    const [at, length] = [next(result.length + 1), next(4)];
    const inserted = [PIECES[next(PIECES.length)]!, String.fromCodePoint(32 + next(95)), ''][next(3)]!;
    result = result.slice(0, at) + inserted + result.slice(at + length);
  }
  return result;
}

/** The canonical name of a derivative of u: u_xy for one in x and y. */
function nameOf(orders: readonly number[]): string {
  const suffix = orders.map((order, axis) => ['t', 'x', 'y'][axis]!.repeat(order)).join('');
  return suffix === '' ? 'u' : `u_${suffix}`;
}

/** Some value for the unknown, its derivatives up to order 4 and its Laplacian, by canonical name. */
const NETWORK: Record<string, number> = { laplacian: 1.4 };
for (let code = 0; code < 5 ** 3; code++) {
  const orders = [code % 5, Math.floor(code / 5) % 5, Math.floor(code / 25)];
  NETWORK[nameOf(orders)] = 0.5 + 0.1 * code;
}

/** The error of a text, null if it is taken. Anything but an error about the equation fails the test. */
function errorOf(read: () => unknown): KfacError | null {
  try {
    read();
    return null;
  } catch (cause) {
    if (cause instanceof KfacError && cause.code === 'KFAC_EQUATION') return cause;
    throw cause;
  }
}

test('random strings and mutated equations: each is refused as an equation, or means what mathjs reads', () => {
  const next = generator(20261124);
  let refused = 0;
  let compared = 0;
  for (let run = 0; run < CASES; run++) {
    const source = WELL_FORMED[run % WELL_FORMED.length]!;
    const text =
      run % 2 === 0
        ? Array.from({ length: 1 + next(12) }, () => PIECES[next(PIECES.length)]!).join('')
        : mutate(source, next);
    const error = errorOf(() => parseEquation(text, newScope(['u'])));
    if (error) {
      refused += 1;
      expect(error.message.length).toBeGreaterThan(10);
      continue;
    }
    // It was taken: then each side is an expression that mathjs understands alike.
    for (const side of text.split('=')) {
      const scope = newScope(['u']);
      const value = evaluatorOf(parseExpression(side, scope))((variable) => {
        if (variable.kind === 'coordinate') return [point.t, point.x, point.y][variable.axis]!;
        return NETWORK[variable.kind === 'derivative' ? nameOf(variable.orders) : variable.kind]!;
      });
      const wanted = parse(forMathjs(side)).evaluate({ ...point, ...NETWORK, pi: Math.PI, e: Math.E }) as number;
      if (Number.isFinite(wanted)) {
        expect(Math.abs(value - wanted), `${side} of ${text}`).toBeLessThanOrEqual(
          1e-12 * Math.max(1, Math.abs(wanted)),
        );
        compared += 1;
      } else expect(Number.isFinite(value), text).toBe(false);
    }
  }
  expect(refused).toBeGreaterThan(0.6 * CASES);
  expect(compared).toBeGreaterThan(0.02 * CASES);
}, 300_000);

/** A side for mathjs, which reads 2.*x as an elementwise product and knows neither derivatives nor the Laplacian. */
function forMathjs(side: string): string {
  return side
    .replaceAll(/laplacian\(\s*u\s*\)/g, 'laplacian')
    .replaceAll(/(\d)\.(?=\s*[*/^])/g, '$1')
    .replaceAll(/\bu_([txy]+)\b/g, (_, axes: string) => `u_${[...axes].toSorted().join('')}`);
}
