import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../../normal.ts';
import { philox4x32, uniformOfWords } from '../../random.ts';
import type { Engine, Market, Matrix, PathKey } from '../engine.ts';
import { matrix } from '../matrix.ts';
import { codeOf } from './dense.test.helper.ts';
import { candidates } from './engines.test.helper.ts';

const KEY: PathKey = { seed: 2 ** 33 + 7, purpose: 3, step: 11, firstPath: 40 };
const BLACK_SCHOLES: Market = { model: 'black-scholes', spot: 100, drift: 0.05, volatility: 0.2 };
const HEDGE_1: Market = {
  model: 'heston',
  spot: 100,
  drift: 0.05,
  v0: 0.04,
  kappa: 2,
  theta: 0.04,
  xi: 0.3,
  rho: -0.7,
  scheme: 'qe-m',
};
/** ψ runs through both branches. */
const WILD: Market = { ...HEDGE_1, kappa: 0.5, xi: 1, rho: -0.9, drift: 0 };
const SCHEMES = ['qe-m', 'qe', 'euler'] as const;
const MARKETS: [string, Market][] = [
  ['Black–Scholes', BLACK_SCHOLES],
  ...SCHEMES.flatMap((scheme): [string, Market][] => [
    [`${scheme}, calm`, { ...HEDGE_1, scheme }],
    [`${scheme}, wild`, { ...WILD, scheme }],
    [`${scheme}, ρ > 0`, { ...WILD, rho: 0.9, scheme }],
  ]),
];

interface Simulated {
  readonly spot: Matrix;
  readonly variance: Matrix | null;
}

function simulate(
  engine: Engine,
  market: Market,
  dates: number,
  paths: number,
  interval: number,
  key = KEY,
): Simulated {
  const spot = matrix(dates + 1, paths);
  const variance = market.model === 'heston' ? matrix(dates + 1, paths) : null;
  spot.data.fill(Number.NaN);
  variance?.data.fill(Number.NaN);
  engine.paths.simulate(market, interval, key, spot, variance);
  return { spot, variance };
}

/** Mean and its standard error. */
function estimate(values: Float64Array): { mean: number; error: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const square = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(square / values.length) };
}

const row = (m: Matrix, t: number): Float64Array => (m.data as Float64Array).subarray(t * m.cols, (t + 1) * m.cols);

const all = candidates();
const reference = all[0]!.engine;

