import { type Engine, defaultEngine, matrix } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { compileResidual } from './compile.ts';
import { ExpressionPool } from './expression.ts';
import { parseEquation } from './parse.ts';
import { planJets } from './plan.ts';
import type { Scope } from './symbols.ts';

const scopeOf = (coordinates: readonly string[], unknowns: readonly string[] = ['u']): Scope => ({
  pool: new ExpressionPool(),
  coordinates,
  lower: coordinates.map(() => 0),
  unknowns,
  constants: new Map([['nu', 0.01]]),
});
const compile = (text: string, ...coordinates: string[]) =>
  compileResidual(parseEquation(text, scopeOf(coordinates)), scopeOf(coordinates));
const compileSystem = (text: string) => {
  const scope = scopeOf(['x', 'y'], ['u', 'v']);
  return compileResidual(parseEquation(text, scope), scope);
};

describe('oracle pinn §8.2: polarisation on u = exp(a·x)', () => {
  test('every second-order operator comes out, in any mix', () => {
    const a = [0.7, -1.3, 0.4];
    const operators = [
      new Map([['0,1', 1]]),
      new Map([
        ['0,0', 2],
        ['1,2', -3],
      ]),
      new Map([
        ['0,2', 1],
        ['2,2', 0.5],
        ['0,1', 4],
      ]),
    ];
    for (const chosen of [[0], [1], [2], [0, 1, 2]]) {
      for (const firsts of [[], [0], [0, 1], [0, 1, 2]]) {
        const used = chosen.map((k) => operators[k]!);
        const plan = planJets(3, firsts, used);
        const count = plan.directions.length / 3;
        const squares = Array.from(
          { length: count },
          (_, r) => a.reduce((sum, value, k) => sum + value * plan.directions[r * 3 + k]!, 0) ** 2,
        );
        for (const [q, operator] of used.entries()) {
          const channel = squares.reduce((sum, square, r) => sum + plan.second[q * count + r]! * square, 0);
          const expected = [...operator].reduce(
            (sum, [key, weight]) => sum + weight * key.split(',').reduce((p, axis) => p * a[Number(axis)]!, 1),
            0,
          );
          expect(channel).toBeCloseTo(expected, 13);
        }
        for (const axis of firsts) expect(plan.firstChannel[axis]).toBeGreaterThan(0);
        expect(plan.channels).toBe(1 + count + used.length);
      }
    }
  });
});

describe('channels', () => {
  test.each<[string, string[], number, number]>([
    ['-laplacian(u) = 1', ['x', 'y'], 2, 1],
    ['u_t = 0.25*u_xx', ['t', 'x'], 2, 1],
    ['u_t + u*u_x = nu*u_xx', ['t', 'x'], 2, 1],
    ['u_xx + 2*u_xy + 3*u_yy = u^3', ['x', 'y'], 3, 1],
    ['u_xy = u', ['x', 'y'], 2, 1],
    ['u_x = u', ['x'], 1, 0],
    ['u = 0', ['x', 'y'], 0, 0],
    ['u_xx*u_yy - u_xy^2 = 1', ['x', 'y'], 3, 3],
    ['laplacian(u)^2 = u', ['x', 'y', 't'], 2, 1],
    ['x*u_xx + u_yy = 0', ['x', 'y'], 2, 2],
    ['exp(u)*laplacian(u) + u_t = 0', ['t', 'x', 'y'], 3, 1],
    ['laplacian(u) + u_xx = 0', ['x', 'y'], 2, 1],
  ])('%s', (text, coordinates, firsts, seconds) => {
    const {
      plans: [plan],
    } = compile(text, ...coordinates);
    expect([plan!.directions.length / coordinates.length, plan!.operatorChannels.length]).toEqual([firsts, seconds]);
  });

  test('a linear equation collapses to Σ c_k·(second derivative k)', () => {
    const {
      plans: [plan],
    } = compile('u_t - nu*(u_xx + u_yy)/2 + u_xx = 3', 't', 'x', 'y');
    expect([...plan!.second].slice(-2)).toEqual([0.995, -0.005]);
  });
});

