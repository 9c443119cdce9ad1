import { normalCdf } from '@kfac/core';
import { byParity } from './claim.ts';
import type { EuropeanOption } from './claim.ts';

/** Price in currency, delta and gamma in the spot, vega per unit of volatility. */
export interface BlackScholesGreeks {
  readonly price: number;
  readonly delta: number;
  readonly gamma: number;
  readonly vega: number;
}

/**
 * Black–Scholes price and Greeks of a European option (Black & Scholes 1973; Merton 1973). At expiry, or without
 * volatility, the forward is known: the delta is the step function and gamma and vega are 0.
 */
export function blackScholes(option: EuropeanOption, volatility: number): BlackScholesGreeks {
  const { spot, strike, years, rate, dividend } = option;
  const carried = Math.exp(-dividend * years);
  const discounted = strike * Math.exp(-rate * years);
  const sd = volatility * Math.sqrt(years);
  if (!(sd > 0)) {
    const call = { price: Math.max(spot * carried - discounted, 0), delta: spot * carried > discounted ? carried : 0 };
    return { ...byParity(option, call), gamma: 0, vega: 0 };
  }
  const d1 = Math.log((spot * carried) / discounted) / sd + sd / 2;
  const density = Math.exp((-d1 * d1) / 2) / Math.sqrt(2 * Math.PI);
  const delta = carried * normalCdf(d1);
  return {
    ...byParity(option, { price: spot * delta - discounted * normalCdf(d1 - sd), delta }),
    gamma: (carried * density) / (spot * sd),
    vega: spot * carried * density * Math.sqrt(years),
  };
}
