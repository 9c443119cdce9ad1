import { expect, test } from 'vitest';
import type { ReducedSystem } from './reduced-system.ts';
import { solveSecular } from './secular.ts';

/** p = 1/(a + λ) in one dimension. */
function scalar(a: number): ReducedSystem {
  return {
    largest: 1,
    solve(lambda) {
      const p = 1 / (a + lambda);
      return { lambda, squaredNorm: p * p, derivative: p * p * p, predicted: 0.5 * p * p * (a + 2 * lambda) };
    },
    expand() {},
  };
}

test.each([
  ['regular', 0.01],
  ['whose norm is finite and whose derivative overflows', 1e-110],
  ['singular', 0],
])('finds the λ of a radius in a system that is %s', (_, a) => {
  for (const radius of [0.1, 1, 20]) expect(solveSecular(scalar(a), radius, 0).lambda + a).toBeCloseTo(1 / radius, 9);
});

test('inside the radius nothing is damped', () => {
  expect(solveSecular(scalar(0.5), 3, 0).lambda).toBe(0);
});
