import { describe, expect, test } from 'vitest';
import { defaultEngine } from '@kfac/core';
import type { Engine, Progress, Snapshot } from '@kfac/core';
import { checkHedging } from './check.ts';
import type { HedgingSpecInput } from './spec.ts';
import { train } from './train.ts';
import type { HedgingResult } from './train.ts';

const tiny: HedgingSpecInput = {
  market: { model: 'heston', v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7 },
  horizon: { days: 30, steps: 4 },
  liability: { type: 'european-call', strike: 100 },
  policy: { hidden: 4 },
  batch: 128,
  stop: { steps: 16 },
  optimizer: { name: 'kfac', averageFrom: 6 },
  evaluation: { paths: 5000, seed: 2 },
  precision: 'f64',
  seed: 3,
};

const summaryKeys = [
  'pnlMean',
  'pnlVariance',
  'sharpe',
  'sharpeStandardError',
  'cvar95',
  'cvar99',
  'entropic',
  'meanCost',
  'turnover',
];

/** What must not change: everything that was computed, no clock. */
function withoutClock(result: HedgingResult): unknown {
  const { history, seconds, ...report } = result.toJSON();
  const rows = history.map(({ seconds: _seconds, 'time/total': _total, ...row }) => row);
  return {
    report,
    rows,
    weights: result.policyNetwork.matrices,
    distributions: result.distributions,
    clock: seconds > 0,
  };
}

describe('train', () => {
  test('reports policy and baselines on common paths, and improves', async () => {
    const progress: Progress[] = [];
    const snapshots: Snapshot[] = [];
    const result = await train(tiny, { onProgress: (p) => progress.push(p), onSnapshot: (s) => snapshots.push(s) });
    const report = JSON.parse(JSON.stringify(result)) as Record<string, unknown>;
    expect(Object.keys(report)).toEqual([
      'kind',
      'status',
      'stopReason',
      'steps',
      'seconds',
      'engine',
      'spec',
      'hash',
      'parameters',
      'history',
      'price',
      'premium',
      'testPaths',
      'policy',
      'baselines',
      'notes',
    ]);
    expect(report).toMatchObject({
      kind: 'hedging',
      status: 'finished',
      stopReason: 'steps',
      steps: 16,
      testPaths: 5000,
    });
    expect(Object.keys(report['policy'] as object)).toEqual(summaryKeys);
    const baselines = report['baselines'] as Record<string, object>;
    expect(Object.keys(baselines)).toEqual(['noHedge', 'blackScholesDelta', 'whalleyWilmott']);
    for (const baseline of Object.values(baselines)) expect(Object.keys(baseline)).toEqual(summaryKeys);
    expect(result.price).toBeCloseTo(2.2683193398795, 10);
    expect(result.premium).toBe(result.price);

    expect(progress.map((p) => p.step)).toEqual(Array.from({ length: 16 }, (_, k) => k + 1));
    expect(progress[0]!.metrics).toHaveProperty(['hedge/entropic']);
    expect(progress[1]!.metrics).not.toHaveProperty(['hedge/entropic']);
    for (const key of ['entropic', 'pnl_mean', 'pnl_std', 'cvar95', 'cost']) {
      expect(Number.isFinite(progress[4]!.metrics[`hedge/${key}`])).toBe(true);
    }
    expect(progress[14]!.metrics['hedge/entropic']!).toBeLessThan(progress[0]!.metrics['hedge/entropic']!);
    expect(result.policy.entropic).toBeLessThan(result.baselines.noHedge.entropic);

    expect(result.distributions.map((d) => d.name)).toEqual([
      'policy',
      'noHedge',
      'blackScholesDelta',
      'whalleyWilmott',
    ]);
    for (const { counts } of result.distributions) expect(counts.reduce((s, k) => s + k, 0)).toBe(5000);
    expect(snapshots.at(-1)?.distributions).toEqual(result.distributions);
  });

  test('the policy hedges paths of one’s own as it hedged the test paths', async () => {
    const result = await train({ ...tiny, stop: { steps: 2 } });
    const spot = [
      [100, 101, 99, 103, 104],
      [100, 98, 97, 97, 95],
    ];
    const variance = spot.map((row) => row.map(() => 0.04));
    const hedged = result.hedge({ spot, variance });
    expect(hedged.positions.map((row) => row.length)).toEqual([4, 4]);
    for (const [i, row] of hedged.positions.entries()) {
      let pnl = result.premium - Math.max(spot[i]![4]! - 100, 0);
      row.forEach((position, t) => {
        const traded = Math.abs(position - (t > 0 ? row[t - 1]! : 0));
        pnl += position * (spot[i]![t + 1]! - spot[i]![t]!) - 0.001 * spot[i]![t]! * traded;
      });
      expect(hedged.pnl[i]).toBeCloseTo(pnl, 12);
    }
    expect(() => result.hedge({ spot, variance: [[1]] })).toThrow('expected 5 dates in variance path 0, got 1');
    expect(() => result.hedge({ spot: [[100, 101, -1, 100, 100]], variance })).toThrow('spot path 0, date 2');
    expect(() => result.hedge({ spot: [], variance })).toThrow('at least one spot path');
  });

  test('other premium, put, risks and Adam run too', async () => {
    const risks = [
      { measure: 'mean-variance', gamma: 1 },
      { measure: 'quadratic', target: 0 },
    ] as const;
    for (const risk of risks) {
      for (const optimizer of [{ name: 'kfac' }, { name: 'adam' }] as const) {
        const problem: HedgingSpecInput = {
          ...tiny,
          risk,
          optimizer,
          premium: 1.5,
          liability: { type: 'european-put', strike: 102 },
          stop: { steps: 12 },
        };
        const result = await train(problem);
        expect(result.premium).toBe(1.5);
        const losses = result.history.map((row) => row['loss']!);
        expect(losses.at(-1)!).toBeLessThan(losses[0]!);
      }
    }
  });

  test('a loss target ends the training', async () => {
    const result = await train({ ...tiny, stop: { loss: 100 } });
    expect(result).toMatchObject({ status: 'finished', stopReason: 'loss', steps: 1 });
  });

  test('a bad problem is refused before anything runs', async () => {
    await expect(train({ ...tiny, batch: 0 })).rejects.toMatchObject({ code: 'KFAC_SPEC' });
  });
});

