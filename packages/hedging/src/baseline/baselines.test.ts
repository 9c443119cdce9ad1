import { describe, expect, test } from 'vitest';
import { defaultEngine } from '@kfac/core';
import { settle } from '../accounting.ts';
import { catalogue } from '../catalogue.ts';
import { expectedIntegratedVariance } from '../market/market.ts';
import { parseHedgingSpec } from '../parse.ts';
import { blackScholes } from '../pricing/black-scholes.ts';
import { mean } from '../risk/risk.ts';
import { summarize } from '../statistics.ts';
import type { HedgeSummary } from '../statistics.ts';
import { allocatePaths, createWorld, simulate } from '../world.ts';
import type { PathSet, World } from '../world.ts';
import { allocateBaselines, BASELINES, hedgeByBaselines } from './baselines.ts';
import type { BaselineName } from './baselines.ts';

const engine = defaultEngine();

type Simulated = { readonly world: World; readonly paths: PathSet };

function simulated(json: unknown, n: number): Simulated {
  const world = createWorld(parseHedgingSpec(json));
  const paths = allocatePaths(world, n);
  simulate(engine, world, { seed: 11, purpose: 2, step: 0, firstPath: 0 }, paths);
  return { world, paths };
}

/** Positions and summary of a baseline over simulated paths. */
function measure({ world, paths }: Simulated, name: BaselineName): { summary: HedgeSummary; positions: Float64Array } {
  const n = paths.spot.cols;
  const every = allocateBaselines(world, n);
  const room = (): Float64Array => new Float64Array(n);
  const account = { pnl: room(), cost: room(), turnover: room() };
  hedgeByBaselines(world, paths, n, every);
  const positions = every[name];
  settle(world, paths, positions, account);
  const means = { cost: mean(account.cost), turnover: mean(account.turnover) };
  return { summary: summarize(account.pnl, account.pnl.toSorted(), means, 1), positions };
}

describe('oracle hedging §11: baselines on HEDGE-1 within sampling error', () => {
  const hedge1 = simulated(catalogue[0]!.spec, 40_000);
  test.each([
    ['blackScholesDelta', 0.194, 0.221, -0.51, 1.284, 0.333],
    ['whalleyWilmott', 0.343, 0.115, -0.21, 1.41, 0.302],
  ] as const)('%s', (name, variance, cost, sharpe, cvar95, entropic) => {
    const { summary } = measure(hedge1, name);
    // Printed to three digits; sampling error of a variance is about 1 %, of the others about .005 at 40,000 paths.
    expect(Math.abs(summary.pnlVariance / variance - 1)).toBeLessThan(0.03);
    expect(Math.abs(summary.meanCost - cost)).toBeLessThan(0.0015);
    expect(Math.abs(summary.sharpe - sharpe)).toBeLessThan(0.005 + 3 * summary.sharpeStandardError);
    expect(Math.abs(summary.cvar95 - cvar95)).toBeLessThan(0.02);
    expect(Math.abs(summary.entropic - entropic)).toBeLessThan(0.01);
  });

  test('no hedge: premium minus payoff, no cost, no turnover', () => {
    const { summary } = measure(hedge1, 'noHedge');
    expect(summary.meanCost).toBe(0);
    expect(summary.turnover).toBe(0);
    expect(summary.pnlVariance).toBeGreaterThan(5);
  });
});

test('oracle hedging §13: under the pricing measure the mean P&L before costs is 0 for every hedge, within 3 s.e.', () => {
  for (const { spec } of [catalogue[0]!, catalogue[2]!]) {
    const market = { ...spec.market, drift: 0.02, rate: 0.03, dividend: 0.01 };
    const fair = simulated({ ...spec, market, premium: 'model' }, 40_000);
    for (const name of BASELINES) {
      const { summary } = measure(fair, name);
      const error = Math.sqrt(summary.pnlVariance / 40_000);
      expect(Math.abs(summary.pnlMean + summary.meanCost)).toBeLessThan(3 * error);
    }
  }
});

