import { defaultEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from '../check.ts';
import { compileProblem, hashOf } from '../problem.ts';
import { PinnObjective } from '../objective.ts';
import { solve } from '../solve.ts';
import type { PinnSpecInput } from '../spec.ts';

const SQUARE = { x: [-1, 1], y: [-1, 1] } as Record<string, [number, number]>;
const small = { network: { hidden: [16] }, sampling: { interior: 300, conditions: 100 } };

const disk: PinnSpecInput = {
  domain: SQUARE,
  geometry: { type: 'disk', center: [0, 0], radius: 1 },
  equations: ['-laplacian(u) = 1'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  exact: { u: '(1 - x^2 - y^2)/4' },
  ...small,
};

/** Least relative L2 that `auto` comes to in so many steps; a first-order method is at 1e-1 then. */
const PROBLEMS: readonly (readonly [string, number, number, PinnSpecInput])[] = [
  ['Poisson on a disk', 120, 1e-5, disk],
  [
    'a harmonic function on an L-shaped polygon',
    150,
    1e-4,
    {
      ...small,
      domain: SQUARE,
      geometry: {
        type: 'polygon',
        vertices: [
          [-1, -1],
          [1, -1],
          [1, 0],
          [0, 0],
          [0, 1],
          [-1, 1],
        ],
      },
      equations: ['laplacian(u) = 0'],
      conditions: [{ on: 'boundary', equation: 'u = exp(x)*sin(y)' }],
      exact: { u: 'exp(x)*sin(y)' },
    },
  ],
  [
    'log r on an annulus',
    150,
    2e-3,
    {
      domain: SQUARE,
      geometry: { type: 'annulus', center: [0, 0], inner: 0.5, outer: 1 },
      equations: ['laplacian(u) = 0'],
      conditions: [
        { on: 'annulus.inner', equation: 'u = 1' },
        { on: 'annulus.outer', equation: 'u = 0' },
      ],
      exact: { u: '-log(x^2 + y^2)/(2*log(2))' },
      network: { hidden: [12, 12] },
      sampling: { interior: 300, conditions: 100 },
    },
  ],
  [
    'log r on an annulus, by its slope along the normal inside',
    150,
    2e-3,
    {
      domain: SQUARE,
      geometry: { type: 'annulus', center: [0, 0], inner: 0.5, outer: 1 },
      equations: ['laplacian(u) = 0'],
      conditions: [
        { on: 'annulus.inner', equation: 'dn(u) = 2/log(2)' },
        { on: 'annulus.outer', equation: 'u = 0' },
      ],
      exact: { u: '-log(x^2 + y^2)/(2*log(2))' },
      network: { hidden: [12, 12] },
      sampling: { interior: 300, conditions: 100 },
    },
  ],
  [
    'a box minus a disk, other data on the hole',
    150,
    1e-3,
    {
      ...small,
      domain: { x: [0, 1], y: [0, 1] },
      geometry: {
        type: 'difference',
        of: [
          { type: 'box', lower: [0, 0], upper: [1, 1] },
          { type: 'disk', name: 'hole', center: [0.5, 0.5], radius: 0.25 },
        ],
      },
      equations: ['-laplacian(u) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
      conditions: [
        { on: 'box', equation: 'u = 0' },
        { on: 'hole', equation: 'u = sin(pi*x)*sin(pi*y)' },
      ],
      exact: { u: 'sin(pi*x)*sin(pi*y)' },
    },
  ],
  [
    'Poisson in a ball',
    120,
    1e-3,
    {
      domain: { ...SQUARE, z: [-1, 1] },
      geometry: { type: 'ball', center: [0, 0, 0], radius: 1 },
      equations: ['-laplacian(u) = (5 + x^2 + y^2 + z^2 + 4*z)*exp(z)'],
      conditions: [{ on: 'ball', equation: 'u = 0' }],
      exact: { u: '(1 - x^2 - y^2 - z^2)*exp(z)' },
      network: { hidden: [24] },
      sampling: { interior: 400, conditions: 120 },
    },
  ],
  [
    'the heat equation on a disk that cools at its edge',
    120,
    1e-3,
    {
      domain: { t: [0, 0.5], ...SQUARE },
      geometry: { type: 'disk', center: [0, 0], radius: 1 },
      equations: ['u_t = laplacian(u)'],
      conditions: [
        { on: 't = 0', equation: 'u = x^2 + y^2' },
        { on: 'disk', equation: 'u = 1 + 4*t' },
      ],
      exact: { u: 'x^2 + y^2 + 4*t' },
      network: { hidden: [20] },
      sampling: { interior: 300, conditions: 150 },
    },
  ],
];

describe.each(PROBLEMS)('%s: within %i steps below a relative L2 of %d', (_, steps, bound, spec) => {
  test('the exact solution fits, and auto finds it', async () => {
    expect(checkPinn(spec).warnings).toEqual([]);
    const solution = await solve({ ...spec, stop: { steps, relativeL2: bound } });
    expect(solution.relativeL2['u']).toBeLessThan(bound);
    expect(solution.stopReason).toBe('relativeL2');
  });
});

test('the points stay, and are others after resampleEvery steps', () => {
  const problem = compileProblem({ ...disk, sampling: { ...disk.sampling, resampleEvery: 5 } });
  const objective = new PinnObjective(problem, defaultEngine());
  const theta = new Float64Array(problem.layout.size).fill(0.1);
  const [first, same] = [objective.loss(theta), objective.loss(theta)];
  objective.nextBatch(6);
  expect(same).toBe(first);
  expect(objective.loss(theta)).not.toBe(first);
});

test('fields are NaN outside the shape and nowhere else; exports say so', async () => {
  const solution = await solve({ ...disk, stop: { steps: 1 } });
  const fields = solution.fields(21);
  expect(fields.map(({ name }) => name)).toEqual(['u', 'residual', 'exact', 'error']);
  for (const { axes, values } of fields) {
    const [x, y] = axes.map((axis) => axis.values) as [readonly number[], readonly number[]];
    const outside = x.flatMap((a) => y.map((b) => a * a + b * b > 1));
    expect(Array.from(values, Number.isNaN)).toEqual(outside);
  }
  const lines = new TextDecoder().decode(solution.export('csv', 3)).split('\n');
  expect(lines[1]).toBe('-1,-1,NaN,NaN,NaN,NaN');
  expect(lines[5]).toMatch(/^0,0,-?[\d.e-]+,/);
  expect(lines.filter((line) => line.includes('NaN'))).toHaveLength(4);
});

describe('the specification', () => {
  test('the geometry is part of the hash, and the effective specification means itself', () => {
    const { spec } = compileProblem({
      ...disk,
      geometry: { type: 'ellipse', center: [0, 0], radii: [1, 0.5] },
    });
    expect(spec.geometry).toMatchObject({ type: 'ellipse', angle: 0 });
    expect(hashOf(compileProblem(spec).spec)).toBe(hashOf(spec));
    expect(hashOf(spec)).not.toBe(hashOf(compileProblem(disk).spec));
  });

  test('memory counts the points that are refused', () => {
    const thin = compileProblem({
      ...disk,
      geometry: { type: 'annulus', center: [0, 0], inner: 0.998, outer: 1 },
    });
    expect(thin.bytes - compileProblem(disk).bytes).toBeGreaterThan(8 * 2 * 3000 * 200);
  });

  test('too many vertices are a question of size', () => {
    const vertices = Array.from({ length: 1001 }, (_, k): [number, number] => [k, k * k]);
    expect(() => compileProblem({ ...disk, geometry: { type: 'polygon', vertices } })).toThrow(
      expect.objectContaining({ code: 'KFAC_LIMIT' }),
    );
  });

  test.each<[string, Partial<PinnSpecInput>, string, RegExp]>([
    [
      'a path',
      { geometry: { type: 'mesh', stl: { file: '/etc/passwd' } } as never },
      '/geometry/stl',
      /expected the content of an STL file/,
    ],
    [
      'a field that is none',
      { geometry: { type: 'disk', center: [0, 0], radius: 1, hole: 2 } as never },
      '/geometry/hole',
      /unknown field/,
    ],
    ['no such shape', { geometry: { type: 'circle' } as never }, '/geometry/type', /./],
    [
      'one operand',
      { geometry: { type: 'union', of: [{ type: 'disk', center: [0, 0], radius: 1 }] } },
      '/geometry/of',
      /./,
    ],
    [
      'a name with a space',
      { geometry: { type: 'disk', name: 'the hole', center: [0, 0], radius: 1 } },
      '/geometry/name',
      /expected a name/,
    ],
    [
      'a side of the box',
      { conditions: [{ on: 'x = 1', equation: 'u = 0' }] },
      '/conditions/0/on',
      /its parts are disk/,
    ],
    [
      'next to nothing inside',
      { geometry: { type: 'annulus', center: [0, 0], inner: 0.999999999, outer: 1 } },
      '/sampling/interior',
      /takes up 1\.6e-7 % of its bounding box/,
    ],
  ])('%s is refused at its place', (_, change, pointer, reason) => {
    let fault: { issues?: readonly { pointer: string; detail: string }[] } = {};
    try {
      compileProblem({ ...disk, ...change });
    } catch (error) {
      fault = error as typeof fault;
    }
    expect(fault.issues?.map((issue) => issue.pointer)).toContain(pointer);
    expect(fault.issues?.map(({ detail }) => detail).join('\n')).toMatch(reason);
  });
});

test('a run on fresh points of a shape goes on bit for bit', async () => {
  const spec: PinnSpecInput = { ...disk, sampling: { ...disk.sampling, resampleEvery: 4 }, stop: { steps: 20 } };
  const whole = await solve(spec);
  const controller = new AbortController();
  let checkpoint: Uint8Array | undefined;
  await solve(spec, {
    signal: controller.signal,
    onProgress: ({ step }) => step === 10 && controller.abort(),
    onCheckpoint: (bytes) => (checkpoint = bytes),
  });
  const resumed = await solve(spec, { resume: checkpoint! });
  expect(resumed.network.parameters).toEqual(whole.network.parameters);
});
