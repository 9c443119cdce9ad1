import { KfacError, defaultEngine } from '@kfac/core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDataFiles } from './data-file.ts';
import { initialParameters } from './network.ts';
import { networkValues } from './network-values.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const table = { x: [0, 1, 2], t: [0.5, 0, 1], v: [1, 2, 3], u: [-1, -2, -3] };
const spec = (condition: unknown, others: object = {}) => ({
  domain: { t: [0, 1], x: [-1, 2] },
  unknowns: ['u', 'v'],
  equations: ['u_t = u_xx', 'v_t = v_x'],
  conditions: [condition],
  network: { hidden: [5] },
  sampling: { interior: 10 },
  ...others,
});

function issuesOf(run: () => unknown): { pointer: string; detail: string }[] {
  try {
    run();
  } catch (error) {
    return [...(error as KfacError).issues!];
  }
  return [];
}

describe('data inline', () => {
  test('a term of its own: the misfit of every unknown at every point, divided by its noise', () => {
    const problem = compileProblem(spec({ data: table, noise: { u: 0.5, v: 2 } }, { weights: { data: 3 } }));
    expect(problem.spec.weights).toEqual({ interior: 0.1, conditions: 1, data: 3 });
    const objective = new PinnObjective(problem, defaultEngine());
    const theta = initialParameters(problem.layout, 'tanh', 2);
    const points = table.x.map((x, n) => [table.t[n]!, x]);
    const { u, v } = networkValues(problem, defaultEngine(), theta, points, []) as Record<'u' | 'v', Float64Array>;
    const misfit = [
      ...table.u.map((value, n) => (u[n]! - value) / 0.5),
      ...table.v.map((value, n) => (v[n]! - value) / 2),
    ];
    const term = objective.linearize(theta).terms.at(-1)!;
    expect([term.name, term.kind]).toEqual(['data', 'conditions']);
    expect([...term.residual]).toEqual(misfit.map((value) => expect.closeTo(value, 13)));
    const mean = misfit.reduce((sum, e) => sum + e * e, 0) / misfit.length;
    expect(objective.termLosses(theta)['data']).toBeCloseTo(1.5 * mean, 12);
    // All points, in every step.
    objective.nextBatch(5);
    expect([...objective.linearize(theta).terms.at(-1)!.residual]).toEqual([...term.residual]);
  });

  test('metrics and report have the term; the memory estimate counts the points', async () => {
    const json = spec({ data: table }, { stop: { steps: 2 } });
    const { report } = await solve(json as unknown as PinnSpecInput);
    expect(Object.keys(report.terms)).toEqual(['interior/1', 'interior/2', 'data']);
    expect(report.history.at(-1)).toHaveProperty('pinn/data');
    const many = Object.fromEntries(['t', 'x', 'u'].map((name) => [name, Array.from({ length: 1000 }, () => 0.5)]));
    expect(compileProblem(spec({ data: many })).bytes).toBeGreaterThan(compileProblem(json).bytes + 8000);
  });

  test.each<[string, object, string, RegExp]>([
    [
      'a missing coordinate',
      { t: [0], u: [1] },
      '/conditions/0/data',
      /expected a column for every coordinate \(t, x\); x missing/,
    ],
    [
      'no unknown',
      { t: [0], x: [1] },
      '/conditions/0/data',
      /expected a column of measured values of u or v, got only t, x/,
    ],
    [
      'another name',
      { ...table, w: [1, 2, 3] },
      '/conditions/0/data/w',
      /"w" is neither a coordinate nor an unknown; known: t, x, u, v/,
    ],
    ['another length', { ...table, u: [1, 2] }, '/conditions/0/data/u', /expected 3 values, as in x, got 2/],
    [
      'a point outside',
      { ...table, t: [0, 1, 1.5] },
      '/conditions/0/data/t/2',
      /t = 1.5 is outside the domain, where t is in \[0, 1\]/,
    ],
    ['no number', { ...table, u: [1, null, 3] }, '/conditions/0/data/u/1', /expected number, got null/],
    [
      'a file',
      { file: 'measured.csv' },
      '/conditions/0/data/file',
      /expected an array of numbers \(the command line reads a file/,
    ],
  ])('%s is refused', (_, data, pointer, message) => {
    expect(issuesOf(() => compileProblem(spec({ data })))).toEqual([
      { pointer, detail: expect.stringMatching(message) },
    ]);
  });

  test.each<[object | number, string, RegExp]>([
    [{ u: 1, w: 2, v: 1 }, '/conditions/0/noise/w', /"w" is not an unknown with a column of data/],
    [{ u: 1 }, '/conditions/0/noise', /standard deviation of every measured unknown, v missing/],
    [0, '/conditions/0/noise', /expected number to be >0/],
  ])('noise %j is refused', (noise, pointer, message) => {
    expect(issuesOf(() => compileProblem(spec({ data: table, noise })))).toEqual([
      { pointer, detail: expect.stringMatching(message) },
    ]);
  });

  test('points outside a shape are warned of, points rounded on its edge are not', () => {
    const geometry = { type: 'disk', center: [0, 0], radius: 1 };
    const given = (points: readonly (readonly [number, number])[], shape: object = geometry) =>
      compileProblem({
        domain: { t: [0, 1], x: [-1, 1], y: [-1, 1] },
        geometry: shape,
        equations: ['u_t = u_xx + u_yy'],
        conditions: [
          {
            data: {
              y: points.map(([, y]) => y),
              x: points.map(([x]) => x),
              t: points.map(() => 0.5),
              u: points.map(() => 1),
            },
          },
        ],
      }).warnings.filter((warning) => warning.includes('measured points'));
    const edge = [
      [0.6001, 0.8001],
      [-1, 0],
      [0, 0],
    ] as const;
    expect(given(edge)).toEqual([]);
    expect(given([...edge, [0.9, -0.8], [0.99, 0.99]])).toEqual([
      '2 of 5 measured points lie outside the geometry, where no equation holds, the first at x = 0.9, y = -0.8',
    ]);
    const cloud = { type: 'cloud', interior: 'x,y\n0,0\n0.1,0\n0,0.1\n' };
    expect(given([[0.9, 0.9]], cloud)).toEqual([]);
  });

  test('a weight without data is named', () => {
    const { warnings } = compileProblem(spec({ on: 't = 0', equation: 'u = v' }, { weights: { data: 2 } }));
    expect(warnings).toEqual(['weights.data is not applied: no condition gives data']);
  });
});

describe('data from a file', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kfac-data-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const read = (text: string, others: object = {}): unknown => {
    writeFileSync(join(folder, 'measured.csv'), text);
    return readDataFiles(spec({ data: { file: 'measured.csv', ...others }, noise: 2 }), folder);
  };

  test('is the same as inline: comments, blank lines, quotes, Windows line ends', () => {
    const json = read('\uFEFF# made up\r\n"x",t, v ,u\r\n\r\n0,.5,1,-1\r\n1,0,2,-2\r\n2,1,3e0,-3\r\n');
    expect(json).toEqual(spec({ data: table, noise: 2 }));
    compileProblem(json);
  });

  test.each<[string, string, RegExp[]]>([
    ['a missing column', 't,u\n0,1\n', [/"measured.csv": expected a column for every coordinate \(t, x\); x missing/]],
    [
      'NaN, words and empty cells',
      't,x,u\n0,1,2\n\n0,NaN,2\n0,one,\n',
      [/line 4: expected a finite number in x, got "NaN"/, /line 5: .* x, got "one"/, /line 5: .* u, got ""/],
    ],
    ['a short line', 't,x,u\n0,1\n', [/line 2: expected 3 numbers \(t, x, u\), got 2/]],
    [
      'a point outside',
      '# t in s\nt,x,u\n0,1,1\n0,2.5,1\n',
      [/line 4: x = 2.5 is outside the domain, where x is in \[-1, 2\]/],
    ],
    ['a column twice', 't,x,u,x\n0,1,1,1\n', [/line 1: the column "x" is there twice/]],
    ['nothing', '\n', [/expected a line of names and at least one line of numbers/]],
  ])('%s is refused at the line', (_, text, messages) => {
    expect(issuesOf(() => read(text))).toEqual(
      messages.map((message) => ({ pointer: '/conditions/0/data/file', detail: expect.stringMatching(message) })),
    );
  });

  test('a file that is not there, and columns beside a file, are refused', () => {
    expect(issuesOf(() => readDataFiles(spec({ data: { file: 'no.csv' } }), folder))[0]!.detail).toMatch(/ENOENT/);
    expect(issuesOf(() => read('t,x,u\n0,1,2\n', { u: [1] }))[0]!.detail).toMatch(/no column beside the file, got "u"/);
  });

  test('what is not a file of data is left alone', () => {
    for (const json of [
      null,
      7,
      [],
      {},
      { conditions: 3 },
      spec({ data: table }),
      spec(null),
      spec({ data: { file: 3 } }),
    ])
      expect(readDataFiles(json, folder)).toEqual(json);
  });
});
