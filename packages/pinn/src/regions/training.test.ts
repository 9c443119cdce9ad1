import { defaultEngine, selectEngine } from '@kfac/core';
import { expect, test } from 'vitest';
import { PinnObjective } from '../objective.ts';
import { compileProblem } from '../problem.ts';
import { solve } from '../solve.ts';
import type { PinnSpecInput } from '../spec.ts';
import { cooling } from './testing.test-support.ts';

const worst = ({ relativeL2 }: { relativeL2: Readonly<Record<string, number>> }): number =>
  Math.max(...Object.values(relativeL2));

test.each<[string, Partial<PinnSpecInput>]>([
  ['time windows', { curriculum: { windows: 2 }, stop: { steps: 160 } }],
  [
    'continuation',
    {
      constants: { a: 1 },
      curriculum: { continuation: { constant: 'a', values: [0.5, 1], steps: 10 } },
      stop: { steps: 70 },
    },
  ],
  ['causal weights', { weights: { pointwise: { name: 'causal', epsilon: 0.1, chunks: 8 } }, stop: { steps: 100 } }],
  ['adaptive weights', { weights: { adaptive: { name: 'grad-norm' } }, stop: { steps: 100 } }],
  ['RAD', { sampling: { ...cooling.sampling, adaptive: { name: 'rad', every: 10, pool: 500 } }, stop: { steps: 100 } }],
])('cooling by %s', async (_, change) => {
  const solution = await solve({ ...cooling, ...change });
  expect(solution.warnings).toEqual([]);
  expect(worst(solution)).toBeLessThan(5e-2);
});

test('causal weights fall with time, of every equation by its own points', () => {
  const problem = compileProblem({
    ...cooling,
    equations: [
      { equation: 'u = t', in: 'inner' },
      { equation: 'v = t', in: 'outside inner' },
    ],
    weights: { pointwise: { name: 'causal', epsilon: 20, chunks: 4 } },
  });
  const objective = new PinnObjective(problem, defaultEngine());
  const theta = new Float64Array(problem.layout.size);
  objective.nextBatch(2, { theta, isFinishing: false });
  for (const { residual, curvature } of objective.linearize(theta).terms.slice(0, 2)) {
    // At θ = 0 the residual is −t.
    const byTime = Array.from(residual, (e, n) => [-e, curvature[n]!] as const).toSorted(([t], [s]) => t - s);
    for (let n = 1; n < byTime.length; n++) expect(byTime[n]![1]).toBeLessThanOrEqual(byTime[n - 1]![1]);
    expect(byTime.at(-1)![1]).toBeLessThan(0.1 * byTime[0]![1]);
  }
});

test.each<[string, Partial<PinnSpecInput>]>([
  [
    'RAD and causal weights',
    {
      sampling: { ...cooling.sampling, adaptive: { name: 'rad', every: 3, pool: 300 } },
      weights: { pointwise: { name: 'causal' } },
    },
  ],
  ['RAR', { sampling: { ...cooling.sampling, adaptive: { name: 'rar', every: 3, pool: 300 } } }],
  ['time windows', { curriculum: { windows: 2 } }],
])('resume is bit for bit: %s', async (_, change) => {
  const spec: PinnSpecInput = { ...cooling, ...change, stop: { steps: 24 } };
  const whole = await solve(spec);
  const controller = new AbortController();
  let checkpoint: Uint8Array | undefined;
  await solve(spec, {
    signal: controller.signal,
    onProgress: ({ step }) => step === 14 && controller.abort(),
    onCheckpoint: (bytes) => (checkpoint = bytes),
  });
  const resumed = await solve(spec, { resume: checkpoint!, engine: selectEngine({ threads: 3 }) });
  expect(resumed.network.parameters).toEqual(whole.network.parameters);
  expect(resumed.terms).toEqual(whole.terms);
});
