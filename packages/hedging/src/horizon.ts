import type { HedgingSpec } from './spec.ts';

/** T in years: days are 1/365 of a year and need not be a multiple of the steps. */
export function horizonYears(horizon: HedgingSpec['horizon']): number {
  return 'days' in horizon ? horizon.days / 365 : horizon.years;
}
