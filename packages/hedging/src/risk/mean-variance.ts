import { mean } from './risk.ts';
import type { Risk } from './risk.ts';

/** Mean–variance risk −x̄ + (γ/2)·Var with the variance over B; ω_i = γ/B, centred. γ > 0 in 1/currency. */
export function meanVarianceRisk(gamma: number): Risk {
  const value = (pnl: Float64Array): number => {
    const centre = mean(pnl);
    let squares = 0;
    for (let i = 0; i < pnl.length; i++) squares += (pnl[i]! - centre) ** 2;
    return -centre + ((gamma / 2) * squares) / pnl.length;
  };
  return {
    centred: true,
    value,
    differentiate(pnl, slope, curvature) {
      const centre = mean(pnl);
      for (let i = 0; i < pnl.length; i++) slope[i] = (gamma * (pnl[i]! - centre) - 1) / pnl.length;
      curvature.fill(gamma / pnl.length);
      return value(pnl);
    },
  };
}
