/** A European option seen τ years before expiry. */
export interface EuropeanOption {
  readonly type: 'european-call' | 'european-put';
  readonly spot: number;
  readonly strike: number;
  /** Time to expiry in years, ≥ 0. */
  readonly years: number;
  readonly rate: number;
  readonly dividend: number;
}

/** A call's price and delta turned into the option's by put–call parity: C − P = S·e^{−qτ} − K·e^{−rτ}. */
export function byParity(
  option: EuropeanOption,
  call: { price: number; delta: number },
): { price: number; delta: number } {
  if (option.type === 'european-call') return call;
  const carried = Math.exp(-option.dividend * option.years);
  return {
    price: call.price - option.spot * carried + option.strike * Math.exp(-option.rate * option.years),
    delta: call.delta - carried,
  };
}
