import { expect, test } from 'vitest';
import { estimateError } from './estimate-error.ts';
import { loadSolution } from './load-solution.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const heat: PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1] },
  equations: ['u_t = u_xx/4'],
  conditions: [
    { on: 'x = 0 or x = 1', equation: 'u = 0' },
    { on: 't = 0', equation: 'u = sin(pi*x)' },
  ],
  exact: { u: 'exp(-pi^2*t/4)*sin(pi*x)' },
  network: { hidden: [12] },
  sampling: { interior: 300, conditions: 100 },
};
const oscillator: PinnSpecInput = {
  domain: { t: [0, 3] },
  equations: ['u_tt = -u - u^3 + cos(t)^3'],
  conditions: [
    { on: 't = 0', equation: 'u = 1' },
    { on: 't = 0', equation: 'u_t = 0' },
  ],
  exact: { u: 'cos(t)' },
  network: { hidden: [10] },
  sampling: { interior: 60, conditions: 2 },
};
const poisson: PinnSpecInput = {
  domain: { x: [0, 1], y: [0, 1] },
  equations: ['-(u_xx + u_yy) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  exact: { u: 'sin(pi*x)*sin(pi*y)' },
  network: { hidden: [16] },
  sampling: { interior: 300, conditions: 100 },
};

test.each([
  ['heat', heat],
  ['oscillator', oscillator],
  ['poisson', poisson],
])(
  '%s: the difference of two seeds is of the order of the true error, early and late',
  async (_, spec) => {
    for (const steps of [15, 60]) {
      for (const seed of [1, 11, 21]) {
        const { solution, twin, difference } = await estimateError({ ...spec, seed, stop: { steps } });
        const errors = [solution.rmse['u']!, twin!.rmse['u']!];
        const estimate = difference!.rms['u']!;
        expect(twin!.spec.seed).toBe(seed + 1);
        // The triangle inequality, up to the sampling of the points: below the sum and above the difference.
        expect(estimate).toBeLessThan(1.1 * (errors[0]! + errors[1]!));
        expect(estimate).toBeGreaterThan(0.9 * Math.abs(errors[0]! - errors[1]!));
        expect(estimate / Math.max(...errors)).toBeGreaterThan(0.1);
      }
    }
  },
  120_000,
);

test('the numbers are those of the two networks', async () => {
  const { solution, twin, difference } = await estimateError({ ...heat, stop: { steps: 10 } });
  const again = await solve({ ...heat, seed: 2, stop: { steps: 10 } });
  expect(again.network.parameters).toEqual(twin!.network.parameters);
  const n = 40;
  const points = Array.from({ length: n * n }, (_, k) => [((k % n) + 0.5) / n, (Math.floor(k / n) + 0.5) / n]);
  const [u, v] = [solution, twin!].map((one) => one.evaluate(points)['u']!) as [Float64Array, Float64Array];
  const apart = u.map((value, k) => value - v[k]!);
  const rms = (values: Float64Array): number =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  expect(difference!.points).toBe(10_000);
  expect(difference!.rms['u']! / rms(apart)).toBeCloseTo(1, 1);
  expect(difference!.relativeL2['u']! / (rms(apart) / rms(u))).toBeCloseTo(1, 1);
  expect(difference!.max['u']!).toBeGreaterThan(rms(apart));
});

test.each<[string, Partial<PinnSpecInput>]>([
  ['factorised weights', { network: { hidden: [12], weights: 'factorised' } }],
  ['trained slopes', { network: { hidden: [12], slopes: 'neuron' } }],
  ['an unknown number', { equations: ['u_t = k*u_xx'], parameters: { k: { initial: 0.2 } } }],
])('%s: the networks are compared, whatever was trained beside or in place of their weights', async (_, change) => {
  const { solution, twin, difference } = await estimateError({ ...heat, ...change, stop: { steps: 5 } });
  const point = [[0.3, 0.6]];
  const [u, v] = [solution, twin!].map((one) => one.evaluate(point)['u']![0]!) as [number, number];
  expect(Math.abs(u - v)).toBeGreaterThan(0);
  expect(Math.abs(u - v)).toBeLessThanOrEqual(1.1 * difference!.max['u']!);
  const loaded = loadSolution(solution.report, JSON.parse(new TextDecoder().decode(solution.export('json'))));
  expect(loaded.difference(twin!)).toEqual(difference);
});

test('a run that does not finish has no estimate', async () => {
  const abort = new AbortController();
  abort.abort();
  const { solution, twin, difference } = await estimateError(heat, { signal: abort.signal });
  expect([solution.status, twin, difference]).toEqual(['cancelled', null, null]);
});

test('solutions on other domains or for other unknowns are not compared', async () => {
  const one = await solve({ ...heat, stop: { steps: 1 } });
  const other = await solve({ ...poisson, stop: { steps: 1 } });
  const longer = await solve({ ...heat, domain: { t: [0, 2], x: [0, 1] }, stop: { steps: 1 } });
  expect(() => one.difference(other)).toThrow(/\/domain\/0\/0: "x" there, "t" here/);
  expect(() => one.difference(longer)).toThrow(/\/domain\/0\/1\/1: 2 there, 1 here/);
  const square = await solve({ ...poisson, stop: { steps: 1 } });
  const geometry = { type: 'disk' as const, center: [0.5, 0.5] as [number, number], radius: 0.5 };
  const disk = await solve({ ...poisson, geometry, stop: { steps: 1 } });
  expect(() => square.difference(disk)).toThrow(/\/geometry: /);
});