describe('the Whalley–Wilmott band', () => {
  const problem = {
    market: { model: 'black-scholes', volatility: 0.2 },
    horizon: { days: 30, steps: 30 },
    liability: { type: 'european-call', strike: 100 },
  };

  test('at date 0 it trades from 0 to the lower edge Δ − (3εSΓ²/2a)^{1/3}', () => {
    const { positions } = measure(simulated(problem, 1), 'whalleyWilmott');
    const option = { type: 'european-call', spot: 100, strike: 100, years: 30 / 365, rate: 0, dividend: 0 } as const;
    const { delta, gamma } = blackScholes(option, 0.2);
    expect(positions[0]).toBeCloseTo(delta - (1.5 * 0.001 * 100 * gamma ** 2) ** (1 / 3), 14);
  });

  test('without costs the band closes on the delta', () => {
    const free = simulated({ ...problem, cost: { proportional: 0 } }, 50);
    expect(measure(free, 'whalleyWilmott').positions).toEqual(measure(free, 'blackScholesDelta').positions);
  });

  test('known defect 8: far from the strike gamma vanishes and every position stays finite', () => {
    const far = { ...problem, liability: { type: 'european-call', strike: 1e6 } };
    const { positions } = measure(simulated(far, 20), 'whalleyWilmott');
    expect(positions.every((position) => position === 0)).toBe(true);
  });

  test('a put is hedged by the call delta minus one', () => {
    const call = measure(simulated(problem, 20), 'blackScholesDelta').positions;
    const short = { ...problem, liability: { type: 'european-put', strike: 100 } };
    const put = measure(simulated(short, 20), 'blackScholesDelta').positions;
    put.forEach((position, k) => expect(position).toBeCloseTo(call[k]! - 1, 14));
  });
});

test.each(['european-call', 'european-put'] as const)(
  'the delta is that of the pricing formula at the effective volatility: %s',
  (type) => {
    const market = { model: 'heston', v0: 0.09, kappa: 2, theta: 0.04, xi: 0.6, rho: -0.7, rate: 0.03, dividend: 0.02 };
    const one = simulated({ market, horizon: { days: 60, steps: 6 }, liability: { type, strike: 103 } }, 9);
    const { positions } = measure(one, 'blackScholesDelta');
    const { spot, variance } = one.paths;
    for (let t = 0; t < 6; t++) {
      const years = one.world.task.horizon - t * one.world.interval;
      for (let i = 0; i < 9; i++) {
        const option = { type, spot: spot.data[t * 9 + i]!, strike: 103, years, rate: 0.03, dividend: 0.02 };
        const volatility = Math.sqrt(
          expectedIntegratedVariance(one.world.spec.market, variance!.data[t * 9 + i]!, years) / years,
        );
        expect(positions[t * 9 + i]).toBeCloseTo(blackScholes(option, volatility).delta, 13);
      }
    }
  },
);

describe('oracle hedging §13: discrete hedging without costs', () => {
  test('the variance of the hedging error follows (π/4N)(vega·σ)² at the money, slope −1 in log N', () => {
    const sizes = [16, 32, 64];
    const variances = sizes.map((steps) => {
      const free = {
        market: { model: 'black-scholes', volatility: 0.2 },
        horizon: { days: 30, steps },
        liability: { type: 'european-call', strike: 100 },
        cost: { proportional: 0 },
      };
      return measure(simulated(free, 24_000), 'blackScholesDelta').summary.pnlVariance;
    });
    const option = { type: 'european-call', spot: 100, strike: 100, years: 30 / 365, rate: 0, dividend: 0 } as const;
    const vega = blackScholes(option, 0.2).vega;
    const ratios = variances.map((v, k) => v / ((Math.PI / (4 * sizes[k]!)) * (vega * 0.2) ** 2));
    // The ratio tends to 1 from below; the sampling error of each variance is about 1.3 %.
    expect(ratios[0]).toBeGreaterThan(0.9);
    ratios.forEach((ratio) => expect(ratio).toBeLessThan(1.03));
    expect(ratios[2]).toBeGreaterThan(0.95);
    const x = sizes.map(Math.log);
    const y = variances.map(Math.log);
    const xm = x.reduce((s, v) => s + v, 0) / 3;
    const slope = x.reduce((s, v, k) => s + (v - xm) * y[k]!, 0) / x.reduce((s, v) => s + (v - xm) ** 2, 0);
    expect(slope).toBeGreaterThan(-1.02);
    expect(slope).toBeLessThan(-0.96);
  });

  test('known defect 5: the simulated horizon is T = days/365 in exactly the given number of increments', () => {
    const world = createWorld(parseHedgingSpec(catalogue[0]!.spec));
    expect(world.dates).toBe(30);
    expect(world.interval * world.dates).toBeCloseTo(30 / 365, 16);
    expect(allocatePaths(world, 3).spot.rows).toBe(31);
  });
});
