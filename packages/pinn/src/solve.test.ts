import { ACTIVATIONS, KfacError, type Progress, type Snapshot, selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { SAMPLING_METHODS } from './sampling/methods.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const line = { sampling: { interior: 60, conditions: 10 }, network: { hidden: [16] } } satisfies Partial<PinnSpecInput>;

describe('equations with a known solution', () => {
  const problems: [string, PinnSpecInput, number][] = [
    [
      'first order',
      {
        domain: { x: [0, 2] },
        equations: ['u_x = -u'],
        conditions: [{ on: 'x = 0', equation: 'u = 1' }],
        exact: { u: 'exp(-x)' },
      },
      1e-6,
    ],
    [
      'an oscillator with both initial values, time as the only coordinate',
      {
        domain: { t: [0, 3] },
        equations: ['u_tt = -u'],
        conditions: [
          { on: 't = 0', equation: 'u = 0' },
          { on: 't = 0', equation: 'u_t = 1' },
        ],
        exact: { u: 'sin(t)' },
      },
      1e-5,
    ],
    [
      'a boundary value problem with x-dependent coefficients',
      {
        domain: { x: [1, 2] },
        equations: ['x^2*u_xx + x*u_x - u = 3*x^2'],
        conditions: [{ on: 'boundary', equation: 'u = x^2' }],
        exact: { u: 'x^2' },
      },
      1e-5,
    ],
    [
      'a Neumann condition',
      {
        domain: { x: [0, 1] },
        equations: ['-u_xx = pi^2/4*sin(pi*x/2)'],
        conditions: [
          { on: 'x = 0', equation: 'u = 0' },
          { on: 'x = 1', equation: 'u_x = 0' },
        ],
        exact: { u: 'sin(pi*x/2)' },
      },
      1e-5,
    ],
    [
      'a nonlinear equation (Riccati)',
      {
        domain: { x: [0, 1] },
        equations: ['u_x = 1 + u^2'],
        conditions: [{ on: 'x = 0', equation: 'u = 0' }],
        exact: { u: 'tan(x)' },
      },
      1e-5,
    ],
    [
      'second derivatives that enter nonlinearly, a mixed one among them',
      {
        domain: { x: [0, 1], y: [0, 1] },
        equations: ['u_xx + u_yy + (u_xx*u_yy - u_xy^2)/10 = exp(x)*y - exp(2*x)/10'],
        conditions: [{ on: 'boundary', equation: 'u = exp(x)*y' }],
        exact: { u: 'exp(x)*y' },
        sampling: { interior: 150, conditions: 60 },
        network: { hidden: [24] },
      },
      1e-3,
    ],
    [
      'a mixed derivative and an unknown of another name',
      {
        domain: { x: [0, 1], y: [0, 1] },
        unknowns: ['w'],
        equations: ['w_xy = cos(x + y)*c'],
        constants: { c: -1 },
        conditions: [
          { on: 'x = 0', equation: 'w = cos(y)' },
          { on: 'y = 0', equation: 'w_x = -sin(x)' },
        ],
        exact: { w: 'cos(x + y)' },
        sampling: { interior: 100, conditions: 40 },
      },
      1e-4,
    ],
  ];

  test.each(problems)('%s', async (_, spec, tolerance) => {
    const unknown = spec.unknowns?.[0] ?? 'u';
    const solution = await solve({ ...line, ...spec, stop: { steps: 150, relativeL2: tolerance } });
    expect(solution.warnings).toEqual([]);
    expect(solution.status).toBe('finished');
    expect(solution.stopReason).toBe('relativeL2');
    expect(solution.relativeL2[unknown]).toBeLessThan(tolerance);
    expect(solution.optimizer.name).toBe('gauss-newton');
  });

  test.each([
    ['kfac', 120],
    ['adam', 1200],
  ] as const)('by %s', async (name, steps) => {
    const optimizer = name === 'adam' ? { name, learningRate: 1e-2 } : { name };
    const [, spec] = problems[0]!;
    const solution = await solve({ ...line, ...spec, optimizer, stop: { steps } });
    expect(solution.stopReason).toBe('steps');
    expect(solution.relativeL2['u']).toBeLessThan(1e-2);
  });

  test('in single precision', async () => {
    const [, spec] = problems[0]!;
    const solution = await solve({ ...line, ...spec, precision: 'f32', stop: { steps: 120 } });
    expect(solution.relativeL2['u']).toBeLessThan(1e-3);
  });

  test('with fresh points every few steps', async () => {
    const [, spec] = problems[0]!;
    const solution = await solve({
      ...spec,
      network: { hidden: [16] },
      sampling: { interior: 60, conditions: 1, resampleEvery: 5 },
      optimizer: { name: 'kfac' },
      stop: { steps: 100 },
    });
    expect(solution.relativeL2['u']).toBeLessThan(2e-2);
  });
});

const decay: PinnSpecInput = {
  ...line,
  domain: { x: [0, 1] },
  equations: ['u_x = -u'],
  conditions: [{ on: 'x = 0', equation: 'u = 1' }],
  exact: { u: 'exp(-x)' },
};

test.each([{ name: 'engd-w' }, { name: 'spring', momentum: 0.5 }] as const)(
  'fewer points than parameters, in the space of the samples: $name',
  async (optimizer) => {
    const solution = await solve({
      domain: { x: [0, 1], y: [0, 1] },
      equations: ['-laplacian(u) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
      conditions: [{ on: 'boundary', equation: 'u = 0' }],
      exact: { u: 'sin(pi*x)*sin(pi*y)' },
      network: { hidden: [32, 32] },
      sampling: { interior: 200, conditions: 60 },
      optimizer,
      stop: { steps: 200, relativeL2: 1e-3 },
    });
    expect(solution.report.parameters).toBeGreaterThan(260);
    expect(solution.stopReason).toBe('relativeL2');
  },
);

test.each([
  ['ssbroyden', 300, 1e-2],
  ['ssbfgs', 300, 1e-2],
  ['lbfgs', 300, 5e-2],
] as const)('by %s to where Adam is not after ten times the steps', async (name, steps, relativeL2) => {
  const spec: PinnSpecInput = {
    domain: { x: [0, 1], y: [0, 1] },
    equations: ['-laplacian(u) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
    conditions: [{ on: 'boundary', equation: 'u = 0' }],
    exact: { u: 'sin(pi*x)*sin(pi*y)' },
    network: { hidden: [16] },
    sampling: { interior: 200, conditions: 60 },
    stop: { steps, relativeL2 },
  };
  const solution = await solve({ ...spec, optimizer: { name } });
  expect(solution.stopReason).toBe('relativeL2');
  const adam = await solve({
    ...spec,
    optimizer: { name: 'adam', learningRate: 1e-2 },
    stop: { steps: 10 * steps, relativeL2 },
  });
  expect(adam.stopReason).toBe('steps');
});

describe('Gauss-Newton systems by conjugate gradients and with fixed damping, on P2', () => {
  const poisson: PinnSpecInput = {
    domain: { x: [0, 1], y: [0, 1] },
    equations: ['-laplacian(u) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
    conditions: [{ on: 'boundary', equation: 'u = 0' }],
    exact: { u: 'sin(pi*x)*sin(pi*y)' },
    network: { hidden: [32] },
    sampling: { interior: 300, conditions: 80 },
  };

  test.each([{ name: 'kfac-pcg' }, { name: 'hessian-free' }, { name: 'engd' }, { name: 'engd', decay: 0.3 }] as const)(
    '$name',
    async (optimizer) => {
      const solution = await solve({ ...poisson, optimizer, stop: { steps: 120, relativeL2: 2e-3 } });
      expect(solution.stopReason).toBe('relativeL2');
    },
  );

  test('in ten times the steps a first-order method does not come there', async () => {
    const optimizer = { name: 'adam', learningRate: 5e-3 } as const;
    const solution = await solve({ ...poisson, optimizer, stop: { steps: 1200, relativeL2: 2e-3 } });
    expect(solution.stopReason).toBe('steps');
  });
});

describe('phases', () => {
  const spec: PinnSpecInput = {
    domain: { x: [0, 2] },
    equations: ['u_x = -u'],
    conditions: [{ on: 'x = 0', equation: 'u = 1' }],
    exact: { u: 'exp(-x)' },
    ...line,
    optimizer: {
      name: 'phases',
      phases: [
        { optimizer: { name: 'adam', learningRate: 1e-2 }, steps: 20 },
        { optimizer: { name: 'ssbroyden' }, steps: 30 },
        { optimizer: { name: 'gauss-newton' } },
      ],
    },
  };

  test('each takes its steps; Adam anneals over its own; the loss is weighed as Gauss-Newton needs it', async () => {
    const solution = await solve({ ...spec, stop: { steps: 200, relativeL2: 1e-5 } });
    expect(solution.stopReason).toBe('relativeL2');
    expect(solution.report.spec.weights.interior).toBe(0.1);
    expect(solution.report.spec.optimizer).toMatchObject({ phases: [{ optimizer: { schedule: 'cosine' } }, {}, {}] });
    const phases = solution.history.map((row) => row['opt/phase']);
    expect(phases.slice(0, 51)).toEqual([...Array(20).fill(1), ...Array(30).fill(2), 3]);
  });

  test('the last one ends the training', async () => {
    const { optimizer } = spec as { optimizer: { phases: object[] } };
    const two = { name: 'phases', phases: [optimizer.phases[0], { ...optimizer.phases[1], steps: 5 }] };
    const solution = await solve({ ...spec, optimizer: two as PinnSpecInput['optimizer'], stop: { steps: 100 } });
    expect([solution.steps, solution.stopReason]).toEqual([25, 'phases']);
  });

  test('resume in the middle of a phase is bit for bit', async () => {
    const whole = await solve({ ...spec, stop: { steps: 60 } });
    const controller = new AbortController();
    let checkpoint: Uint8Array | undefined;
    await solve(
      { ...spec, stop: { steps: 60 } },
      {
        signal: controller.signal,
        onProgress: ({ step }) => step === 33 && controller.abort(),
        onCheckpoint: (bytes) => {
          checkpoint = bytes;
        },
      },
    );
    const resumed = await solve({ ...spec, stop: { steps: 60 } }, { resume: checkpoint! });
    expect(resumed.network.parameters).toEqual(whole.network.parameters);
  });
});

describe('systems', () => {
  const oscillator: PinnSpecInput = {
    domain: { t: [0, 3] },
    unknowns: ['u', 'v'],
    equations: ['u_t = v', 'v_t = -u'],
    conditions: [
      { on: 't = 0', equation: 'u = 1' },
      { on: 't = 0', equation: 'v = 0' },
    ],
    exact: { u: 'cos(t)', v: '-sin(t)' },
    network: { hidden: [20] },
    sampling: { interior: 60, conditions: 2 },
  };

  test.each<[PinnSpecInput['optimizer'], number, number]>([
    [{ name: 'gauss-newton' }, 150, 1e-6],
    [{ name: 'spring' }, 150, 1e-3],
    [{ name: 'engd-w' }, 150, 1e-3],
    [{ name: 'kfac' }, 300, 1e-2],
    [{ name: 'adam', learningRate: 1e-2 }, 2000, 3e-2],
  ])('an oscillator by $name', async (optimizer, steps, bound) => {
    const { warnings, stopReason, relativeL2 } = await solve({
      ...oscillator,
      optimizer,
      stop: { steps, relativeL2: bound },
    });
    expect(warnings).toEqual([]);
    expect(stopReason).toBe('relativeL2');
    expect(relativeL2['u']).toBeLessThan(bound);
    expect(relativeL2['v']).toBeLessThan(bound);
  });

  test('report, history and network name the unknowns and the equations', async () => {
    const solution = await solve({ ...oscillator, stop: { steps: 5 } });
    expect(Object.keys(solution.rmse)).toEqual(['u', 'v']);
    expect(Object.keys(solution.terms)).toEqual(['interior/1', 'interior/2', 'conditions']);
    expect(Object.values(solution.terms).reduce((a, b) => a + b, 0)).toBe(solution.loss);
    const last = solution.history.at(-1)!;
    expect(last).toMatchObject({
      'pinn/rmse/u': solution.rmse['u'],
      'pinn/rel_l2/v': solution.relativeL2['v'],
      'pinn/interior/2': solution.terms['interior/2'],
    });
    expect(last).not.toHaveProperty('pinn/rmse');
    expect(solution.network).toMatchObject({ unknowns: ['u', 'v'], sizes: [1, 20, 2] });
    const { u, v, v_t: slope } = solution.evaluate([[1], [2]], ['v_t']);
    expect([u, v, slope].map((values) => values!.length)).toEqual([2, 2, 2]);
    // Norms of cos and sin on [0, 3] divide the same errors.
    const norm = (sign: number): number => Math.sqrt(0.5 + (sign * Math.sin(6)) / 12);
    expect(solution.rmse['u']! / solution.relativeL2['u']!).toBeCloseTo(norm(1), 1);
    expect(solution.rmse['v']! / solution.relativeL2['v']!).toBeCloseTo(norm(-1), 1);
  });

  test('predators and prey (Lotka-Volterra) against Runge-Kutta', async () => {
    const solution = await solve({
      domain: { t: [0, 4] },
      unknowns: ['prey', 'predators'],
      equations: ['prey_t = prey - prey*predators', 'predators_t = prey*predators - predators'],
      conditions: [
        { on: 't = 0', equation: 'prey = 1.5' },
        { on: 't = 0', equation: 'predators = 1' },
      ],
      network: { hidden: [24] },
      sampling: { interior: 120, conditions: 2 },
      stop: { steps: 200 },
    });
    const slope = ([a, b]: readonly [number, number]): [number, number] => [a - a * b, a * b - b];
    const h = 1e-3;
    let y: [number, number] = [1.5, 1];
    const moved = (k: readonly [number, number], by: number): [number, number] => [y[0] + by * k[0], y[1] + by * k[1]];
    for (let step = 0; step < 4000; step++) {
      const k1 = slope(y);
      const k2 = slope(moved(k1, h / 2));
      const k3 = slope(moved(k2, h / 2));
      const k4 = slope(moved(k3, h));
      y = moved([0, 1].map((i) => (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!) / 6) as [number, number], h);
    }
    const end = solution.evaluate([[4]]);
    expect(Math.abs(end['prey']![0]! - y[0])).toBeLessThan(1e-4);
    expect(Math.abs(end['predators']![0]! - y[1])).toBeLessThan(1e-4);
  });
});

describe('what a solution says', () => {
  test('the report is whole, adds up, and is plain JSON', async () => {
    const notes: string[] = [];
    const progress: Progress[] = [];
    const snapshots: Snapshot[] = [];
    const solution = await solve(
      { ...decay, stop: { steps: 23 } },
      {
        onNote: (note) => notes.push(note),
        onProgress: (point) => progress.push(point),
        onSnapshot: (snapshot) => snapshots.push(snapshot),
      },
    );
    const report = JSON.parse(JSON.stringify(solution)) as Record<string, unknown>;
    expect(Object.keys(report).toSorted()).toEqual([
      'bitExact',
      'conditions',
      'engine',
      'estimates',
      'hash',
      'history',
      'kind',
      'loss',
      'optimizer',
      'parameters',
      'relativeL2',
      'residuals',
      'rmse',
      'seconds',
      'spec',
      'status',
      'steps',
      'stopReason',
      'terms',
      'warnings',
    ]);
    expect(report).toMatchObject({
      kind: 'pinn',
      status: 'finished',
      stopReason: 'steps',
      steps: 23,
      parameters: 49,
      bitExact: true,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(solution.terms['interior']! + solution.terms['conditions']!).toBe(solution.loss);
    const norm = Math.sqrt((1 - Math.exp(-2)) / 2);
    expect(solution.rmse['u']! / solution.relativeL2['u']!).toBeCloseTo(norm, 1);

    const evaluated = solution.history.filter((row) => row['pinn/rmse'] !== undefined).map((row) => row['step']);
    expect(evaluated).toEqual([1, 2, 5, 10, 15, 20, 23]);
    expect(solution.history.at(-1)).toMatchObject({
      'pinn/rmse': solution.rmse['u'],
      'pinn/interior': solution.terms['interior'],
    });
    expect(progress.map(({ step }) => step)).toEqual(Array.from({ length: 23 }, (_, k) => k + 1));
    expect(snapshots.at(-1)!.fields.map(({ name }) => name)).toEqual(['u', 'residual', 'exact', 'error']);
    expect(notes[0]).toMatch(/optimizer gauss-newton \(auto: 49 parameters/);
    expect(solution.network).toMatchObject({ type: 'mlp', coordinates: ['x'], sizes: [1, 16, 1], activation: 'tanh' });
    expect(Math.abs(solution.evaluate([[0.5]], ['u_x'])['u_x']![0]! + Math.exp(-0.5))).toBeLessThan(1e-2);
    expect(solution.fields(3)[0]!.values).toHaveLength(3);
  });

  test('without an exact solution errors are empty, not wrong', async () => {
    const { exact: _, ...rest } = decay;
    const solution = await solve({ ...rest, stop: { steps: 2 } });
    expect([solution.rmse, solution.relativeL2]).toEqual([{}, {}]);
    expect(solution.history[0]).not.toHaveProperty('pinn/rmse');
  });

  test('a wrong exact solution is a note and a warning, and training goes on', async () => {
    const notes: string[] = [];
    const solution = await solve(
      { ...decay, exact: { u: '1 - x' }, stop: { steps: 2 } },
      { onNote: (note) => notes.push(note) },
    );
    expect(solution.warnings[0]).toMatch(/does not satisfy the equation "u_x = -u": residual up to/);
    expect(notes).toContain(`warning: ${solution.warnings[0]}`);
    expect(solution.status).toBe('finished');
  });

  test('stop rules: loss', async () => {
    const solution = await solve({ ...decay, stop: { loss: 1e-4, steps: 500 } });
    expect(solution.stopReason).toBe('loss');
    expect(solution.loss).toBeLessThanOrEqual(1e-4);
  });

  test('a faulty specification throws before anything starts', async () => {
    await expect(solve({ ...decay, equations: ['u_x = 2u'] })).rejects.toThrow(KfacError);
  });

  test('a raised signal ends it as cancelled, with a checkpoint', async () => {
    const controller = new AbortController();
    let checkpoint: Uint8Array | undefined;
    const solution = await solve(
      { ...decay, stop: { steps: 100_000 } },
      {
        signal: controller.signal,
        onProgress: ({ step }) => step === 7 && controller.abort(),
        onCheckpoint: (bytes) => (checkpoint = bytes),
      },
    );
    expect([solution.status, solution.stopReason, solution.steps]).toEqual(['cancelled', 'cancelled', 7]);
    expect(checkpoint).toBeInstanceOf(Uint8Array);
  });
});

test.each(SAMPLING_METHODS)('%s points, inside and on the boundary, lead to the solution', async (method) => {
  const { relativeL2 } = await solve({
    domain: { x: [0, 1], y: [0, 2] },
    equations: ['laplacian(u) = 2'],
    conditions: [{ on: 'boundary', equation: 'u = x^2 + x*y' }],
    exact: { u: 'x^2 + x*y' },
    network: { hidden: [16] },
    sampling: { interior: 200, conditions: 100, method },
    stop: { steps: 200 },
  });
  expect(relativeL2['u']).toBeLessThan(1e-7);
});

describe('networks', () => {
  const heat = {
    domain: { t: [0, 1], x: [0, 1] },
    equations: ['u_t = u_xx/4'],
    conditions: [
      { on: 'x = 0 or x = 1', equation: 'u = 0' },
      { on: 't = 0', equation: 'u = sin(pi*x)' },
    ],
    exact: { u: 'exp(-pi^2*t/4)*sin(pi*x)' },
    sampling: { interior: 200, conditions: 60 },
    optimizer: { name: 'gauss-newton' },
  } satisfies PinnSpecInput;

  test.each(ACTIVATIONS)('the heat equation with %s, two hidden layers', async (activation) => {
    const solution = await solve({ ...heat, network: { hidden: [16, 16], activation }, stop: { steps: 120 } });
    expect(solution.network.activation).toBe(activation);
    expect(solution.relativeL2['u']).toBeLessThan(1e-3);
  });
});

describe('oracle pinn §8.20: resume is bit for bit', () => {
  const system: Partial<PinnSpecInput> = {
    unknowns: ['u', 'v'],
    equations: ['u_x = -v', 'v_xx = u'],
    conditions: [
      { on: 'x = 0', equation: 'u = 1' },
      { on: 'boundary', equation: 'v = exp(-x)' },
    ],
    exact: { u: 'exp(-x)', v: 'exp(-x)' },
  };
  test.each([
    ['gauss-newton', {}],
    ['kfac', {}],
    ['kfac with fresh points', { sampling: { ...line.sampling, resampleEvery: 7 } }],
    ['kfac-pcg', {}],
    ['kfac-pcg with fresh points', { sampling: { ...line.sampling, resampleEvery: 7 } }],
    ['hessian-free', {}],
    ['engd', {}],
    ['ssbroyden', {}],
    ['ssbroyden with fresh points', { sampling: { ...line.sampling, resampleEvery: 7 } }],
    ['ssbfgs', {}],
    ['lbfgs', {}],
    ['lbfgs with fresh points', { sampling: { ...line.sampling, resampleEvery: 7 } }],
    [
      'kfac with fresh points of another method',
      { sampling: { ...line.sampling, method: 'halton', resampleEvery: 7 } },
    ],
    ['gauss-newton with gelu', { network: { hidden: [16], activation: 'gelu' as const } }],
    ['adam', {}],
    ['gauss-newton for a system', system],
    ['kfac for a system', { ...system, sampling: { ...line.sampling, resampleEvery: 7 } }],
    ['spring for a system', system],
  ] as [string, Partial<PinnSpecInput>][])('%s', async (label, change) => {
    const name = label.split(' ')[0] as 'kfac';
    const spec: PinnSpecInput = { ...decay, optimizer: { name }, stop: { steps: 40 }, ...change };
    const whole = await solve(spec, { engine: selectEngine({ threads: 1 }) });
    const controller = new AbortController();
    let checkpoint: Uint8Array | undefined;
    await solve(spec, {
      signal: controller.signal,
      onProgress: ({ step }) => step === 17 && controller.abort(),
      onCheckpoint: (bytes) => (checkpoint = bytes),
    });
    const resumed = await solve(spec, { resume: checkpoint!, engine: selectEngine({ threads: 3 }) });
    expect(resumed.network.parameters).toEqual(whole.network.parameters);
    expect(resumed.report.bitExact).toBe(true);
    const withoutTime = (solution: typeof whole) =>
      solution.history.map(({ seconds: _seconds, 'time/total': __, ...row }) => row);
    expect(withoutTime(resumed)).toEqual(withoutTime(whole));
  });

  test('a checkpoint of another specification is refused', async () => {
    const controller = new AbortController();
    let checkpoint: Uint8Array | undefined;
    await solve(
      { ...decay, stop: { steps: 9 } },
      {
        signal: controller.signal,
        onProgress: () => controller.abort(),
        onCheckpoint: (bytes) => (checkpoint = bytes),
      },
    );
    await expect(solve({ ...decay, stop: { steps: 9 }, seed: 2 }, { resume: checkpoint! })).rejects.toMatchObject({
      code: 'KFAC_CHECKPOINT',
    });
    await expect(solve({ ...decay, stop: { steps: 9 } }, { resume: checkpoint!.slice(0, 100) })).rejects.toMatchObject({
      code: 'KFAC_CHECKPOINT',
    });
  });
});

test('a run whose numbers overflow ends as diverged with its last good state', async () => {
  const solution = await solve({
    ...line,
    domain: { x: [0, 1] },
    equations: ['u_x = exp(1000*x + 200*u)'],
    conditions: [{ on: 'x = 0', equation: 'u = 1' }],
    optimizer: { name: 'adam' },
    stop: { steps: 50 },
  });
  expect(solution.status).toBe('diverged');
  expect(solution.report.badStep).toBe(1);
  expect(solution.network.parameters.every(Number.isFinite)).toBe(true);
});
