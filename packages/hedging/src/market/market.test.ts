import { expect, test } from 'vitest';
import type { HestonSpec } from '../spec.ts';
import { expectedIntegratedVariance, logScale } from './market.ts';

const heston: HestonSpec = {
  model: 'heston',
  spot: 100,
  v0: 0.09,
  kappa: 2,
  theta: 0.04,
  xi: 0.3,
  rho: -0.7,
  drift: 0,
  rate: 0,
  dividend: 0,
};

test('the expected integrated variance solves m′ = κ(θ − m), integrated numerically', () => {
  const years = 0.7;
  const n = 2000;
  let integral = 0;
  for (let k = 0; k < n; k++) {
    const t = ((k + 0.5) * years) / n;
    integral += (0.04 + 0.05 * Math.exp(-2 * t)) * (years / n);
  }
  expect(expectedIntegratedVariance(heston, 0.09, years)).toBeCloseTo(integral, 8);
});

test('the volatility it implies: the spot volatility at once, the long-run one in the end, θ stays put', () => {
  const volatility = (v: number, years: number): number =>
    Math.sqrt(expectedIntegratedVariance(heston, v, years) / years);
  expect(volatility(0.09, 1e-9)).toBeCloseTo(0.3, 8);
  expect(volatility(0.09, 1e6)).toBeCloseTo(0.2, 6);
  expect(volatility(0.04, 0.3)).toBeCloseTo(0.2, 14);
});

test('the log-moneyness scale is 20 for 20 % volatility over 30 days and of order one everywhere', () => {
  const horizon = { days: 30, steps: 30 };
  expect(logScale({ market: { ...heston, v0: 0.04 }, horizon })).toBe(20);
  expect(
    logScale({
      market: { model: 'black-scholes', spot: 100, volatility: 0.2, drift: 0, rate: 0, dividend: 0 },
      horizon,
    }),
  ).toBe(20);
  expect(logScale({ market: { ...heston, v0: 0.04 }, horizon: { years: 1, steps: 12 } })).toBe(5);
});
