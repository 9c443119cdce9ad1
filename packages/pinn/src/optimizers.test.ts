import { defaultEngine, selectEngine } from '@kfac/core';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { phasesOf } from './auto.ts';
import { PinnObjective } from './objective.ts';
import { createOptimizer } from './optimizers.ts';
import { type Problem, compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const poisson = {
  domain: { x: [0, 1], y: [0, 1] },
  equations: ['-laplacian(u) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  exact: { u: 'sin(pi*x)*sin(pi*y)' },
} satisfies PinnSpecInput;

/** 337 parameters, more than the points. */
const wide = {
  network: { hidden: [16, 16] },
  sampling: { interior: 150, conditions: 40 },
} satisfies Partial<PinnSpecInput>;

describe('Poisson’s equation in a few steps', () => {
  test('gauss-newton with fewer points than parameters, in the space of the points', async () => {
    const solution = await solve({
      ...poisson,
      ...wide,
      optimizer: { name: 'gauss-newton' },
      stop: { steps: 120, relativeL2: 1e-6 },
    });
    expect(solution.report.parameters).toBe(337);
    expect(solution.stopReason).toBe('relativeL2');
  });

  test('sketched-gauss-newton with a bit more than half of the parameters and less than half of the points', async () => {
    const solution = await solve({
      ...poisson,
      network: { hidden: [16, 16] },
      sampling: { interior: 400, conditions: 80 },
      optimizer: { name: 'sketched-gauss-newton', parameters: 200, rows: 200 },
      stop: { steps: 150, relativeL2: 5e-3 },
    });
    expect(solution.stopReason).toBe('relativeL2');
  });

  test('nystrom-newton-cg', async () => {
    const solution = await solve({
      ...poisson,
      network: { hidden: [32] },
      sampling: { interior: 150, conditions: 40 },
      optimizer: { name: 'nystrom-newton-cg', iterations: 100 },
      stop: { steps: 40, relativeL2: 1e-3 },
    });
    expect(solution.stopReason).toBe('relativeL2');
  });

  test('soap goes lower than adam with the same rate and as many steps', async () => {
    const run = async (name: 'soap' | 'adam') => {
      const warmup = name === 'soap' ? { warmup: 20 } : {};
      const optimizer = { name, learningRate: 0.01, ...warmup } as PinnSpecInput['optimizer'];
      return solve({ ...poisson, ...wide, optimizer, stop: { steps: 400 } });
    };
    const [soap, adam] = [await run('soap'), await run('adam')];
    expect(soap.report.spec.optimizer).toMatchObject({ schedule: 'cosine', refreshEvery: 2 });
    expect(soap.report.loss).toBeLessThan(adam.report.loss);
    expect(soap.relativeL2['u']).toBeLessThan(0.25);
  });

  test('as phases of a chain: soap, then nystrom-newton-cg', async () => {
    const solution = await solve({
      ...poisson,
      network: { hidden: [16] },
      sampling: { interior: 100, conditions: 40 },
      optimizer: {
        name: 'phases',
        phases: [
          { optimizer: { name: 'soap', learningRate: 0.01, warmup: 10 }, steps: 30 },
          { optimizer: { name: 'nystrom-newton-cg', iterations: 100 }, steps: 30 },
        ],
      },
    });
    expect([solution.report.steps, solution.stopReason]).toEqual([60, 'phases']);
    expect(solution.relativeL2['u']).toBeLessThan(0.05);
  });
});

describe('oracle pinn §8.20: resume is bit for bit, for any number of threads', () => {
  test.each([
    { name: 'gauss-newton' },
    { name: 'gauss-newton', form: 'qr' },
    { name: 'sketched-gauss-newton', parameters: 30, rows: 20 },
    { name: 'nystrom-newton-cg', damping: 1, rank: 5 },
    { name: 'soap', warmup: 5 },
  ] as const)('$name', async (optimizer) => {
    const spec: PinnSpecInput = {
      domain: { x: [0, 1] },
      equations: ['u_x = -u'],
      conditions: [{ on: 'x = 0', equation: 'u = 1' }],
      network: { hidden: [6, 6] },
      sampling: { interior: 30, conditions: 1 },
      optimizer,
      stop: { steps: 30 },
    };
    const whole = await solve(spec, { engine: selectEngine({ threads: 1 }) });
    expect(whole.stopReason).not.toBe('');
    const controller = new AbortController();
    let checkpoint: Uint8Array | undefined;
    await solve(spec, {
      signal: controller.signal,
      onProgress: ({ step }) => step === 11 && controller.abort(),
      onCheckpoint: (bytes) => (checkpoint = bytes),
    });
    const resumed = await solve(spec, { resume: checkpoint!, engine: selectEngine({ threads: 3 }) });
    expect(resumed.network.parameters).toEqual(whole.network.parameters);
    expect(resumed.report.bitExact).toBe(true);
  });
});

describe('auto', () => {
  const choice = (change: Partial<PinnSpecInput>) => compileProblem({ ...poisson, ...change }).optimizer;
  const large = { network: { hidden: [64, 64, 48, 48] } } satisfies Partial<PinnSpecInput>;

  test('chooses by parameters, points and whether these stay, and says why', () => {
    expect(choice({})).toEqual({
      name: 'gauss-newton',
      reason: expect.stringContaining('257 parameters, at most 3000'),
    });
    expect(choice({ ...large, sampling: { interior: 1000, conditions: 200 } })).toEqual({
      name: 'gauss-newton',
      reason: expect.stringContaining('9873 parameters, more than 3000, but only 1200 fixed points'),
    });
    expect(choice(large)).toEqual({ name: 'kfac', reason: expect.stringContaining('3600 points, more than 2000') });
    expect(choice({ ...large, sampling: { interior: 1000, conditions: 200, resampleEvery: 100 } })).toEqual({
      name: 'kfac',
      reason: expect.stringContaining('points that change'),
    });
    expect(choice({ network: { hidden: [256, 256] }, sampling: { interior: 500, conditions: 100 } })).toEqual({
      name: 'kfac',
      reason: expect.stringContaining('of these more than 30000'),
    });
    expect(choice({ optimizer: { name: 'soap' } })).toEqual({ name: 'soap', reason: 'chosen in the specification' });
  });

  test('the weight of the equation follows the choice', () => {
    const weight = (change: Partial<PinnSpecInput>) => compileProblem({ ...poisson, ...change }).spec.weights.interior;
    expect(weight({ ...large, sampling: { interior: 1000, conditions: 200 } })).toBe(0.1);
    expect(weight({ optimizer: { name: 'sketched-gauss-newton' } })).toBe(0.1);
    expect(weight(large)).toBe(1);
  });
});

describe('the estimate of memory', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  /** Until nothing more comes back: arrays are given back in the background, those of the native engine in a turn of the event loop. */
  const collect = async (): Promise<void> => {
    for (let before = Infinity, left = process.memoryUsage().arrayBuffers; left < before;) {
      before = left;
      for (let pass = 0; pass < 3; pass++) {
        gc();
        await new Promise(setImmediate);
      }
      left = process.memoryUsage().arrayBuffers;
    }
  };

  /** Bytes of the arrays that a problem keeps after a step; those of the native engine are not among them. */
  async function kept(problem: Problem): Promise<number> {
    const engine = defaultEngine();
    await collect();
    const before = process.memoryUsage().arrayBuffers;
    const objective = new PinnObjective(problem, engine);
    const optimizer = createOptimizer(problem, engine);
    const { spec, networks } = problem;
    const theta = networks.initial(spec.seed);
    optimizer.step(objective, theta);
    await collect();
    const bytes = process.memoryUsage().arrayBuffers - before;
    // Both are alive until here.
    expect(objective.loss(optimizer.evaluationPoint(theta))).toBeGreaterThan(0);
    return bytes;
  }

  const few = { network: { hidden: [40, 40] }, sampling: { interior: 600, conditions: 100 } } as const;
  const many = { network: { hidden: [40, 40] }, sampling: { interior: 3000, conditions: 300 } } as const;
  test.each([
    [{ name: 'gauss-newton', form: 'gram' }, few],
    [{ name: 'gauss-newton', form: 'qr' }, few],
    [{ name: 'sketched-gauss-newton', parameters: 600, rows: 800 }, many],
    [{ name: 'nystrom-newton-cg', rank: 300, iterations: 5 }, few],
    [{ name: 'soap' }, { network: { hidden: [400, 400] }, sampling: { interior: 50, conditions: 20 } }],
    [{ name: 'adam' }, { network: { hidden: [40, 40], weights: 'factorised' }, sampling: many.sampling }],
    [{ name: 'kfac' }, { network: { hidden: [200, 200], slopes: 'neuron' }, sampling: few.sampling }],
  ] as const)('%j: not below what is kept, nor far above', async (optimizer, size) => {
    const problem = compileProblem({ ...poisson, ...size, optimizer });
    const bytes = await kept(problem);
    expect(problem.bytes).toBeGreaterThan(bytes);
    expect(problem.bytes).toBeLessThan(3 * bytes);
  });

  test('a problem that does not fit is refused with the numbers', () => {
    const sampling = { interior: 60_000, conditions: 5000 };
    const network = { hidden: [200, 200] };
    expect(() => compileProblem({ ...poisson, network, sampling, optimizer: { name: 'spring' } })).toThrow(
      /41001 parameters with spring need \d+\.\d GiB of working memory; at most 8 GiB are allowed/,
    );
    // Kernel form: what does not fit with the QR form's matrices fits with the kernel alone.
    const points = { interior: 6000, conditions: 600 };
    const wider = { hidden: [256, 256] };
    const compile = (form: 'gram' | 'auto') =>
      compileProblem({ ...poisson, network: wider, sampling: points, optimizer: { name: 'gauss-newton', form } });
    expect(() => compile('auto')).toThrow(expect.objectContaining({ code: 'KFAC_LIMIT' }));
    expect(compile('gram').bytes).toBeLessThan(8 * 2 ** 30);
  });
});

test('the options of each optimizer and of auto, defaults filled in', () => {
  const options = (optimizer: PinnSpecInput['optimizer'], stop = {}) => {
    const { spec, optimizer: chosen } = compileProblem({ ...poisson, optimizer, stop: { seconds: 1, ...stop } });
    return phasesOf(spec.optimizer, chosen)[0];
  };
  const rule = { target: 0.075, window: 10, probes: 16, form: 'auto' };
  expect(options({ name: 'auto' })).toEqual({ name: 'gauss-newton', ...rule });
  expect(options({ name: 'sketched-gauss-newton' })).toEqual({
    name: 'sketched-gauss-newton',
    ...rule,
    parameters: 2000,
    rows: 2000,
  });
  expect(options({ name: 'nystrom-newton-cg' })).toEqual({
    name: 'nystrom-newton-cg',
    damping: 1e-5,
    rank: 60,
    iterations: 1000,
  });
  expect(options({ name: 'soap' })).toEqual({
    name: 'soap',
    learningRate: 1e-3,
    schedule: 'constant',
    warmup: 100,
    refreshEvery: 2,
  });
  expect(options({ name: 'soap' }, { steps: 5 })).toMatchObject({ schedule: 'cosine' });
});

test.each([
  [{ name: 'sketched-gauss-newton', rows: 0 }, '/optimizer/rows', />=1/],
  [{ name: 'nystrom-newton-cg', rank: 0 }, '/optimizer/rank', />=1/],
  [{ name: 'soap', schedule: 'cosine' }, '/optimizer/schedule', /stop.steps/],
] as const)('%j is refused at the place', (optimizer, pointer, detail) => {
  expect(() => compileProblem({ ...poisson, optimizer, stop: { seconds: 1 } })).toThrow(
    expect.objectContaining({
      code: 'KFAC_SPEC',
      issues: [expect.objectContaining({ pointer, detail: expect.stringMatching(detail) })],
    }),
  );
});