describe('oracle hedging §13: a resumed training is bit for bit the one that was not interrupted', () => {
  test.each([
    ['K-FAC', tiny],
    ['Adam', { ...tiny, optimizer: { name: 'adam', averageFrom: 4 } }],
  ] as [string, HedgingSpecInput][])('%s', async (_, problem) => {
    const whole = await train(problem);
    const controller = new AbortController();
    let checkpoint: Uint8Array | undefined;
    const part = await train(problem, {
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 9) controller.abort();
      },
      onCheckpoint: (bytes) => (checkpoint = bytes.slice()),
    });
    expect(part).toMatchObject({ status: 'cancelled', stopReason: 'cancelled', steps: 9 });
    const rest = await train(problem, { resume: checkpoint! });
    expect(rest.steps).toBe(16);
    expect(withoutClock(rest)).toEqual(withoutClock(whole));

    await expect(train({ ...problem, seed: 4 }, { resume: checkpoint! })).rejects.toMatchObject({
      code: 'KFAC_CHECKPOINT',
    });
    const torn = checkpoint!.slice();
    torn[torn.length - 5]! ^= 1;
    await expect(train(problem, { resume: torn })).rejects.toMatchObject({ code: 'KFAC_CHECKPOINT' });
  });
});

test('cancelled: the report says on how many paths it was measured', async () => {
  const result = await train({ ...tiny, evaluation: { paths: 6000 } }, { signal: AbortSignal.abort() });
  expect(result).toMatchObject({ status: 'cancelled', steps: 0, testPaths: 4096 });
  expect(result.notes).toContain('cancelled: measured on 4096 test paths only');
});

test.each([
  ['kfac', { name: 'kfac' }],
  ['adam', { name: 'adam', schedule: 'constant' }],
] as const)('a persistently non-finite loss ends as diverged with the last good weights: %s', async (_, optimizer) => {
  const problem: HedgingSpecInput = { ...tiny, optimizer, stop: { steps: 10 } };
  const result = await train(problem, { engine: failingAfter(defaultEngine(), 4) });
  // The loss was last seen to be finite before step 4.
  expect(result).toMatchObject({ status: 'diverged', stopReason: 'non-finite', steps: 3, badStep: 4 });
  const shorter = await train({ ...problem, stop: { steps: 3 } });
  expect(result.policyNetwork.matrices).toEqual(shorter.policyNetwork.matrices);
  expect(Number.isFinite(result.policy.entropic)).toBe(true);
});

/** An engine whose linearisations give NaN after a number of good ones. */
function failingAfter(on: Engine, good: number): Engine {
  let calls = 0;
  const hedge: Engine['hedge'] = {
    ...on.hedge,
    linearize(shape, theta, batch, tape, pnl) {
      on.hedge.linearize(shape, theta, batch, tape, pnl);
      calls += 1;
      if (calls > good) pnl.fill(Number.NaN);
    },
  };
  return { ...on, hedge, describe: () => on.describe() };
}

test('check sizes a problem up without training it', () => {
  const check = checkHedging(tiny);
  expect(check.parameters).toBe((3 + 1 + 4 + 1) * 16 + 5);
  expect(check.optimizer).toBe('kfac');
  expect(check.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(check.bytes).toBeGreaterThan(0);
  expect(check.warnings).toEqual([]);
  expect(
    checkHedging({ ...tiny, market: { ...tiny.market, spot: 1 }, liability: { type: 'european-call' } }).warnings[0],
  ).toContain('risk neutral');
  expect(checkHedging({ ...tiny, market: { ...tiny.market, xi: 2 } }).warnings[0]).toContain('Feller');
});
