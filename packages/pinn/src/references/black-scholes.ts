import { KfacError, normalCdf, normalPdf } from '@kfac/core';
import type { ExactSolution } from '../exact.ts';

/** A European call: strike, and per unit of time rate and volatility. */
export interface CallTerms {
  readonly strike: number;
  readonly rate: number;
  readonly volatility: number;
}

/**
 * Value of a European call, S·Φ(d₁) − K·e^{−rt}·Φ(d₂) with d₁ = (ln(S/K) + (r + σ²/2)t)/(σ√t), d₂ = d₁ − σ√t, t being the
 * time to maturity (Black and Scholes 1973).
 */
export class BlackScholesReference implements ExactSolution {
  readonly #terms: CallTerms;
  readonly #time: number;
  readonly #spot: number;

  /** `time` and `spot` are the axes of t and S. Throws `KFAC_SPEC` unless strike and volatility are positive. */
  constructor(terms: CallTerms, time: number, spot: number) {
    if (!(terms.strike > 0 && terms.volatility > 0))
      throw new KfacError(
        'KFAC_SPEC',
        `expected a positive strike and volatility, got ${terms.strike} and ${terms.volatility}`,
      );
    this.#terms = terms;
    this.#time = time;
    this.#spot = spot;
  }

  values(_engine: unknown, coordinates: { readonly cols: number; readonly data: ArrayLike<number> }): Float64Array {
    const { cols, data } = coordinates;
    return Float64Array.from({ length: cols }, (_, n) =>
      this.#derivative(data[this.#time * cols + n]!, data[this.#spot * cols + n]!, 0, 0),
    );
  }

  derivative(point: readonly number[], orders: readonly number[]): number {
    return this.#derivative(point[this.#time]!, point[this.#spot]!, orders[this.#time]!, orders[this.#spot]!);
  }

  #derivative(t: number, spot: number, timeOrder: number, spotOrder: number): number {
    const { strike, rate, volatility } = this.#terms;
    const spread = volatility * Math.sqrt(t);
    const discounted = strike * Math.exp(-rate * t);
    // At maturity and at S = 0 the quotient is ±∞, at the strike itself 0/0: the payoff's kink, where the value is 0.
    const d1 = (Math.log(spot / strike) + (rate + volatility ** 2 / 2) * t) / spread || 0;
    const d2 = d1 - spread;
    switch (`${timeOrder},${spotOrder}`) {
      case '0,0':
        return spot * normalCdf(d1) - discounted * normalCdf(d2);
      case '0,1':
        return normalCdf(d1);
      case '0,2':
        return normalPdf(d1) / (spot * spread);
      case '1,0':
        return (spot * normalPdf(d1) * volatility) / (2 * Math.sqrt(t)) + rate * discounted * normalCdf(d2);
      default:
        throw new KfacError('KFAC_SPEC', 'the Black-Scholes reference has the derivatives V_t, V_S and V_SS only');
    }
  }
}
