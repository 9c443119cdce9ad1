import { defaultEngine } from '@kfac/core';
import { expect, test } from 'vitest';
import { networkValues } from './network-values.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const poisson: PinnSpecInput = {
  domain: { x: [0, 1], y: [-1, 1] },
  equations: ['-(u_xx + u_yy) = 5*sin(2*x)*cos(y)'],
  conditions: [
    { on: 'x = 0 or x = 1', equation: 'u = sin(2*x)*cos(y)' },
    { on: 'y = -1 or y = 1', equation: 'u_y = -sin(2*x)*sin(y)' },
  ],
  exact: { u: 'sin(2*x)*cos(y)' },
  network: { hidden: [12] },
  sampling: { interior: 100, conditions: 40 },
};

test('the norms on the training points are those of the loss, without its weights', async () => {
  const { terms, residuals, spec } = await solve({ ...poisson, stop: { steps: 20 } });
  expect(Object.keys(residuals)).toEqual(['interior', 'conditions']);
  expect(residuals['interior']!.training).toBeCloseTo(Math.sqrt((2 * terms['interior']!) / 0.1), 12);
  expect(residuals['conditions']!.training).toBeCloseTo(Math.sqrt(2 * terms['conditions']!), 12);
  expect(spec.weights.interior).toBe(0.1);
});

test('with too few points the fresh residual is far above that of training, with many it is not', async () => {
  const few = await solve({ ...poisson, sampling: { interior: 12, conditions: 8 }, stop: { steps: 60 } });
  const many = await solve({ ...poisson, sampling: { interior: 800, conditions: 200 }, stop: { steps: 60 } });
  const gap = ({ residuals }: typeof few): number => residuals['interior']!.fresh! / residuals['interior']!.training;
  expect(gap(few)).toBeGreaterThan(30);
  expect(gap(many)).toBeLessThan(2);
  expect(gap(many)).toBeGreaterThan(0.5);
  expect(few.relativeL2['u']).toBeGreaterThan(many.relativeL2['u']!);
});

test('the misfit of each condition, by hand from the network', async () => {
  const solution = await solve({ ...poisson, stop: { steps: 5 } });
  const [dirichlet, neumann] = solution.conditions as [
    (typeof solution.conditions)[number],
    (typeof solution.conditions)[number],
  ];
  expect([dirichlet.on, neumann.equation]).toEqual(['x = 0 or x = 1', 'u_y = -sin(2*x)*sin(y)']);
  const [left, right] = dirichlet.profiles!;
  expect([left!.place, left!.along, right!.place]).toEqual(['x = 0', 'y', 'x = 1']);
  expect([left!.at[0], left!.at[32], left!.at.at(-1)]).toEqual([-1, 0, 1]);
  const u = solution.evaluate(right!.at.map((y) => [1, y]))['u']!;
  for (const [n, y] of right!.at.entries())
    expect(right!.residual[n]).toBeCloseTo(u[n]! - Math.sin(2) * Math.cos(y), 13);
  const top = neumann.profiles![1]!;
  const slope = solution.evaluate(
    top.at.map((x) => [x, 1]),
    ['u_y'],
  )['u_y']!;
  for (const [n, x] of top.at.entries())
    expect(top.residual[n]).toBeCloseTo(slope[n]! + Math.sin(2 * x) * Math.sin(1), 12);
  for (const { rms, max, profiles } of [dirichlet, neumann]) {
    const dense = profiles!.flatMap(({ residual }) => residual);
    expect(max).toBeLessThanOrEqual(1.001 * Math.max(...dense.map(Math.abs)));
    expect(rms).toBeLessThanOrEqual(max);
    expect(rms / Math.sqrt(dense.reduce((sum, e) => sum + e * e, 0) / dense.length)).toBeCloseTo(1, 0);
  }
  const { conditions } = solution.residuals;
  expect(conditions!.fresh).toBeLessThanOrEqual(Math.max(dirichlet.rms, neumann.rms));
  expect(conditions!.fresh).toBeGreaterThanOrEqual(Math.min(dirichlet.rms, neumann.rms));
});

test('of a system every equation has its norms; a place that is a point has one residual', async () => {
  const spec: PinnSpecInput = {
    domain: { t: [0, 1] },
    unknowns: ['u', 'v'],
    equations: ['u_t = v', 'v_t = -u'],
    conditions: [
      { on: 't = 0', equation: 'u = 1' },
      { on: 't = 0', equation: 'v = 0' },
    ],
    network: { hidden: [6] },
    sampling: { interior: 20, conditions: 2 },
    stop: { steps: 3 },
  };
  const solution = await solve(spec);
  expect(Object.keys(solution.residuals)).toEqual(['interior/1', 'interior/2', 'conditions']);
  const at0 = networkValues(compileProblem(spec), defaultEngine(), solution.network.parameters, [[0]], []);
  const [first, second] = solution.conditions;
  expect(first!.profiles).toEqual([{ place: 't = 0', along: null, at: [], residual: [at0['u']![0]! - 1] }]);
  expect(first!.rms).toBe(first!.max);
  expect(second!.max).toBe(Math.abs(at0['v']![0]!));
});

test('beyond two coordinates there are no profiles', async () => {
  const { conditions } = await solve({
    domain: { x: [0, 1], y: [0, 1], z: [0, 1] },
    equations: ['laplacian(u) = 0'],
    conditions: [{ on: 'boundary', equation: 'u = x' }],
    network: { hidden: [4] },
    sampling: { interior: 30, conditions: 30 },
    stop: { steps: 2 },
  });
  expect(Object.keys(conditions[0]!)).toEqual(['on', 'equation', 'rms', 'max']);
});
