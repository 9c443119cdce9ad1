import { selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const burgers = {
  domain: { t: [0, 1], x: [-1, 1] },
  equations: ['u_t + u*u_x = 0.02*u_xx'],
  conditions: [
    { on: 't = 0', equation: 'u = -sin(pi*x)' },
    { on: 'boundary', equation: 'u = 0' },
  ],
  exact: { u: { reference: 'burgers-cole-hopf', viscosity: '0.02' } },
  network: { hidden: [12] },
  sampling: { interior: 80, conditions: 30 },
} satisfies PinnSpecInput;

/** The faults of a specification, by pointer. */
function faultsOf(spec: PinnSpecInput): Record<string, string> {
  try {
    compileProblem(spec);
    return {};
  } catch (error) {
    const { issues } = error as { issues: { pointer: string; detail: string }[] };
    return Object.fromEntries(issues.map(({ pointer, detail }) => [pointer, detail]));
  }
}

describe('the specification', () => {
  test('defaults', () => {
    const { spec } = compileProblem({
      ...burgers,
      sampling: { adaptive: { name: 'rar' } },
      weights: { adaptive: { name: 'relobralo' }, pointwise: { name: 'causal' } },
    });
    expect(spec.sampling.adaptive).toEqual({ name: 'rar', every: 100, pool: 100_000, add: 0.05, share: 0.5 });
    expect(spec.weights).toEqual({
      interior: 0.1,
      conditions: 1,
      adaptive: { name: 'relobralo', every: 1, temperature: 1, decay: 0.95, lookback: 0.99 },
      pointwise: { name: 'causal', every: 1, chunks: 32, epsilon: 1 },
    });
    expect(compileProblem(spec).spec).toEqual(spec);
    // Nothing adapts unless asked.
    const plain = compileProblem(burgers).spec;
    expect(Object.keys(plain.weights)).toEqual(['conditions', 'interior']);
    expect(Object.keys(plain.sampling)).toEqual(['interior', 'conditions', 'method', 'resampleEvery']);
  });

  test.each<[string, Partial<PinnSpecInput>, string, string]>([
    [
      'causal without t',
      {
        domain: { y: [0, 1], x: [-1, 1] },
        equations: ['u_y = u_xx'],
        conditions: [{ on: 'boundary', equation: 'u = 0' }],
        exact: undefined,
        weights: { pointwise: { name: 'causal' } },
      } as never,
      '/weights/pointwise',
      'causal weights need the coordinate t, got y, x',
    ],
    [
      'more chunks than points',
      { sampling: { interior: 20 }, weights: { pointwise: { name: 'causal' } } },
      '/weights/pointwise/chunks',
      'expected at most the 20 points inside, got 32',
    ],
    [
      'ε that does not rise',
      { weights: { pointwise: { name: 'causal', epsilon: [0.1, 1, 1] } } },
      '/weights/pointwise/epsilon',
      'expected ascending values, got 0.1, 1, 1',
    ],
    [
      'sa with fresh points',
      { sampling: { resampleEvery: 10 }, weights: { pointwise: { name: 'sa' } } },
      '/weights/pointwise',
      '"sa" gives every point a memory and needs points that stay, got sampling.resampleEvery 10',
    ],
    [
      'rba with points that follow the residual',
      { sampling: { adaptive: { name: 'rad' } }, weights: { pointwise: { name: 'rba' } } },
      '/weights/pointwise',
      '"rba" gives every point a memory and needs points that stay, got sampling.adaptive "rad"',
    ],
    [
      'fresh and adaptive points',
      { sampling: { resampleEvery: 10, adaptive: { name: 'r3' } } },
      '/sampling/resampleEvery',
      'expected 0 beside adaptive points, which change by themselves, got 10',
    ],
    [
      'a pool that is too small for rad',
      { sampling: { interior: 200, adaptive: { name: 'rad', pool: 100 } } },
      '/sampling/adaptive/pool',
      'expected at least the 200 points inside, got 100',
    ],
    [
      'a pool that is too small for rar',
      { sampling: { interior: 200, adaptive: { name: 'rar', pool: 9 } } },
      '/sampling/adaptive/pool',
      'expected at least the 10 points that come in at a time, got 9',
    ],
    [
      'more points at a time than altogether',
      { sampling: { adaptive: { name: 'rar', add: 0.2, share: 0.1 } } },
      '/sampling/adaptive/add',
      'expected at most the share of 0.1, got 0.2',
    ],
    [
      'freezing points that never change',
      { sampling: { freezeAfter: 10 } },
      '/sampling/freezeAfter',
      'the points never change: expected sampling.adaptive or sampling.resampleEvery beside it',
    ],
    [
      'freezing weights that never change',
      { weights: { freezeAfter: 10 } },
      '/weights/freezeAfter',
      'the weights never change: expected weights.adaptive or weights.pointwise beside it',
    ],
  ])('%s', (_, change, pointer, detail) => {
    expect(faultsOf({ ...burgers, ...change })).toEqual({ [pointer]: detail });
  });

  test('self-adaptive weights rest once the first Adam phases of a chain have ended', () => {
    const freezeOf = (optimizer: PinnSpecInput['optimizer'], weights = {}) =>
      compileProblem({ ...burgers, optimizer, weights: { pointwise: { name: 'sa' }, ...weights } }).spec.weights
        .freezeAfter;
    const adam = { optimizer: { name: 'adam' }, steps: 300 } as const;
    const chain = {
      name: 'phases',
      phases: [adam, adam, { optimizer: { name: 'ssbroyden' }, steps: 5 }, adam],
    } as const;
    expect(freezeOf(chain as never)).toBe(600);
    expect(freezeOf(chain as never, { freezeAfter: 50 })).toBe(50);
    expect(freezeOf(chain as never, { pointwise: { name: 'rba' } })).toBeUndefined();
    expect(freezeOf({ name: 'adam' })).toBeUndefined();
  });

  test('weights that change all the time under L-BFGS give a warning', () => {
    const warningsOf = (weights: PinnSpecInput['weights'], name: 'lbfgs' | 'kfac' = 'lbfgs') =>
      compileProblem({ ...burgers, optimizer: { name }, weights }).warnings;
    expect(warningsOf({ pointwise: { name: 'rba' } })).toEqual([
      'lbfgs forgets its history whenever weights change, and weights.pointwise changes them every step: raise weights.pointwise.every or set weights.freezeAfter',
    ]);
    expect(warningsOf({ adaptive: { name: 'ntk', every: 5 } })[0]).toContain(
      'weights.adaptive changes them every 5 steps',
    );
    expect(warningsOf({ adaptive: { name: 'ntk' } })).toEqual([]);
    expect(warningsOf({ pointwise: { name: 'rba' }, freezeAfter: 100 })).toEqual([]);
    expect(warningsOf({ pointwise: { name: 'rba' } }, 'kfac')).toEqual([]);
  });

  test('the estimate of memory contains pool and multipliers', () => {
    const bytesOf = (change: Partial<PinnSpecInput>) => compileProblem({ ...burgers, ...change }).bytes;
    const plain = bytesOf({});
    const { sampling } = burgers;
    const withPool = (pool: number) => bytesOf({ sampling: { ...sampling, adaptive: { name: 'rad', pool } } });
    // Coordinates twice, residuals, squares, probabilities, clocks and their order.
    expect(withPool(900_000) - withPool(100_000)).toBeGreaterThanOrEqual(800_000 * (8 * 2 * 2 + 4 * 8 + 4));
    expect(bytesOf({ weights: { pointwise: { name: 'sa' } } }) - plain).toBeGreaterThanOrEqual(110 * 3 * 8);
  });
});

describe('oracle pinn §8.20: resume is bit for bit', () => {
  const { sampling } = burgers;
  const pool = 300;
  test.each<[string, Partial<PinnSpecInput>]>([
    ['gauss-newton: grad-norm', { weights: { adaptive: { name: 'grad-norm', every: 4 } } }],
    ['kfac: ntk', { weights: { adaptive: { name: 'ntk', every: 4 } } }],
    ['ssbroyden: relobralo', { weights: { adaptive: { name: 'relobralo', lookback: 0.5 } } }],
    ['spring: balanced', { weights: { adaptive: { name: 'balanced' } } }],
    ['adam: sa', { weights: { pointwise: { name: 'sa' } } }],
    ['adam: sa, logistic', { weights: { pointwise: { name: 'sa', mask: 'logistic' } } }],
    ['kfac-pcg: rba', { weights: { pointwise: { name: 'rba' } } }],
    ['gauss-newton: causal', { weights: { pointwise: { name: 'causal', epsilon: [1e-6, 1e-5, 0.5], chunks: 8 } } }],
    ['lbfgs: ntk', { weights: { adaptive: { name: 'ntk', every: 10 } } }],
    ['gauss-newton: rar', { sampling: { ...sampling, adaptive: { name: 'rar', every: 3, pool } } }],
    ['kfac: rad', { sampling: { ...sampling, adaptive: { name: 'rad', every: 5, pool } } }],
    ['ssbroyden: r3', { sampling: { ...sampling, adaptive: { name: 'r3', every: 5 } } }],
    [
      'engd: rad, ntk and causal weights at once, until they freeze',
      {
        sampling: { ...sampling, adaptive: { name: 'rad', every: 5, pool }, freezeAfter: 25 },
        weights: { adaptive: { name: 'ntk', every: 3 }, pointwise: { name: 'causal', chunks: 8 }, freezeAfter: 28 },
      },
    ],
    [
      'hessian-free: a system with grad-norm and r3',
      {
        unknowns: ['u', 'v'],
        equations: ['u_t + v = u_xx', 'v_t = u*v'],
        conditions: [
          { on: 't = 0', equation: 'u = sin(x)' },
          { on: 'x = -1', equation: 'v_x = u' },
        ],
        exact: undefined,
        sampling: { ...sampling, adaptive: { name: 'r3', every: 5 } },
        weights: { adaptive: { name: 'grad-norm', every: 6 } },
      } as never,
    ],
  ])('%s', async (label, change) => {
    const name = label.split(':')[0] as 'kfac';
    const spec: PinnSpecInput = { ...burgers, optimizer: { name }, stop: { steps: 33 }, ...change };
    const whole = await solve(spec, { engine: selectEngine({ threads: 1 }) });
    expect(whole.status).toBe('finished');
    const controller = new AbortController();
    let checkpoint: Uint8Array | undefined;
    await solve(spec, {
      signal: controller.signal,
      onProgress: ({ step }) => step === 17 && controller.abort(),
      onCheckpoint: (bytes) => (checkpoint = bytes),
    });
    const resumed = await solve(spec, { resume: checkpoint!, engine: selectEngine({ threads: 3 }) });
    expect(resumed.network.parameters).toEqual(whole.network.parameters);
    expect(resumed.terms).toEqual(whole.terms);
    const withoutTime = (solution: typeof whole) =>
      solution.history.map(({ seconds: _seconds, 'time/total': __, ...row }) => row);
    expect(withoutTime(resumed)).toEqual(withoutTime(whole));
  });
});

describe('what follows the training', () => {
  test('changes it, and stays once frozen', async () => {
    const lossesOf = async (change: Partial<PinnSpecInput>) => {
      const { history } = await solve({ ...burgers, optimizer: { name: 'engd' }, stop: { steps: 12 }, ...change });
      return history.map((row) => row['loss']!);
    };
    const { sampling } = burgers;
    const adaptive = { name: 'rad', every: 3, pool: 300 } as const;
    const fixed = await lossesOf({});
    const moving = await lossesOf({ sampling: { ...sampling, adaptive } });
    const frozen = await lossesOf({ sampling: { ...sampling, adaptive, freezeAfter: 3 } });
    const once = await lossesOf({ sampling: { ...sampling, adaptive, freezeAfter: 6 } });
    expect(moving.slice(0, 3)).toEqual(fixed.slice(0, 3));
    expect(moving[3]).not.toBe(fixed[3]);
    expect(frozen).toEqual(fixed);
    expect(once.slice(0, 6)).toEqual(moving.slice(0, 6));
    expect(once[6]).not.toBe(moving[6]);
    const fresh = await lossesOf({ sampling: { ...sampling, resampleEvery: 3 } });
    const freshOnce = await lossesOf({ sampling: { ...sampling, resampleEvery: 3, freezeAfter: 6 } });
    expect(freshOnce.slice(0, 6)).toEqual(fresh.slice(0, 6));
    expect(freshOnce[6]).not.toBe(fresh[6]);
  });
});

describe('what it brings', () => {
  test('points by RAD beat fixed ones on Burgers’ equation, by a factor 4 in the mean over four seeds', async () => {
    const errorOf = async (seed: number, adaptive?: { name: 'rad'; every: number; pool: number }) => {
      const { relativeL2 } = await solve({
        ...burgers,
        network: { hidden: [16, 16] },
        optimizer: { name: 'gauss-newton' },
        sampling: { interior: 400, conditions: 120, method: 'uniform', ...(adaptive && { adaptive }) },
        stop: { steps: 150 },
        seed,
      });
      return relativeL2['u']!;
    };
    let product = 1;
    for (const seed of [1, 2, 3, 4]) {
      const fixed = await errorOf(seed);
      const adapted = await errorOf(seed, { name: 'rad', every: 10, pool: 10_000 });
      expect(adapted).toBeLessThan(fixed);
      product *= fixed / adapted;
    }
    expect(product ** (1 / 4)).toBeGreaterThan(4);
  });

  test('causal weights find the way out of an unstable state', async () => {
    const isSolved = async (seed: number, pointwise?: { name: 'causal'; epsilon: number }) => {
      const { relativeL2 } = await solve({
        domain: { t: [0, 3] },
        equations: ['u_t = 5*(u - u^3)'],
        conditions: [{ on: 't = 0', equation: 'u = 0.05' }],
        exact: { u: '1/sqrt(1 + (1/0.05^2 - 1)*exp(-10*t))' },
        network: { hidden: [16] },
        sampling: { interior: 128, conditions: 1 },
        optimizer: { name: 'gauss-newton' },
        weights: { ...(pointwise && { pointwise }) },
        stop: { steps: 300 },
        seed,
      });
      return relativeL2['u']! < 1e-3;
    };
    let plain = 0;
    let causal = 0;
    for (let seed = 1; seed <= 8; seed++) {
      if (await isSolved(seed)) plain += 1;
      if (await isSolved(seed, { name: 'causal', epsilon: 30 })) causal += 1;
    }
    expect(plain).toBeLessThanOrEqual(2);
    expect(causal).toBeGreaterThanOrEqual(6);
  });
});
