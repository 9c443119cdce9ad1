import { defaultEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { esModule } from './export/es-module.ts';
import { firstAxes } from './field-slice.ts';
import { FieldGrid } from './fields.ts';
import { initialParameters } from './network.ts';
import { networkValues } from './network-values.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
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
    [points, ['u_xxxxx'], /order 5/],
    [points, ['2*u_x'], /expected a derivative such as u_t/],
    [points, ['x'], /expected a derivative/],
  ])('refuses %j %j', (at, names, reason) => {
    expect(() => networkValues(problem, engine, theta, at, names)).toThrow(reason);
  });
});

describe('several unknowns', () => {
  const system = compileProblem({
    domain: { t: [0, 1], x: [0, 2] },
    unknowns: ['u', 'v'],
    equations: ['u_t = v_x', 'v_t = u_x + u_xx'],
    conditions: [{ on: 't = 0', equation: 'u = v' }],
    exact: { u: 't + x', v: 't*x' },
    network: { hidden: [8, 6] },
  });
  const at = initialParameters(system.layout, 'tanh', 7);

  test('every unknown is evaluated, and is the network that has its output alone', () => {
    const places = [
      [0.2, 0.5],
      [0.9, 1.7],
    ];
    const own = networkValues(system, engine, at, places, ['v_x', 'laplacian(u)', 'v_tx', 'u_t']);
    expect(Object.keys(own)).toEqual(['u', 'v', 'v_x', 'laplacian(u)', 'v_tx', 'u_t']);
    const alone = compileProblem({
      ...system.spec,
      unknowns: ['v'],
      equations: ['v_t = v'],
      conditions: [{ on: 't = 0', equation: 'v = 1' }],
      exact: undefined,
      weights: {},
    });
    const head = system.layout.block('head');
    const column = system.layout.view(at, head).filter((_, i) => i % 2 === 1);
    const theta1 = Float64Array.of(...at.subarray(0, head.offset), ...column);
    const single = networkValues(alone, engine, theta1, places, ['v_x', 'v_tx']);
    for (const name of ['v', 'v_x', 'v_tx']) {
      for (const n of [0, 1]) expect(own[name]![n]).toBeCloseTo(single[name]![n]!, 13);
    }
    expect(() => networkValues(system, engine, at, places, ['w_x'])).toThrow(/"w" is not an unknown; declared: u, v/);
  });

  test('fields by unknown and by equation', () => {
    const fields = new FieldGrid(system, engine, 3).at(at);
    expect(fields.map(({ name }) => name)).toEqual([
      'u',
      'v',
      'residual_1',
      'residual_2',
      'exact_u',
      'exact_v',
      'error_u',
      'error_v',
    ]);
    const field = (name: string): number => fields.find((one) => one.name === name)!.values[5]!; // t = 0.5, x = 2
    const own = networkValues(system, engine, at, [[0.5, 2]], ['u_t', 'v_x', 'v_t', 'u_x', 'u_xx']);
    const value = (name: string): number => own[name]![0]!;
    expect(field('v')).toBeCloseTo(value('v'), 6);
    expect(field('residual_1')).toBeCloseTo(value('u_t') - value('v_x'), 6);
    expect(field('residual_2')).toBeCloseTo(value('v_t') - value('u_x') - value('u_xx'), 6);
    expect([field('exact_u'), field('exact_v')]).toEqual([2.5, 1]);
    expect(field('error_v')).toBeCloseTo(value('v') - 1, 6);
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

  test('three coordinates as a volume, in double precision', () => {
    const [u, residual] = new FieldGrid(problem, engine, 3, firstAxes(problem.box, 3)).sample(theta);
    expect(u!.shape).toEqual([3, 3, 3]);
    expect(u!.axes.map(({ values }) => values)).toEqual([
      [0, 0.5, 1],
      [-1, 1, 3],
      [2, 3, 4],
    ]);
    const at = [0.5, -1, 4]; // 1·9 + 0·3 + 2
    const values = networkValues(problem, engine, theta, [at], ['u_t', 'laplacian(u)']);
    expect(u!.values[11]).toBeCloseTo(values['u']![0]!, 14);
    expect(residual!.values[11]).toBeCloseTo(values['u_t']![0]! - values['laplacian(u)']![0]! + 4, 13);
    expect(() => new FieldGrid(problem, engine, 102, firstAxes(problem.box, 3))).toThrow(/\[2, 101\], got 102/);
  });

  test.each([1, 2.5, 5000])('refuses a resolution of %d', (resolution) => {
    expect(() => new FieldGrid(problem, engine, resolution)).toThrow(/resolution/);
  });
});

describe('export', () => {
  const solved = solve({
    domain: { t: [0, 1], x: [0, 1] },
    equations: ['u_t = u_xx'],
    conditions: [{ on: 't = 0 or x = 0 or x = 1', equation: 'u = sin(pi*x)' }],
    exact: { u: 'exp(-pi^2*t)*sin(pi*x)' },
    network: { hidden: [6] },
    sampling: { interior: 20, conditions: 12 },
    stop: { steps: 3 },
  });

  test('csv, npy and vtk hold the same numbers, those of evaluate', async () => {
    const solution = await solved;
    const text = new TextDecoder().decode(solution.export('csv', 5));
    const [header, ...rows] = text.trim().split('\n');
    expect(header).toBe('t,x,u,residual,exact,error');
    const table = rows.map((row) => row.split(',').map(Number));
    expect(table).toHaveLength(25);
    const u = solution.evaluate(table.map(([t, x]) => [t!, x!]))['u']!;
    for (const [n, row] of table.entries()) expect(row[2]).toBeCloseTo(u[n]!, 14);

    const npy = Buffer.from(solution.export('npy', 5));
    const from = npy.length - 8 * 25 * 6;
    const columns = Array.from({ length: 6 }, (_, k) =>
      table.map((__, n) => npy.readDoubleLE(from + 8 * (25 * k + n))),
    );
    expect(table.map((_, n) => columns.map((column) => column[n]))).toEqual(table);

    const vtk = Buffer.from(solution.export('vtk', 5));
    const start = vtk.indexOf('LOOKUP_TABLE default\n') + 'LOOKUP_TABLE default\n'.length;
    for (const [n, row] of table.entries()) {
      const [i, j] = [Math.floor(n / 5), n % 5];
      expect(vtk.readDoubleBE(start + 8 * (i + 5 * j))).toBe(row[2]);
    }
    expect(solution.export('npy')).toHaveLength(from + 8 * 65 * 65 * 6);
  });

  test('js is the module of the network; other formats and resolutions are refused', async () => {
    const solution = await solved;
    expect(new TextDecoder().decode(solution.export('js'))).toBe(esModule(solution.network, solution.spec));
    expect(() => solution.export('xlsx' as 'csv')).toThrow('expected a format of csv, npy, vtk, js, json, got "xlsx"');
    expect(() => solution.export('csv', 1)).toThrow(/resolution/);
  });
});
