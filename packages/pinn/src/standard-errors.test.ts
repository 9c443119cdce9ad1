import { PhiloxStream, defaultEngine, jacobian, matrix } from '@kfac/core';
import { expect, test } from 'vitest';
import { initialParameters } from './network.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';
import { standardErrors } from './standard-errors.ts';

const NOISE = 0.02;
const MEASUREMENTS = 30;

/** u' = −a·u, u(0) = 1, a = 2, measured thirty times with noise. */
function noisy(seed: number): PinnSpecInput {
  const stream = new PhiloxStream(seed, 0, 0);
  const data = Array.from({ length: MEASUREMENTS }, (_, i) => {
    const t = (i + 1) / MEASUREMENTS;
    return { on: `t = ${t}`, equation: `u = ${Math.exp(-2 * t) + NOISE * stream.normal()}` };
  });
  return {
    domain: { t: [0, 1] },
    parameters: { a: { initial: 1.5, positive: true, exact: 2 } },
    equations: ['u_t = -a*u'],
    conditions: [{ on: 't = 0', equation: 'u = 1' }, ...data],
    network: { hidden: [5] },
    sampling: { interior: 40, conditions: MEASUREMENTS + 1 },
    weights: { interior: 10 },
    stop: { steps: 60 },
  };
}

test('the formula against dense algebra', () => {
  const engine = defaultEngine();
  const { layout, scalars, ...problem } = compileProblem({
    ...noisy(1),
    parameters: { a: { initial: 1.5 }, b: { initial: 0.1 } },
    equations: ['u_t = -a*u + b*t'],
  });
  const objective = new PinnObjective({ ...problem, layout, scalars }, engine);
  const theta = initialParameters(layout, 'tanh', 2);
  scalars.initialise(theta);
  const linearization = objective.linearize(theta);
  const errors = standardErrors(engine, layout, linearization, 2)!;
  const n = 40 + MEASUREMENTS + 1;
  const p = layout.size;
  const [rows, scaled] = [matrix(n, p), matrix(n, p)];
  let row = 0;
  for (const term of linearization.terms) {
    jacobian(layout, term, term.curvature.map(Math.sqrt), rows, row);
    jacobian(layout, term, term.slope.slice(), scaled, row);
    row += term.residual.length;
  }
  const [h, m, inverse, left, covariance] = Array.from({ length: 5 }, () => matrix(p, p)) as [
    ReturnType<typeof matrix>,
    ReturnType<typeof matrix>,
    ReturnType<typeof matrix>,
    ReturnType<typeof matrix>,
    ReturnType<typeof matrix>,
  ];
  engine.linalg.gemm(1, rows, 't', rows, 'n', 0, h);
  engine.linalg.gemm(1, scaled, 't', scaled, 'n', 0, m);
  const largest = Math.max(...Array.from({ length: p }, (_, i) => h.data[i * (p + 1)]!));
  for (let i = 0; i < p; i++) h.data[i * (p + 1)]! += 1e-12 * largest;
  engine.linalg.cholesky(h);
  engine.linalg.choleskyInverse(h, inverse);
  engine.linalg.gemm(1, inverse, 'n', m, 'n', 0, left);
  engine.linalg.gemm(n / (n - p), left, 'n', inverse, 'n', 0, covariance);
  for (const k of [0, 1]) {
    const wanted = Math.sqrt(covariance.data[(p - 2 + k) * (p + 1)]!);
    expect(Math.abs(errors[k]! / wanted - 1)).toBeLessThan(1e-6);
  }
});

test('the scatter of the estimates over forty sets of noise is what the standard errors say', async () => {
  const runs = 40;
  const values: number[] = [];
  let squares = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const { value, standardError } = (await solve(noisy(seed))).report.estimates['a']!;
    values.push(value);
    squares += standardError! ** 2 / runs;
  }
  const mean = values.reduce((sum, a) => sum + a / runs, 0);
  const scatter = Math.sqrt(values.reduce((sum, a) => sum + (a - mean) ** 2 / (runs - 1), 0));
  expect(Math.abs(mean - 2)).toBeLessThan((3 * scatter) / Math.sqrt(runs));
  // The scatter of forty is itself known to 11 %.
  expect(Math.sqrt(squares) / scatter).toBeGreaterThan(0.67);
  expect(Math.sqrt(squares) / scatter).toBeLessThan(1.5);
}, 120_000);

test('none without more points than parameters', async () => {
  const solution = await solve({ ...noisy(1), network: { hidden: [24] }, stop: { steps: 2 } });
  expect(solution.report.estimates['a']).not.toHaveProperty('standardError');
});
