import { type Engine, gradient, selectEngine } from '@kfac/core';
import { expect, test } from 'vitest';
import { fitLastLayer } from './last-layer.ts';
import { initialParameters } from './network.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const engines: Engine[] = [selectEngine({ native: 'off' }), selectEngine()];
const network: PinnSpecInput['network'] = { hidden: [24], firstLayerScale: 4, lastLayer: 'least-squares' };

const poisson: PinnSpecInput = {
  domain: { x: [0, 1], y: [0, 1] },
  equations: ['-(u_xx + u_yy) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  exact: { u: 'sin(pi*x)*sin(pi*y)' },
  network,
  sampling: { interior: 200, conditions: 60 },
};
const riccati: PinnSpecInput = {
  domain: { x: [0, 1] },
  equations: ['u_x = 1 + u^2'],
  conditions: [{ on: 'x = 0', equation: 'u = 0' }],
  network,
  sampling: { interior: 60, conditions: 1 },
};

function started(spec: PinnSpecInput, engine: Engine) {
  const problem = compileProblem(spec);
  const objective = new PinnObjective(problem, engine);
  const theta = initialParameters(problem.layout, 'tanh', 1, 4);
  const before = theta.slice();
  const lossBefore = objective.loss(theta);
  fitLastLayer(engine, objective, theta);
  const last = problem.layout.blocks.at(-1)!;
  return { problem, objective, theta, before, lossBefore, last };
}

for (const engine of engines) {
  test(`a linear problem: the normal equations hold after one fit (${engine.describe().kind})`, () => {
    const { problem, objective, theta, before, last } = started(poisson, engine);
    const slope = new Float64Array(problem.layout.size);
    gradient(problem.layout, objective.linearize(theta), slope);
    // ∇L = −λa: all of it along a, with one λ > 0.
    const g = problem.layout.view(slope, last);
    const a = problem.layout.view(theta, last);
    let ga = 0;
    let aa = 0;
    for (let i = 0; i < a.length; i++) {
      ga += g[i]! * a[i]!;
      aa += a[i]! * a[i]!;
    }
    const ridge = -ga / aa;
    expect(ridge).toBeGreaterThan(0);
    for (let i = 0; i < a.length; i++)
      expect(Math.abs(g[i]! + ridge * a[i]!)).toBeLessThan(1e-7 * ridge * Math.sqrt(aa));
    expect(theta.subarray(0, last.offset)).toEqual(before.subarray(0, last.offset));
  });
}

test('a nonlinear problem: the loss falls by orders of magnitude', () => {
  const { objective, theta, lossBefore } = started(riccati, engines[1]!);
  expect(objective.loss(theta)).toBeLessThan(1e-3 * lossBefore);
});

test('a loss that is not finite leaves the start as it is', () => {
  const { theta, before } = started({ ...riccati, equations: ['u_x = u + sqrt(x - 2)'] }, engines[1]!);
  expect(theta).toEqual(before);
});

test('a run begins near the solution, and resumes bit for bit', async () => {
  const spec: PinnSpecInput = { ...poisson, optimizer: { name: 'gauss-newton' }, stop: { steps: 3 } };
  const firstError = async (from: PinnSpecInput) => (await solve({ ...from, stop: { steps: 1 } })).rmse['u']!;
  expect(await firstError(spec)).toBeLessThan(0.1 * (await firstError({ ...spec, network: { hidden: [24] } })));

  const whole = await solve(spec);
  const controller = new AbortController();
  let checkpoint: Uint8Array | undefined;
  const cancelled = await solve(spec, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
    onCheckpoint: (bytes) => {
      checkpoint = bytes;
    },
  });
  expect(cancelled.steps).toBe(1);
  const resumed = await solve(spec, { resume: checkpoint! });
  expect(resumed.network.parameters).toEqual(whole.network.parameters);
});