describe('equations in two unknowns', () => {
  test.each<[string, number, number]>([
    ['u_x = v', 1, 0],
    ['v_y = u_x', 2, 0],
    ['laplacian(u) + laplacian(v) = 0', 2, 1], // one combination for both
    ['laplacian(u) - 3*(v_xx + v_yy) = 0', 2, 1], // a multiple of it
    ['laplacian(u) + v_xx = 0', 2, 2],
    ['u*laplacian(u) + laplacian(v) = 0', 2, 1], // u carries the Laplacian as it is, v collapsed: the same combination
    ['u_xx*u_yy + laplacian(v) = 0', 2, 3],
    ['u_xx*v_xx = u', 1, 1],
  ])('%s', (text, firsts, seconds) => {
    const {
      plans: [plan],
      residual,
      linearized,
    } = compileSystem(text);
    expect([plan!.directions.length / 2, plan!.operatorChannels.length]).toEqual([firsts, seconds]);
    expect([residual.inputs, linearized.outputs.length]).toEqual([2 + 2 * plan!.channels, 1 + 2 * plan!.channels]);
  });

  test.each([
    ['u*v_x + 3*laplacian(v) = laplacian(u) + x', [2, 1, 3, 5, 7, 4, 11, 13, 17]],
    ['laplacian(u)*laplacian(v) = v_y*u', [0.5, 2, 3, 5, 7, 4, 11, 13, 17]],
  ])('%s: the residual reads the rows of each unknown, and its slopes are theirs', (text, numbers) => {
    const {
      plans: [plan],
      linearized,
    } = compileSystem(text);
    expect([plan!.channels, [...plan!.firstChannel]]).toEqual([4, [1, 2]]);
    // x, y, then u, u_x, u_y, C_u, v, v_x, v_y, C_v with C the channel of second order.
    const columns = matrix(10, 1);
    columns.data.set([9, ...numbers]);
    const [u, , , cu, , vx, vy, cv] = numbers.slice(1) as [number, ...number[]];
    const out = matrix(9, 1);
    defaultEngine().programs.evaluate(linearized, columns, out);
    // u collapses with the weight -1 and v with 3 = -3·(-1).
    const expected =
      text[1] === '*'
        ? [u * vx! - 3 * cv! + cu! - 9, vx, 0, 0, 1, 0, u, 0, -3]
        : [cu! * cv! - vy! * u, -vy!, 0, 0, cv, 0, 0, -u, cu];
    expect([...out.data]).toEqual(expected);
  });

  test('two names of one combination, both nonlinear: their slopes add up on their one channel', () => {
    const {
      plans: [plan],
      linearized,
    } = compile('u_xx*laplacian(u) = 1', 'x');
    expect(plan!.channels).toBe(3);
    const columns = matrix(4, 1);
    columns.data.set([0, 1, 2, 3]);
    const out = matrix(4, 1);
    defaultEngine().programs.evaluate(linearized, columns, out);
    expect([...out.data]).toEqual([8, 0, 0, 6]);
  });
});

describe('residuals and their slopes', () => {
  const engine: Engine = defaultEngine();
  const texts = [
    'u_t + u*u_x = nu*u_xx + sin(x)',
    'u_xx*u_tt - u_tx^2 = exp(u)*x',
    'laplacian(u)^2 + u_t*u = x^2*u_tx',
    'x*u_tt + t*u_xx + u_x^3 = u',
  ];

  test.each(texts)('%s on a known function: channels from u = sin(2t)·exp(x), e by hand', (text) => {
    const {
      plans: [plan],
      linearized,
      residual,
    } = compile(text, 't', 'x');
    const [t, x] = [0.4, 0.3];
    const derivative = (dt: number, dx: number): number =>
      2 ** dt * [Math.sin(2 * t), Math.cos(2 * t), -Math.sin(2 * t)][dt]! * Math.exp(x) + 0 * dx;
    const second = (r: number): number => {
      const [vt, vx] = [plan!.directions[2 * r]!, plan!.directions[2 * r + 1]!];
      return vt * vt * derivative(2, 0) + 2 * vt * vx * derivative(1, 1) + vx * vx * derivative(0, 2);
    };
    const count = plan!.directions.length / 2;
    const columns = matrix(2 + plan!.channels, 1);
    columns.data.set([t, x, derivative(0, 0)]);
    for (let r = 0; r < count; r++)
      columns.data[3 + r] =
        plan!.directions[2 * r]! * derivative(1, 0) + plan!.directions[2 * r + 1]! * derivative(0, 1);
    for (const [q, channel] of plan!.operatorChannels.entries()) {
      columns.data[2 + channel] = Array.from(
        { length: count },
        (_, r) => plan!.second[q * count + r]! * second(r),
      ).reduce((a, b) => a + b, 0);
    }
    const [u, ut, ux, utt, utx, uxx] = [
      [0, 0],
      [1, 0],
      [0, 1],
      [2, 0],
      [1, 1],
      [0, 2],
    ].map(([a, b]) => derivative(a!, b!)) as [number, number, number, number, number, number];
    const expected = {
      [texts[0]!]: ut + u * ux - 0.01 * uxx - Math.sin(x),
      [texts[1]!]: uxx * utt - utx ** 2 - Math.exp(u) * x,
      [texts[2]!]: uxx ** 2 + ut * u - x * x * utx,
      [texts[3]!]: x * utt + t * uxx + ux ** 3 - u,
    }[text]!;
    const out = matrix(1 + plan!.channels, 1);
    engine.programs.evaluate(linearized, columns, out);
    expect(out.data[0]).toBeCloseTo(expected, 12);
    const value = matrix(1, 1);
    for (let s = 0; s < plan!.channels; s++) {
      const h = 1e-5;
      const shifted = [h, -h].map((dh) => {
        const moved = { ...columns, data: columns.data.slice() };
        moved.data[2 + s]! += dh;
        engine.programs.evaluate(residual, moved, value);
        return value.data[0]!;
      });
      expect(out.data[1 + s]).toBeCloseTo((shifted[0]! - shifted[1]!) / (2 * h), 6);
    }
  });
});

test('fields are the last input rows, and slopes may depend on them', () => {
  const scope: Scope = { ...scopeOf(['x']), fields: ['q', 'w'] };
  const compiled = compileResidual(parseEquation('w*u^2 = q*x', scope), scope);
  expect(compiled.fields).toBe(2);
  const columns = matrix(4, 1); // x, u, q, w
  columns.data.set([3, 5, 7, 11]);
  const out = matrix(2, 1);
  defaultEngine().programs.evaluate(compiled.linearized, columns, out);
  expect([...out.data]).toEqual([11 * 25 - 7 * 3, 2 * 11 * 5]);
});
