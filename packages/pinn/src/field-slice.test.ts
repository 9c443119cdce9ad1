import { expect, test } from 'vitest';
import { solve } from './solve.ts';

const solution = await solve({
  domain: { t: [0, 1], x: [-1, 3], y: [2, 4], z: [0, 8] },
  equations: ['u_t = u_xx + y*z'],
  conditions: [{ on: 't = 0', equation: 'u = 0' }],
  exact: { u: 't*y*z' },
  network: { hidden: [5] },
  sampling: { interior: 40, conditions: 10 },
  stop: { steps: 2 },
});

test('a slice over any coordinates in any order, the others where they are asked for', () => {
  const fields = solution.slice(['y', 't'], { x: 2.5 }, 3);
  expect(fields.map(({ name }) => name)).toEqual(['u', 'residual', 'exact', 'error']);
  const [u, residual, exact] = fields;
  expect(u!.axes).toEqual([
    { name: 'y', values: [2, 3, 4] },
    { name: 't', values: [0, 0.5, 1] },
  ]);
  // z is not named: the middle of its interval.
  const points = [2, 3, 4].flatMap((y) => [0, 0.5, 1].map((t) => [t, 2.5, y, 4]));
  const values = solution.evaluate(points, ['u_t', 'u_xx']);
  expect(u!.values).toEqual(Float32Array.from(values['u']!));
  for (const [n, [t, , y, z]] of points.entries()) {
    expect(exact!.values[n]).toBe(t! * y! * z!);
    expect(residual!.values[n]).toBeCloseTo(values['u_t']![n]! - values['u_xx']![n]! - y! * z!, 4);
  }
});

test('the first two, in the middle of the others, are the fields of a snapshot', () => {
  expect(solution.slice(['t', 'x'])).toEqual(solution.fields());
  expect(solution.slice(['x', 'y', 'z'], {}, 2)[0]!.shape).toEqual([2, 2, 2]);
  expect(solution.slice(['z'])[0]!.shape).toEqual([257]);
});

test.each([
  [[], {}, 'one to three different coordinates'],
  [['x', 'x'], {}, 'one to three different coordinates'],
  [['t', 'x', 'y', 'z'], {}, 'one to three different coordinates'],
  [['w'], {}, 'expected a coordinate (t, x, y, z), got "w"'],
  [['x', 'y'], { w: 1 }, 'expected a coordinate'],
  [['x', 'y'], { x: 1 }, 'expected no value of x'],
  [['x', 'y'], { z: 9 }, 'expected z in [0, 8], got 9'],
  [['x', 'y'], { z: NaN }, 'got NaN'],
])('%j at %j is refused', (axes, at, message) => {
  expect(() => solution.slice(axes, at as Record<string, number>)).toThrow(message);
});
