import { selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from '../check.ts';
import { compileProblem, parsePinnSpec } from '../problem.ts';
import type { Solution } from '../solution.ts';
import { type SolveOptions, solve } from '../solve.ts';
import type { PinnSpecInput } from '../spec.ts';

/** A boundary layer of width ν at x = 1. */
const layer = {
  domain: { x: [0, 1] },
  constants: { nu: 0.02 },
  equations: ['u_x - nu*u_xx = 1'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  exact: { u: 'x - (exp((x - 1)/nu) - exp(-1/nu))/(1 - exp(-1/nu))' },
  network: { hidden: [8] },
  sampling: { interior: 60, conditions: 2 },
  stop: { steps: 34 },
} satisfies PinnSpecInput;
const continuation = { constant: 'nu', values: [0.1, 0.05, 0.02], steps: 12 };
const continued: PinnSpecInput = { ...layer, curriculum: { continuation } };

/** Ends after a step, and gives the checkpoint of that step. */
async function checkpointAfter(spec: PinnSpecInput, step: number, options: SolveOptions = {}): Promise<Uint8Array> {
  const controller = new AbortController();
  let checkpoint: Uint8Array | undefined;
  await solve(spec, {
    ...options,
    signal: controller.signal,
    onProgress: (progress) => progress.step === step && controller.abort(),
    onCheckpoint: (bytes) => (checkpoint = bytes),
  });
  return checkpoint!;
}

/** Rows without what depends on the clock. */
const untimed = ({ history }: Solution) => history.map((row) => ({ ...row, seconds: null, 'time/total': null }));

describe.each([
  ['gauss-newton', { name: 'gauss-newton' }],
  ['kfac, which ships an average', { name: 'kfac' }],
  [
    'phases',
    { name: 'phases', phases: [{ optimizer: { name: 'adam' }, steps: 4 }, { optimizer: { name: 'ssbroyden' } }] },
  ],
] as const)('%s', (_, optimizer) => {
  const spec = { ...continued, optimizer } as PinnSpecInput;

  test('is the chain of the single problems, each from the network of the one before', async () => {
    const whole = await solve(spec);
    const chain: Solution[] = [];
    for (const [k, nu] of continuation.values.entries()) {
      const single = { ...layer, optimizer, constants: { nu }, stop: { steps: k === 2 ? 10 : 12 } } as PinnSpecInput;
      chain.push(await solve(single, k === 0 ? {} : { startFrom: chain[k - 1]!.network }));
    }
    expect(whole.network).toEqual(chain[2]!.network);
    for (const key of ['terms', 'loss', 'rmse', 'relativeL2', 'residuals', 'conditions'] as const)
      expect(whole[key]).toEqual(chain[2]![key]);
    // One history: steps go on, errors are those of the stage's own problem.
    expect(whole.history.map((row) => row['step'])).toEqual(Array.from({ length: 34 }, (__, k) => k + 1));
    expect(whole.history.map((row) => row['pinn/stage'])).toEqual(
      Array.from({ length: 34 }, (__, k) => Math.min(Math.floor(k / 12), 2) + 1),
    );
    const common = whole.history.flatMap((row) => {
      const single = chain[row['pinn/stage']! - 1]!.history[(row['step']! - 1) % 12]!;
      const pair = [row['pinn/rel_l2'], single['pinn/rel_l2']];
      return pair.includes(undefined) ? [] : [pair];
    });
    expect(common.length).toBeGreaterThanOrEqual(6);
    for (const [error, single] of common) expect(error).toBe(single);
  });

  test.each([5, 12, 13, 24, 30])('resume after step %i is bit for bit', async (step) => {
    const whole = await solve(spec);
    const resumed = await solve(spec, {
      resume: await checkpointAfter(spec, step),
      engine: selectEngine({ threads: 2 }),
    });
    expect(resumed.network.parameters).toEqual(whole.network.parameters);
    expect(untimed(resumed)).toEqual(untimed(whole));
  });
});

test('stop.loss ends a stage, and the training in the last one alone', async () => {
  const { stopReason, steps, history, loss } = await solve({
    ...continued,
    network: { hidden: [16] },
    stop: { loss: 1e-6, steps: 400 },
    curriculum: { continuation: { ...continuation, steps: 150 } },
  });
  expect(stopReason).toBe('loss');
  expect(loss).toBeLessThanOrEqual(1e-6);
  const ofStage = (stage: number) => history.filter((row) => row['pinn/stage'] === stage).length;
  expect([1, 2, 3].map(ofStage).every((count) => count > 0)).toBe(true);
  expect(ofStage(1)).toBeLessThan(150);
  expect(ofStage(1) + ofStage(2) + ofStage(3)).toBe(steps);
});

test('stop.relativeL2 ends a stage by its own error', async () => {
  const { stopReason, relativeL2, history } = await solve({
    ...continued,
    network: { hidden: [16] },
    stop: { relativeL2: 1e-2, steps: 400 },
    curriculum: { continuation: { ...continuation, steps: 150 } },
  });
  expect(stopReason).toBe('relativeL2');
  expect(relativeL2['u']).toBeLessThanOrEqual(1e-2);
  const last = (stage: number) => history.findLast((row) => row['pinn/stage'] === stage)!;
  for (const stage of [1, 2, 3]) expect(last(stage)['pinn/rel_l2']).toBeLessThanOrEqual(1e-2);
  expect(last(1)['step']).toBeLessThan(150);
});

test('an exact solution without the constant is compared with in the last stage alone', async () => {
  const { history } = await solve({ ...continued, exact: { u: 'x - exp((x - 1)/0.02)' } });
  const measured = history.filter((row) => row['pinn/rel_l2'] !== undefined);
  expect(measured.length).toBeGreaterThan(0);
  expect(measured.every((row) => row['pinn/stage'] === 3)).toBe(true);
});

test('a training that ends before its last stage is reported for the last value, with a warning', async () => {
  const notes: string[] = [];
  const early = await solve(
    { ...continued, stop: { seconds: 1e-9, steps: 34 } },
    { onNote: (note) => notes.push(note) },
  );
  expect(early.steps).toBe(0);
  const warning = 'the training ended in stage 1 of 3, nu = 0.1; the report is about nu = 0.02';
  expect(early.warnings).toEqual([warning]);
  expect(notes).toContain(`warning: ${warning}`);
  const none = await solve({ ...layer, stop: { seconds: 1e-9 } });
  for (const key of ['terms', 'rmse', 'relativeL2', 'residuals', 'conditions'] as const)
    expect(early[key]).toEqual(none[key]);
});

test('it is told which stage begins', async () => {
  const notes: string[] = [];
  await solve(continued, { onNote: (note) => notes.push(note) });
  expect(notes.filter((note) => note.startsWith('stage'))).toEqual([
    'stage 1 of 3: nu = 0.1',
    'stage 2 of 3: nu = 0.05',
    'stage 3 of 3: nu = 0.02',
  ]);
});

test.each([2, 4, 7])('a layer that one training misses is found (seed %i)', async (seed) => {
  const thin: PinnSpecInput = {
    ...layer,
    constants: { nu: 0.002 },
    network: { hidden: [16] },
    sampling: { interior: 200, conditions: 2 },
    seed,
    stop: { steps: 500 },
  };
  const values = [0.1, 0.05, 0.02, 0.01, 0.005, 0.002];
  const direct = await solve(thin);
  const stages = await solve({ ...thin, curriculum: { continuation: { constant: 'nu', values, steps: 60 } } });
  expect(direct.relativeL2['u']).toBeGreaterThan(0.5);
  expect(stages.relativeL2['u']).toBeLessThan(5e-3);
});

describe('the specification', () => {
  test('is its own effective form, and part of the hash', () => {
    const spec = parsePinnSpec({
      ...continued,
      curriculum: { continuation: { constant: 'nu', values: [1, 0.02] } },
      stop: { steps: 101 },
    });
    expect(spec.curriculum).toEqual({ continuation: { constant: 'nu', values: [1, 0.02], steps: 100 } });
    expect(parsePinnSpec(spec)).toEqual(spec);
    expect(checkPinn(continued).hash).not.toBe(checkPinn(layer).hash);
  });

  test('steps of the last stage are what is left', () => {
    expect(compileProblem(continued).stages?.map(({ steps }) => steps)).toEqual([12, 12, 10]);
    expect(compileProblem({ ...continued, stop: { seconds: 9 } }).stages?.at(-1)?.steps).toBeUndefined();
  });

  test.each([
    [{}, '/curriculum', 'expected continuation, windows or pseudoTime, got none of them'],
    [
      { continuation: { ...continuation, constant: 'mu' } },
      '/curriculum/continuation/constant',
      'expected one of the constants, nu, got "mu"',
    ],
    [
      { continuation: { ...continuation, values: [0.1, 0.03] } },
      '/curriculum/continuation/values/1',
      'expected the last value to be that of the constant, nu = 0.02, got 0.03',
    ],
    [
      { continuation: { ...continuation, steps: 17 } },
      '/curriculum/continuation/steps',
      'expected stop.steps, 34, to leave some for the last value: the 2 before it take 34',
    ],
  ])('%j is refused', (curriculum, pointer, detail) => {
    expect(() => compileProblem({ ...layer, curriculum })).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ pointer, detail })] }),
    );
  });

  test('a value for which the texts make no sense is refused at its place', () => {
    const logarithm = { ...layer, equations: ['u_x - nu*u_xx = log(nu)'] };
    expect(() =>
      compileProblem({ ...logarithm, curriculum: { continuation: { constant: 'nu', values: [0, 0.02], steps: 1 } } }),
    ).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ pointer: '/curriculum/continuation/values/0' })] }),
    );
  });
});
