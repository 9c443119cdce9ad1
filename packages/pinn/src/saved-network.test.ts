import { expect, test } from 'vitest';
import { loadSolution } from './load-solution.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const spec: PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1] },
  equations: ['u_t = u_xx/4'],
  conditions: [
    { on: 'x = 0 or x = 1', equation: 'u = 0' },
    { on: 't = 0', equation: 'u = sin(pi*x)' },
  ],
  exact: { u: 'exp(-pi^2*t/4)*sin(pi*x)' },
  network: { hidden: [10] },
  sampling: { interior: 200, conditions: 60 },
  stop: { steps: 50 },
};
const first = await solve(spec);
const saved = JSON.parse(new TextDecoder().decode(first.export('json')));

test('training goes on from a saved network, with another optimizer, weights and points', async () => {
  const other: PinnSpecInput = {
    ...spec,
    optimizer: { name: 'kfac' },
    weights: { interior: 0.5, conditions: 3 },
    sampling: { interior: 300, conditions: 90, method: 'halton' },
    seed: 7,
    stop: { steps: 1 },
  };
  const next = await solve(other, { startFrom: saved });
  const fresh = await solve(other);
  expect(next.history[0]!['loss']).toBeLessThan(1e-2 * fresh.history[0]!['loss']!);
  expect(next.report.startHash).toMatch(/^[0-9a-f]{64}$/);
  expect(fresh.report.startHash).toBeUndefined();
});

test('its first loss is the last one of the training before, to the bit', async () => {
  const longer = await solve({ ...spec, stop: { steps: 51 } });
  const next = await solve({ ...spec, stop: { steps: 1 } }, { startFrom: saved });
  expect(next.history[0]!['loss']).toBe(longer.history[50]!['loss']);
});

test('nothing is fitted anew: a least-squares start gives way to the saved parameters', async () => {
  const next = await solve(
    { ...spec, network: { hidden: [10], lastLayer: 'least-squares' }, stop: { steps: 1 } },
    { startFrom: first.network },
  );
  const plain = await solve({ ...spec, stop: { steps: 1 } }, { startFrom: first.network });
  expect(next.network.parameters).toEqual(plain.network.parameters);
});

test('a checkpoint of a training that began so goes on without it, bit for bit', async () => {
  const checkpoints: Uint8Array[] = [];
  const abort = new AbortController();
  await solve(
    { ...spec, stop: { steps: 6 } },
    {
      startFrom: saved,
      signal: abort.signal,
      onProgress: ({ step }) => step === 3 && abort.abort(),
      onCheckpoint: (bytes) => checkpoints.push(bytes),
    },
  );
  const resumed = await solve({ ...spec, stop: { steps: 6 } }, { resume: checkpoints.at(-1)! });
  const whole = await solve({ ...spec, stop: { steps: 6 } }, { startFrom: saved });
  expect(resumed.network.parameters).toEqual(whole.network.parameters);
});

test.each([
  [{ network: { hidden: [12] } }, '/sizes/1: 10 there, 12 here'],
  [{ network: { hidden: [10, 10] } }, '/sizes'],
  [{ network: { hidden: [10], activation: 'sin' as const } }, '/activation: "tanh" there, "sin" here'],
  [
    { network: { hidden: [10], embedding: { type: 'periodic' as const, coordinates: ['x'] } } },
    '/embedding: absent there',
  ],
  [
    {
      domain: { t: [0, 1], z: [0, 1] },
      equations: ['u_t = u_zz'],
      conditions: [{ on: 't = 0', equation: 'u = z' }],
      exact: { u: 'z' },
    } as Partial<PinnSpecInput>,
    '/coordinates/1: "x" there, "z" here',
  ],
  [
    {
      unknowns: ['w'],
      equations: ['w_t = w_xx'],
      conditions: [{ on: 't = 0', equation: 'w = x' }],
      exact: { w: 'x' },
    } as Partial<PinnSpecInput>,
    '/unknowns/0: "u" there, "w" here',
  ],
])('a network that does not match is refused with what differs: %j', async (change, expected) => {
  await expect(solve({ ...spec, ...change }, { startFrom: saved })).rejects.toMatchObject({
    code: 'KFAC_NETWORK',
    message: expect.stringContaining(expected),
  });
});

test.each([
  [null, 'expected a saved network'],
  [[1, 2], 'expected a saved network'],
  [{ ...saved, parameters: saved.parameters.slice(1) }, 'expected 41 parameters, the saved network has 40'],
  [{ ...saved, parameters: saved.parameters.map(() => null) }, 'a list of finite numbers'],
  [{ ...saved, parameters: 'AAAA' }, 'a list of finite numbers'],
])('what is no network is refused', async (broken, expected) => {
  await expect(solve(spec, { startFrom: broken as never })).rejects.toMatchObject({
    code: 'KFAC_NETWORK',
    message: expect.stringContaining(expected),
  });
});

test('of an ansatz the constants in it must be the same, others may differ', async () => {
  const withAnsatz = (constants: Record<string, number>): PinnSpecInput => ({
    ...spec,
    constants,
    equations: ['u_t = k*u_xx'],
    ansatz: { u: { offset: 'sin(a*pi*x)', factor: 't*x*(1 - x)' } },
    stop: { steps: 1 },
  });
  const begun = await solve(withAnsatz({ k: 0.25, a: 1 }));
  const saved = JSON.parse(new TextDecoder().decode(begun.export('json')));
  expect(saved.constants).toEqual({ a: 1 });
  const next = await solve(withAnsatz({ k: 0.3, a: 1 }), { startFrom: saved });
  expect(next.report.startHash).toBeDefined();
  await expect(solve(withAnsatz({ k: 0.25, a: 2 }), { startFrom: saved })).rejects.toThrow(
    '/constants/a: 1 there, 2 here',
  );
});

test('a solution is loaded from its two files and is the one that was trained', () => {
  const loaded = loadSolution(JSON.parse(JSON.stringify(first)), saved);
  const points = [
    [0.3, 0.4],
    [1, 0.9],
  ];
  expect(loaded.evaluate(points, ['u_xx'])).toEqual(first.evaluate(points, ['u_xx']));
  expect(loaded.difference(first)).toMatchObject({ rms: { u: 0 }, relativeL2: { u: 0 }, max: { u: 0 } });
  expect(loaded.export('js')).toEqual(first.export('js'));
});
