import { describe, expect, test } from 'vitest';
import { KfacError } from '@kfac/core';
import { blackScholes } from './black-scholes.ts';
import type { EuropeanOption } from './claim.ts';
import { heston } from './heston.ts';
import type { HestonParameters } from './heston.ts';
import { price } from './price.ts';
import { gaussLegendre } from './quadrature.ts';

const call = (fields: Partial<EuropeanOption>): EuropeanOption => ({
  type: 'european-call',
  spot: 100,
  strike: 100,
  years: 1,
  rate: 0,
  dividend: 0,
  ...fields,
});

const lewis: HestonParameters = { v0: 0.04, kappa: 4, theta: 0.25, xi: 1, rho: -0.5 };
const hedge1: HestonParameters = { v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7 };
const lewisCall = call({ rate: 0.01, dividend: 0.02 });

describe('oracle hedging §13: prices', () => {
  test('Black–Scholes at the money, 30 days', () => {
    expect(blackScholes(call({ years: 30 / 365 }), 0.2).price).toBeCloseTo(2.287150628, 10);
  });

  test.each([
    ['Lewis set, K = 80', { ...lewisCall, strike: 80 }, lewis, 26.774758743999],
    ['Lewis set, K = 90', { ...lewisCall, strike: 90 }, lewis, 20.933349000597],
    ['Lewis set, K = 100', lewisCall, lewis, 16.070154917029],
    ['Lewis set, K = 110', { ...lewisCall, strike: 110 }, lewis, 12.13221151671],
    ['Lewis set, K = 120', { ...lewisCall, strike: 120 }, lewis, 9.0249134834578],
    ['Lewis set, put K = 100', { ...lewisCall, type: 'european-put' }, lewis, 17.0552709612701],
    ['Buehler', call({ years: 30 / 365 }), { v0: 0.04, kappa: 1, theta: 0.04, xi: 2, rho: -0.7 }, 1.6918339251104],
    ['HEDGE-1', call({ years: 30 / 365 }), hedge1, 2.2683193398795],
    [
      'Broadie–Kaya 1',
      call({ rate: 0.0319 }),
      { v0: 0.010201, kappa: 6.21, theta: 0.019, xi: 0.61, rho: -0.7 },
      6.806113313462,
    ],
    [
      'Broadie–Kaya 2',
      call({ rate: 0.05, years: 5 }),
      { v0: 0.09, kappa: 2, theta: 0.09, xi: 1, rho: -0.3 },
      34.999758351184,
    ],
    [
      'Fang–Oosterlee, T = 1',
      call({}),
      { v0: 0.0175, kappa: 1.5768, theta: 0.0398, xi: 0.5751, rho: -0.5711 },
      5.7851554343762,
    ],
    [
      'Fang–Oosterlee, T = 10',
      call({ years: 10 }),
      { v0: 0.0175, kappa: 1.5768, theta: 0.0398, xi: 0.5751, rho: -0.5711 },
      22.318945791154,
    ],
  ] as const)('Heston: %s', (_, option, parameters, expected) => {
    expect(Math.abs(heston(option, parameters).price - expected)).toBeLessThan(1e-11);
  });

  test('put–call parity: price and delta', () => {
    const put = { ...lewisCall, type: 'european-put', strike: 90 } as const;
    const long = { ...lewisCall, strike: 90 };
    const carried = Math.exp(-0.02);
    for (const greeks of [(o: EuropeanOption) => heston(o, lewis), (o: EuropeanOption) => blackScholes(o, 0.3)]) {
      expect(greeks(long).price - greeks(put).price).toBeCloseTo(100 * carried - 90 * Math.exp(-0.01), 12);
      expect(greeks(long).delta - greeks(put).delta).toBeCloseTo(carried, 12);
    }
  });

  test('Heston → Black–Scholes as the volatility of variance vanishes', () => {
    const option = call({ years: 0.5, strike: 105, rate: 0.02 });
    const exact = blackScholes(option, 0.2);
    const error = (xi: number): number => {
      const greeks = heston(option, { v0: 0.04, kappa: 2, theta: 0.04, xi, rho: -0.7 });
      return Math.max(
        Math.abs(greeks.price - exact.price),
        Math.abs(greeks.delta - exact.delta),
        Math.abs(greeks.gamma - exact.gamma),
      );
    };
    expect(error(1e-4)).toBeLessThan(1e-3);
    expect(error(1e-6)).toBeLessThan(1e-5);
    expect(error(1e-8)).toBeLessThan(1e-7);
  });

  test('Heston is homogeneous: doubling spot and strike doubles the price', () => {
    expect(heston(call({ spot: 200, strike: 200 }), hedge1).price).toBeCloseTo(2 * heston(call({}), hedge1).price, 10);
  });
});

