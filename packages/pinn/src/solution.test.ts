import { defaultEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { FieldGrid } from './fields.ts';
import { initialParameters } from './network.ts';
import { networkValues } from './network-values.ts';
import { compileProblem } from './problem.ts';
import type { PinnSpecInput } from './spec.ts';

const engine = defaultEngine();
const spec: PinnSpecInput = {
  domain: { t: [0, 1], x: [-1, 3], y: [2, 4] },
  equations: ['u_t = laplacian(u) + x*y'],
  conditions: [{ on: 't = 0', equation: 'u = 0' }],
  exact: { u: 'x*y*t' },
  network: { hidden: [8, 6] },
};
const problem = compileProblem(spec);
const theta = initialParameters(problem.layout, 'tanh', 5);
const points = [
  [0.2, 0.5, 2.5],
  [0.9, -0.7, 3.1],
];

describe('evaluation anywhere', () => {
  test('values and every derivative against finite differences', () => {
    const names = ['u_t', 'u_x', 'u_y', 'u_tt', 'u_xx', 'u_yy', 'u_tx', 'u_xy', 'u_yt', 'laplacian(u)'];
    const own = networkValues(problem, engine, theta, points, names);
    const h = 1e-3;
    const u = (point: readonly number[], shift: readonly number[]): number =>
      networkValues(problem, engine, theta, [point.map((value, k) => value + h * shift[k]!)], [])['u']![0]!;
    const axis = { t: [1, 0, 0], x: [0, 1, 0], y: [0, 0, 1] } as Record<string, number[]>;
    const times = (k: number, v: readonly number[]): number[] => v.map((value) => k * value);
    const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, k) => value + b[k]!);
    for (const [n, point] of points.entries()) {
      const f = (...shifts: number[][]): number => u(point, shifts.reduce(plus, [0, 0, 0]));
      expect(own['u']![n]).toBe(f());
      for (const name of names.slice(0, 9)) {
        const [a, b] = [...name.slice(2)].map((letter) => axis[letter]!);
        const expected = !b
          ? (f(a!) - f(times(-1, a!))) / (2 * h)
          : a === b
            ? (f(a!) - 2 * f() + f(times(-1, a!))) / (h * h)
            : (f(a!, b) - f(a!, times(-1, b)) - f(times(-1, a!), b) + f(times(-1, a!), times(-1, b))) / (4 * h * h);
        expect(Math.abs(own[name]![n]! - expected)).toBeLessThan(1e-6);
      }
      expect(own['laplacian(u)']![n]).toBeCloseTo(own['u_xx']![n]! + own['u_yy']![n]!, 12);
    }
  });

  test('many points are evaluated in pieces, with the same result', () => {
    const many = Array.from({ length: 9000 }, (_, n) => [n / 9000, (n % 100) / 50, 2 + (n % 7) / 7]);
    const values = networkValues(problem, engine, theta, many, ['u_x']);
    for (const n of [0, 8191, 8192, 8999]) {
      expect(networkValues(problem, engine, theta, [many[n]!], ['u_x'])['u_x']![0]).toBeCloseTo(values['u_x']![n]!, 13);
    }
    expect(networkValues(problem, engine, theta, [], [])['u']).toHaveLength(0);
  });

  test.each([
    [[[0.1, 0.2]], [], /point 0: expected 3 finite coordinates \(t, x, y\), got \[0.1, 0.2\]/],
    [[[0.1, 0.2, NaN]], [], /finite/],
    [points, ['u_z'], /not made of coordinates/],
    [points, ['u_xxx'], /order 3/],
    [points, ['2*u_x'], /expected a derivative such as u_t/],
    [points, ['x'], /expected a derivative/],
  ])('refuses %j %j', (at, names, reason) => {
    expect(() => networkValues(problem, engine, theta, at, names)).toThrow(reason);
  });
});

describe('fields', () => {
  test('a map over the first two coordinates, the third at the middle', () => {
    const fields = new FieldGrid(problem, engine, 5).at(theta);
    expect(fields.map(({ name }) => name)).toEqual(['u', 'residual', 'exact', 'error']);
    const [u, residual, exact, error] = fields as [
      (typeof fields)[0],
      (typeof fields)[0],
      (typeof fields)[0],
      (typeof fields)[0],
    ];
    expect(u!.shape).toEqual([5, 5]);
    expect(u!.axes).toEqual([
      { name: 't', values: [0, 0.25, 0.5, 0.75, 1] },
      { name: 'x', values: [-1, 0, 1, 2, 3] },
    ]);
    const at = [0.25, 2, 3]; // row 1, column 3
    const values = networkValues(problem, engine, theta, [at], ['u_t', 'laplacian(u)']);
    expect(u!.values[8]).toBeCloseTo(values['u']![0]!, 6);
    expect(exact!.values[8]).toBeCloseTo(1.5, 6);
    expect(error!.values[8]).toBeCloseTo(values['u']![0]! - 1.5, 6);
    expect(residual!.values[8]).toBeCloseTo(values['u_t']![0]! - values['laplacian(u)']![0]! - 6, 5);
  });

  test('one coordinate gives curves; no exact solution, no error', () => {
    const line = compileProblem({
      domain: { x: [0, 1] },
      equations: ['u_x = 1'],
      conditions: [{ on: 'x = 0', equation: 'u = 0' }],
    });
    const fields = new FieldGrid(line, engine).at(initialParameters(line.layout, 'tanh', 1));
    expect(fields.map(({ name, shape }) => [name, shape])).toEqual([
      ['u', [257]],
      ['residual', [257]],
    ]);
    expect(fields[0]!.axes[0]!.values.at(-1)).toBe(1);
  });

  test.each([1, 2.5, 5000])('refuses a resolution of %d', (resolution) => {
    expect(() => new FieldGrid(problem, engine, resolution)).toThrow(/resolution/);
  });
});
