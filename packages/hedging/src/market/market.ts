import type { Market } from '@kfac/core';
import { horizonYears } from '../horizon.ts';
import type { HedgingSpec, MarketSpec } from '../spec.ts';

/** Purposes of random paths: they never share a draw. */
export const PURPOSE = { training: 0, validation: 1, test: 2 } as const;

/** The market as the engine simulates it, under the real-world measure (drift μ); Heston by QE-M. */
export function realWorldMarket(market: MarketSpec): Market {
  const { spot, drift } = market;
  if (market.model === 'black-scholes') return { model: market.model, spot, drift, volatility: market.volatility };
  const { model, v0, kappa, theta, xi, rho } = market;
  return { model, spot, drift, v0, kappa, theta, xi, rho, scheme: 'qe-m' };
}

/** Expected integrated variance E∫V over τ years from the instantaneous variance v: θτ + (v − θ)(1 − e^{−κτ})/κ. */
export function expectedIntegratedVariance(market: MarketSpec, v: number, tau: number): number {
  if (market.model === 'black-scholes') return market.volatility ** 2 * tau;
  const { kappa, theta } = market;
  return theta * tau - ((v - theta) * Math.expm1(-kappa * tau)) / kappa;
}

/**
 * Scale of the log-moneyness feature: the reciprocal of the standard deviation of ln S_T, rounded to one significant
 * digit (20 for 20 % volatility over 30 days), so that the feature is of order one and the scale reads well.
 */
export function logScale(spec: Pick<HedgingSpec, 'market' | 'horizon'>): number {
  const years = horizonYears(spec.horizon);
  const v0 = spec.market.model === 'heston' ? spec.market.v0 : 0;
  return Number((1 / Math.sqrt(expectedIntegratedVariance(spec.market, v0, years))).toPrecision(1));
}