describe('Greeks against central differences', () => {
  const option = call({ years: 0.3, strike: 95, rate: 0.03, dividend: 0.01 });
  const h = 0.01;

  test.each(['european-call', 'european-put'] as const)('Black–Scholes %s', (type) => {
    const at = (spot: number, volatility: number): number => blackScholes({ ...option, type, spot }, volatility).price;
    const greeks = blackScholes({ ...option, type }, 0.2);
    expect(greeks.delta).toBeCloseTo((at(100 + h, 0.2) - at(100 - h, 0.2)) / (2 * h), 7);
    expect(greeks.gamma).toBeCloseTo((at(100 + h, 0.2) - 2 * at(100, 0.2) + at(100 - h, 0.2)) / (h * h), 7);
    expect(greeks.vega).toBeCloseTo((at(100, 0.2 + 1e-5) - at(100, 0.2 - 1e-5)) / 2e-5, 6);
  });

  test.each(['european-call', 'european-put'] as const)('Heston %s', (type) => {
    const at = (spot: number, v0: number): number => heston({ ...option, type, spot }, { ...hedge1, v0 }).price;
    const greeks = heston({ ...option, type }, hedge1);
    expect(greeks.delta).toBeCloseTo((at(100 + h, 0.04) - at(100 - h, 0.04)) / (2 * h), 7);
    expect(greeks.gamma).toBeCloseTo((at(100 + h, 0.04) - 2 * at(100, 0.04) + at(100 - h, 0.04)) / (h * h), 7);
    expect(greeks.variance).toBeCloseTo((at(100, 0.04 + 1e-6) - at(100, 0.04 - 1e-6)) / 2e-6, 4);
  });

  test('known defect 8: at expiry the delta is the step function, never NaN', () => {
    expect(blackScholes(call({ years: 0, spot: 101 }), 0.2)).toEqual({ price: 1, delta: 1, gamma: 0, vega: 0 });
    expect(blackScholes(call({ years: 0, spot: 99 }), 0.2)).toEqual({ price: 0, delta: 0, gamma: 0, vega: 0 });
    expect(blackScholes(call({ years: 0, spot: 99, type: 'european-put' }), 0.2)).toEqual({
      price: 1,
      delta: -1,
      gamma: 0,
      vega: 0,
    });
  });
});

test('Gauss–Legendre integrates polynomials of degree 2n − 1 exactly', () => {
  const { nodes, weights } = gaussLegendre(6);
  const integral = nodes.reduce((sum, x, k) => sum + weights[k]! * x ** 11, 0);
  expect(integral).toBeCloseTo(1 / 12, 15);
});

describe('price of a problem', () => {
  test('takes days as 1/365 of a year and names the model', () => {
    const problem = {
      market: { model: 'heston', v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7, drift: 0.05 },
      horizon: { days: 30, steps: 7 },
      liability: { type: 'european-call', strike: 100 },
    };
    const { price: value, model } = price(problem);
    expect(model).toBe('heston');
    expect(Math.abs(value - 2.2683193398795)).toBeLessThan(1e-11);
  });

  test('the real-world drift does not enter, the interest rate does', () => {
    const value = (drift: number, rate: number): number =>
      price({
        market: { model: 'black-scholes', volatility: 0.2, drift, rate },
        horizon: { years: 1, steps: 12 },
        liability: { type: 'european-call', strike: 100 },
      }).price;
    expect(value(0.3, 0)).toBe(value(0, 0));
    expect(value(0, 0.05)).toBeCloseTo(10.450583572185565, 12);
  });

  test('refuses a bad problem', () => {
    expect(() => price({})).toThrow(KfacError);
  });
});
