import { defaultEngine } from '@kfac/core';
import { expect, test } from 'vitest';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';
import { spectrumOf } from './spectrum.ts';

const spec: PinnSpecInput = {
  domain: { x: [0, 1], y: [0, 1] },
  equations: ['u_xx + u_yy = u^2'],
  conditions: [{ on: 'boundary', equation: 'u = x*y' }],
  network: { hidden: [5] },
  sampling: { interior: 60, conditions: 12 },
  weights: { interior: 0.3, conditions: 2 },
  stop: { steps: 4 },
};

test('the squares are the eigenvalues of the Gauss–Newton matrix made of finite differences', async () => {
  const solution = await solve(spec);
  const engine = defaultEngine();
  const { interior, conditions } = solution.spectrum().terms as { interior: number[]; conditions: number[] };
  const { all } = solution.spectrum();
  expect([interior.length, conditions.length, all.length]).toEqual([21, 12, 21]);

  const objective = new PinnObjective(compileProblem(spec), engine);
  const theta = Float64Array.from(solution.network.parameters);
  const h = 1e-5;
  // Each term's Σ ω (∂e/∂θ_i)², the trace of its JᵀJ.
  const traces: Record<string, number> = { interior: 0, conditions: 0 };
  for (let i = 0; i < theta.length; i++) {
    const residuals = [h, -h].map((shift) => {
      const moved = Float64Array.from(theta);
      moved[i]! += shift;
      return objective.linearize(moved).terms.map(({ residual }) => Float64Array.from(residual));
    });
    for (const [k, { name, curvature }] of objective.linearize(theta).terms.entries())
      for (const [n, omega] of curvature.entries())
        traces[name]! += omega * ((residuals[0]![k]![n]! - residuals[1]![k]![n]!) / (2 * h)) ** 2;
  }
  const squares = (values: readonly number[]): number => values.reduce((sum, value) => sum + value * value, 0);
  expect(squares(interior) / traces['interior']!).toBeCloseTo(1, 7);
  expect(squares(conditions) / traces['conditions']!).toBeCloseTo(1, 7);
  expect(squares(all) / (traces['interior']! + traces['conditions']!)).toBeCloseTo(1, 7);
  for (const values of [interior, conditions, all]) expect(values).toEqual(values.toSorted((a, b) => b - a));
  // Weyl: adding rows raises no singular value beyond the sum of squares, and lowers none.
  for (const [k, value] of all.entries()) {
    expect(value).toBeGreaterThanOrEqual(interior[k]! * (1 - 1e-12));
    expect(value ** 2).toBeLessThanOrEqual(interior[k]! ** 2 + conditions[0]! ** 2 * (1 + 1e-12));
  }
});

test('beyond 3000 parameters or 1 GiB it is refused with the numbers', async () => {
  const large = await solve({ ...spec, network: { hidden: [60, 60] }, stop: { steps: 1 } });
  expect(() => large.spectrum()).toThrow(
    expect.objectContaining({ code: 'KFAC_LIMIT', message: expect.stringContaining('3901') }),
  );
  const points = { interior: 60_000, conditions: 12 };
  const many = compileProblem({ ...spec, network: { hidden: [48, 48] }, sampling: points });
  const theta = new Float64Array(many.layout.size);
  expect(() => spectrumOf(many, defaultEngine(), theta, 1)).toThrow('60000 points and 2545 parameters need 1.1 GiB');
  const column = Array.from({ length: 60_000 }, () => 0.5);
  const measured = compileProblem({
    ...spec,
    conditions: [{ data: { x: column, y: column, u: column } }],
    network: { hidden: [48, 48] },
  });
  expect(() => spectrumOf(measured, defaultEngine(), theta, 1)).toThrow('60000 points and 2545 parameters need');
});
