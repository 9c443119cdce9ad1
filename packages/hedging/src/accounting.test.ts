import { describe, expect, test } from 'vitest';
import { defaultEngine, matrixOver } from '@kfac/core';
import { settle } from './accounting.ts';
import { parseHedgingSpec } from './parse.ts';
import { initialLstm, lstmLayout, lstmShape } from './policy/lstm.ts';
import { allocatePaths, createWorld, simulate } from './world.ts';

const problem = {
  market: { model: 'black-scholes', volatility: 0.2, rate: 0.1, dividend: 0.04 },
  horizon: { years: 1, steps: 2 },
  liability: { type: 'european-call', strike: 100 },
  cost: { proportional: 0.01 },
  premium: 7,
};

const account = (n: number) => ({ pnl: new Float64Array(n), cost: new Float64Array(n), turnover: new Float64Array(n) });

describe('oracle hedging §13: P&L and costs of a three-date example by hand', () => {
  // Spot 100, 110, 120; positions ½ then ¼; half-year steps.
  const halfYear = Math.exp(-0.05);
  const carry = Math.exp(0.02);
  const gains = 0.5 * (halfYear * carry * 110 - 100) + 0.25 * (halfYear ** 2 * carry * 120 - halfYear * 110);
  const cost = 0.01 * (100 * 0.5 + halfYear * 110 * 0.25);
  const unwound = 0.01 * halfYear ** 2 * 120 * 0.25;
  const paths = { spot: matrixOver(3, 1, Float64Array.of(100, 110, 120)), variance: null };

  test.each([
    [false, 'european-call', 20],
    [true, 'european-call', 20],
    [false, 'european-put', 0],
  ] as const)('unwind %s, %s', (unwind, type, payoff) => {
    const world = createWorld(parseHedgingSpec({ ...problem, unwind, liability: { type, strike: 100 } }));
    const books = account(1);
    settle(world, paths, Float64Array.of(0.5, 0.25), books);
    const charged = cost + (unwind ? unwound : 0);
    expect(books.cost[0]).toBeCloseTo(charged, 13);
    expect(books.pnl[0]).toBeCloseTo(7 - halfYear ** 2 * payoff + gains - charged, 13);
    expect(books.turnover[0]).toBe(0.75);
  });
});

test.each(['f64', 'f32'] as const)('the engine keeps the same books (%s)', (precision) => {
  const engine = defaultEngine();
  const world = createWorld(
    parseHedgingSpec({
      ...problem,
      market: {
        model: 'heston',
        v0: 0.04,
        kappa: 2,
        theta: 0.05,
        xi: 0.5,
        rho: -0.7,
        rate: 0.1,
        dividend: 0.04,
        drift: 0.2,
      },
      horizon: { days: 90, steps: 11 },
      liability: { type: 'european-put', strike: 105 },
      unwind: true,
      policy: { hidden: 5 },
      precision,
    }),
  );
  const n = 37;
  const shape = lstmShape(world.spec);
  const paths = allocatePaths(world, n);
  simulate(engine, world, { seed: 5, purpose: 2, step: 0, firstPath: 0 }, paths);
  const batch = engine.hedge.batch(world.task, n, world.dates, precision);
  engine.hedge.prepare(world.task, paths.spot, paths.variance, batch);
  const positions = new Float64Array(world.dates * n);
  const outcome = { ...account(n), positions: matrixOver(world.dates, n, positions) };
  engine.hedge.rollout(shape, initialLstm(shape, lstmLayout(shape), 1), batch, outcome);
  const books = account(n);
  settle(world, paths, positions, books);
  const digits = precision === 'f64' ? 11 : 4;
  for (let i = 0; i < n; i++) {
    expect(outcome.pnl[i]).toBeCloseTo(books.pnl[i]!, digits);
    expect(outcome.cost[i]).toBeCloseTo(books.cost[i]!, digits);
    expect(outcome.turnover[i]).toBeCloseTo(books.turnover[i]!, digits);
  }
});