describe.each(all)('paths on $name', ({ name, engine, withThreads }) => {
  // The reference engine is slower by an order of magnitude.
  const paths = name === 'reference' ? 20_000 : 200_000;

  test('counters are (path, date, purpose·2²⁴, step) and the key is the seed', () => {
    const { spot } = simulate(engine, BLACK_SCHOLES, 3, 5, 0.25);
    let logReturn = 0;
    for (let date = 0; date < 3; date++) {
      const words = philox4x32([KEY.firstPath + 4, date, KEY.purpose * 2 ** 24, KEY.step], [7, 2]);
      const z = normalQuantile(uniformOfWords(words[1], words[0]));
      logReturn += (0.05 - 0.02) * 0.25 + 0.2 * 0.5 * z;
      expect(spot.data[(date + 1) * 5 + 4]! / (100 * Math.exp(logReturn))).toBeCloseTo(1, 13);
    }
    // The variance's normal is the second half: one Euler step by hand.
    const { variance } = simulate(engine, { ...HEDGE_1, scheme: 'euler' }, 1, 1, 0.01);
    const words = philox4x32([KEY.firstPath, 0, KEY.purpose * 2 ** 24, KEY.step], [7, 2]);
    const z = normalQuantile(uniformOfWords(words[3], words[2]));
    expect(variance!.data[1]).toBeCloseTo(0.04 + 0.3 * Math.sqrt(0.04 * 0.01) * z, 14);
  });

  test.each(MARKETS)('%s: the reference’s numbers, whatever the number of paths', (_, market) => {
    const expected = simulate(reference, market, 7, 300, 0.25);
    for (const count of [1, 7, 300]) {
      const got = simulate(engine, market, 7, count, 0.25);
      for (let t = 0; t <= 7; t++) {
        for (let i = 0; i < count; i++) {
          const [s, wanted] = [got.spot.data[t * count + i]!, expected.spot.data[t * 300 + i]!];
          expect(Math.abs(s / wanted - 1)).toBeLessThan(1e-12);
          if (got.variance && expected.variance) {
            const [v, other] = [got.variance.data[t * count + i]!, expected.variance.data[t * 300 + i]!];
            expect(Math.abs(v - other)).toBeLessThan(1e-12);
          }
        }
      }
    }
  });

  test('QE-M falls back to QE where its correction does not exist (ρ > 0)', () => {
    for (const theta of [0.04, 0.5]) {
      const market: Market = { ...HEDGE_1, theta, xi: 1, rho: 0.95 };
      const corrected = simulate(engine, market, 2, 50, 10);
      const plain = simulate(engine, { ...market, scheme: 'qe' }, 2, 50, 10);
      expect(corrected.spot.data).toEqual(plain.spot.data);
      expect(corrected.spot.data.every((s) => Number.isFinite(s) && s > 0)).toBe(true);
    }
  });

  test('the same bits for any number of threads, and from any first path', () => {
    for (const [, market] of MARKETS) {
      const one = simulate(withThreads(1), market, 5, 1000, 0.1);
      for (const threads of [2, 4]) {
        const many = simulate(withThreads(threads), market, 5, 1000, 0.1);
        expect(many.spot.data).toEqual(one.spot.data);
        expect(many.variance?.data).toEqual(one.variance?.data);
      }
      const later = simulate(engine, market, 5, 10, 0.1, { ...KEY, firstPath: KEY.firstPath + 990 });
      for (let t = 0; t <= 5; t++) expect(row(later.spot, t)).toEqual(row(one.spot, t).slice(990));
    }
  });

  test('other seeds, purposes, steps and dates give other numbers', () => {
    const base = simulate(engine, BLACK_SCHOLES, 2, 1, 0.5).spot.data;
    for (const change of [{ seed: 7 }, { purpose: 2 }, { step: 12 }, { firstPath: 41 }]) {
      expect(simulate(engine, BLACK_SCHOLES, 2, 1, 0.5, { ...KEY, ...change }).spot.data[1]).not.toBe(base[1]);
    }
    expect(base[2]! / base[1]!).not.toBeCloseTo(base[1]! / 100, 6);
  });

  test.each([1 / 4, 1 / 12, 1 / 365])('oracle hedging §13: E[S_T] within 3 s.e. and V moments, Δ = %f', (interval) => {
    const dates = 5;
    const markets: [string, Market][] = MARKETS.filter(([title]) => !title.startsWith('qe,'));
    for (const [title, market] of markets) {
      const { spot, variance } = simulate(engine, market, dates, paths / 4, interval);
      const horizon = dates * interval;
      const { mean, error } = estimate(row(spot, dates));
      // QE-M with ρ > 0 may fall back to QE, which is not an exact martingale.
      if (title !== 'qe-m, ρ > 0') {
        // Euler's log step is a martingale as well: its variance is fixed at the step's start.
        expect(Math.abs(mean - 100 * Math.exp(market.drift * horizon)), title).toBeLessThan(3 * error);
      }
      if (market.model === 'heston' && market.scheme !== 'euler') {
        const v = row(variance!, dates);
        const first = estimate(v);
        const decay = Math.exp(-market.kappa * horizon);
        expect(Math.abs(first.mean - market.theta - (market.v0 - market.theta) * decay), title).toBeLessThan(
          3 * first.error,
        );
        // Var V_T of the square-root process from V0; QE matches it in every step, hence over all of them.
        const { kappa, theta, xi, v0 } = market;
        const wanted =
          (v0 * xi ** 2 * decay * (1 - decay)) / kappa + (theta * xi ** 2 * (1 - decay) ** 2) / (2 * kappa);
        const second = estimate(v.map((x) => (x - theta - (v0 - theta) * decay) ** 2));
        expect(Math.abs(second.mean - wanted), title).toBeLessThan(3.5 * second.error);
      }
    }
  });

  test('oracle hedging §13: lag correlations of normals below 0.01, terminal variance ratio', () => {
    const [dates, count] = [16, 20_000];
    const { spot } = simulate(engine, BLACK_SCHOLES, dates, count, 1 / 16);
    const { variance } = simulate(engine, { ...HEDGE_1, scheme: 'euler', xi: 0.001 }, dates, count, 1 / 16);
    const z = (i: number, t: number): number =>
      (Math.log(spot.data[(t + 1) * count + i]! / spot.data[t * count + i]!) - 0.03 / 16) / (0.2 / 4);
    const zVariance = (i: number, t: number): number => {
      const [v, next] = [variance!.data[t * count + i]!, variance!.data[(t + 1) * count + i]!];
      return (next - v - (2 * (0.04 - v)) / 16) / (0.001 * Math.sqrt(v / 16));
    };
    const lags = [0, 0, 0, 0, 0, 0];
    const pairs = count * (dates - 2);
    for (let i = 0; i + 1 < count; i++) {
      for (let t = 0; t + 2 < dates; t++) {
        const now = z(i, t);
        lags[0]! += (now * z(i, t + 1)) / pairs;
        lags[1]! += (now * z(i, t + 2)) / pairs;
        lags[2]! += (now * z(i + 1, t)) / pairs;
        lags[3]! += (now * z(i + 1, t + 1)) / pairs;
        lags[4]! += (now * zVariance(i, t)) / pairs;
        lags[5]! += (zVariance(i, t) * zVariance(i, t + 1)) / pairs;
      }
    }
    for (const lag of lags) expect(Math.abs(lag)).toBeLessThan(0.01);
    const terminal = Float64Array.from({ length: count }, (_, i) => Math.log(spot.data[dates * count + i]! / 100));
    const { error } = estimate(terminal);
    expect(Math.abs((error ** 2 * count) / 0.04 - 1)).toBeLessThan(0.035);
  });

  test('oracle hedging §13: simulation bias, case I, tells QE, QE-M and Euler apart', () => {
    const price = 13.084670137;
    const market: Market = { ...WILD, scheme: 'qe' };
    const table = {
      qe: [1.009, 0.328, 0.5, 0.09],
      'qe-m': [0.228, 0.121, 0, 0],
      euler: [6.378, 3.722, 0, 0],
    };
    for (const scheme of SCHEMES) {
      for (const [column, interval] of [1, 0.5].entries()) {
        const dates = 10 / interval;
        const terminal = row(simulate(engine, { ...market, scheme }, dates, paths, interval).spot, dates);
        const call = estimate(terminal.map((s) => Math.max(s - 100, 0)));
        const mean = estimate(terminal);
        const [bias, drift] = [table[scheme][column]!, table[scheme][column + 2]!];
        expect(Math.abs(call.mean - price - bias), `${scheme} ${interval}`).toBeLessThan(3 * call.error + 0.01);
        expect(Math.abs(mean.mean - 100 - drift), `${scheme} ${interval}`).toBeLessThan(3 * mean.error + 0.02);
      }
    }
  });

  test('oracle hedging §13: Monte Carlo call prices, Black–Scholes and HEDGE-1', () => {
    const cases: [Market, number][] = [
      [{ ...BLACK_SCHOLES, drift: 0 }, 2.287150628],
      [{ ...HEDGE_1, drift: 0 }, 2.2683193398795],
    ];
    for (const [market, price] of cases) {
      const { spot } = simulate(engine, market, 30, paths / 4, 1 / 365);
      const { mean, error } = estimate(row(spot, 30).map((s) => Math.max(s - 100, 0)));
      expect(Math.abs(mean - price)).toBeLessThan(3 * error);
    }
  });

  test('refuses what it cannot do, before it writes', () => {
    const { simulate: run } = engine.paths;
    const spot = matrix(3, 4);
    const variance = matrix(3, 4);
    const shared = new Float64Array(24);
    const over = (from: number): Matrix => ({ rows: 3, cols: 4, dtype: 'f64', data: shared.subarray(from, from + 12) });
    expect(codeOf(() => run(HEDGE_1, 0.1, KEY, spot, null))).toBe('KFAC_SHAPE');
    expect(codeOf(() => run(BLACK_SCHOLES, 0.1, KEY, spot, variance))).toBe('KFAC_SHAPE');
    expect(codeOf(() => run(HEDGE_1, 0.1, KEY, spot, matrix(3, 5)))).toBe('KFAC_SHAPE');
    expect(codeOf(() => run(HEDGE_1, 0.1, KEY, matrix(0, 4), matrix(0, 4)))).toBe('KFAC_SHAPE');
    expect(codeOf(() => run(BLACK_SCHOLES, 0.1, KEY, matrix(3, 4, 'f32'), null))).toBe('KFAC_DTYPE');
    expect(codeOf(() => run(HEDGE_1, 0.1, KEY, over(0), over(6)))).toBe('KFAC_ALIAS');
    for (const bad of [{ seed: -1 }, { purpose: 256 }, { step: 2 ** 32 }, { firstPath: 2 ** 32 - 2 }]) {
      expect(codeOf(() => run(BLACK_SCHOLES, 0.1, { ...KEY, ...bad }, spot, null))).toBe('KFAC_SHAPE');
    }
    expect(spot.data.every((x) => x === 0)).toBe(true);
    run(BLACK_SCHOLES, 0.1, KEY, matrix(3, 0), null);
    run(BLACK_SCHOLES, 0.1, KEY, matrix(1, 4), null);
  });
});
