import type { Risk } from './risk.ts';

/**
 * Entropic risk (1/a)·ln((1/B)Σ e^{−a x_i}), by log-sum-exp. With the tilted weights s_i = e^{−a x_i}/Σ e^{−a x_j} the
 * slopes are −s_i and the curvature is a·s_i, centred. `aversion` a > 0 in 1/currency.
 */
export function entropicRisk(aversion: number): Risk {
  return {
    centred: true,
    value: (pnl) => logMeanExp(pnl, aversion) / aversion,
    differentiate(pnl, slope, curvature) {
      const logMean = logMeanExp(pnl, aversion);
      for (let i = 0; i < pnl.length; i++) {
        const tilted = Math.exp(-aversion * pnl[i]! - logMean) / pnl.length;
        slope[i] = -tilted;
        curvature[i] = aversion * tilted;
      }
      return logMean / aversion;
    },
  };
}

/** ln((1/B)Σ e^{−a x_i}), the largest exponent taken out first. */
function logMeanExp(pnl: Float64Array, aversion: number): number {
  let worst = Infinity;
  for (let i = 0; i < pnl.length; i++) {
    if (!(pnl[i]! >= worst)) worst = pnl[i]!;
  }
  let sum = 0;
  for (let i = 0; i < pnl.length; i++) sum += Math.exp(-aversion * (pnl[i]! - worst));
  return Math.log(sum / pnl.length) - aversion * worst;
}
