import type { Risk } from './risk.ts';

/** Quadratic loss (1/B)Σ(x_i − c)² around a target c in currency; ω_i = 2/B, not centred. */
export function quadraticRisk(target: number): Risk {
  const value = (pnl: Float64Array): number => {
    let squares = 0;
    for (let i = 0; i < pnl.length; i++) squares += (pnl[i]! - target) ** 2;
    return squares / pnl.length;
  };
  return {
    centred: false,
    value,
    differentiate(pnl, slope, curvature) {
      for (let i = 0; i < pnl.length; i++) slope[i] = (2 * (pnl[i]! - target)) / pnl.length;
      curvature.fill(2 / pnl.length);
      return value(pnl);
    },
  };
}
