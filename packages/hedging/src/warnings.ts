import { horizonYears } from './horizon.ts';
import { riskAversion } from './risk/measures.ts';
import type { HedgingSpec, HestonSpec } from './spec.ts';

/** What a user should know about a valid problem before training it. */
export function warnings({ market, horizon, risk, batch, precision }: HedgingSpec): string[] {
  const notes: string[] = [];
  if (market.model === 'heston' && !correctionExists(market, horizonYears(horizon) / horizon.steps)) {
    notes.push('rho > 0 with a long step: QE-M cannot correct every step and falls back to QE there; take more steps');
  }
  if (risk.measure !== 'quadratic' && riskAversion(risk) * market.spot < 5) {
    notes.push(
      `risk aversion × spot is ${riskAversion(risk) * market.spot}: nearly risk neutral, not hedging is competitive (only the product matters)`,
    );
  }
  if (market.model === 'heston' && 2 * market.kappa * market.theta < market.xi ** 2) {
    notes.push('2·kappa·theta < xi²: the variance reaches 0 (Feller condition violated); the QE scheme handles it');
  }
  if (batch < 128) notes.push(`batch ${batch}: the quadratic model of a K-FAC step is noisy below about 128 paths`);
  if (precision === 'f32' && market.spot > 1e6) notes.push('a spot above 1e6 costs digits in f32; use precision f64');
  return notes;
}

/**
 * Whether the QE-M martingale correction exists at every variance: E[e^{A·V′}] is finite below 1.2·κ/(ξ²(1 − e^{−κΔ})) in
 * both branches of the scheme, and A ≤ 0 for ρ ≤ 0 (Andersen 2008).
 */
function correctionExists({ kappa, xi, rho }: HestonSpec, interval: number): boolean {
  const exponent = 0.5 * interval * ((kappa * rho) / xi - 0.5) + rho / xi + 0.25 * interval * (1 - rho * rho);
  return exponent < (1.2 * kappa) / (xi * xi * -Math.expm1(-kappa * interval));
}
