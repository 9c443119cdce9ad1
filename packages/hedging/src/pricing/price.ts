import { horizonYears } from '../horizon.ts';
import { parseHedgingSpec } from '../parse.ts';
import type { HedgingSpec } from '../spec.ts';
import { blackScholes } from './black-scholes.ts';
import { heston } from './heston.ts';

/** A risk-neutral price in currency and the model that gave it. */
export interface Price {
  readonly price: number;
  readonly model: 'black-scholes' | 'heston';
}

/** The risk-neutral price without costs of a problem's liability. */
export function priceLiability({
  market,
  horizon,
  liability,
}: Pick<HedgingSpec, 'market' | 'horizon' | 'liability'>): Price {
  const option = { ...liability, ...market, years: horizonYears(horizon) };
  const { price } = market.model === 'heston' ? heston(option, market) : blackScholes(option, market.volatility);
  return { price, model: market.model };
}

/** The risk-neutral price of the liability of a hedging problem given as JSON; throws as `parseHedgingSpec`. */
export function price(json: unknown): Price {
  return priceLiability(parseHedgingSpec(json));
}
