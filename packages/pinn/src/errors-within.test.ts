import { expect, test } from 'vitest';
import { parsePinnSpec } from './problem.ts';
import { solve } from './solve.ts';

const problem = {
  domain: { t: [0, 1], x: [0, 4] },
  equations: ['u_t = u_x'],
  conditions: [{ on: 't = 0', equation: 'u = x' }],
  exact: { u: 'x + t' },
  network: { hidden: [4] },
  sampling: { interior: 50, conditions: 20 },
} as const;

test('errors are those on the named part of the domain, by quadrature', async () => {
  const whole = await solve({ ...problem, domain: { t: [0, 1], x: [0, 4] }, stop: { steps: 3 } } as never);
  const part = await solve({ ...problem, errorsWithin: { x: [1, 2] }, stop: { steps: 3 } } as never);
  expect(part.network.parameters).toEqual(whole.network.parameters);
  const rmse = ([lower, upper]: readonly [number, number]): number => {
    const n = 60;
    const points = Array.from({ length: n * n }, (_, k) => [
      ((k % n) + 0.5) / n,
      lower + ((upper - lower) * (Math.floor(k / n) + 0.5)) / n,
    ]);
    const { u } = part.evaluate(points, []);
    return Math.sqrt(points.reduce((sum, [t, x], k) => sum + (u![k]! - t! - x!) ** 2, 0) / points.length);
  };
  // 500 random points: their mean differs by a few percent.
  expect(part.rmse['u']! / rmse([1, 2])).toBeCloseTo(1, 1);
  expect(whole.rmse['u']! / rmse([0, 4])).toBeCloseTo(1, 1);
});

test.each([
  [{ y: [0, 1] }, '/errorsWithin/y: "y" is not a coordinate; declared: t, x'],
  [{ x: [0, 5] }, '/errorsWithin/x: expected an interval inside [0, 4], got [0, 5]'],
  [{ x: [2, 1] }, '/errorsWithin/x: expected an interval inside [0, 4], got [2, 1]'],
])('%j is refused', (errorsWithin, message) => {
  expect(() => parsePinnSpec({ ...problem, errorsWithin })).toThrow(message);
});
