import type { Distribution } from '@kfac/core';
import { entropicRisk } from './risk/entropic.ts';
import { mean } from './risk/risk.ts';

/** What a hedge did on the test paths: currency, discounted to date 0, per path, not annualised. */
export interface HedgeSummary {
  readonly pnlMean: number;
  /** Unbiased sample variance of the P&L. */
  readonly pnlVariance: number;
  /** Mean over standard deviation of the P&L. */
  readonly sharpe: number;
  /** √((1 + sharpe²/2)/n) (Lo 2002). */
  readonly sharpeStandardError: number;
  /** Mean of the worst 5 % of losses. */
  readonly cvar95: number;
  /** Mean of the worst 1 % of losses. */
  readonly cvar99: number;
  /** Entropic risk at the problem's risk aversion. */
  readonly entropic: number;
  readonly meanCost: number;
  /** Mean Σ|δ_t − δ_{t−1}|, in units of the spot. */
  readonly turnover: number;
}

/** Summary of per-path P&L values (`ascending`: the same values sorted) with the means of cost and turnover. */
export function summarize(
  pnl: Float64Array,
  ascending: Float64Array,
  means: { cost: number; turnover: number },
  aversion: number,
): HedgeSummary {
  const n = pnl.length;
  const pnlMean = mean(pnl);
  const pnlVariance = sampleVariance(pnl, pnlMean);
  const sharpe = pnlMean / Math.sqrt(pnlVariance);
  return {
    pnlMean,
    pnlVariance,
    sharpe,
    sharpeStandardError: Math.sqrt((1 + (sharpe * sharpe) / 2) / n),
    cvar95: tailLoss(ascending, 0.05),
    cvar99: tailLoss(ascending, 0.01),
    entropic: entropicRisk(aversion).value(pnl),
    meanCost: means.cost,
    turnover: means.turnover,
  };
}

/** Unbiased variance around a known mean. */
export function sampleVariance(values: Float64Array, centre: number): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - centre) ** 2;
  return squares / (values.length - 1);
}

/** Mean of the worst fraction of losses of P&L values in ascending order, the path on the boundary counted in part. */
export function tailLoss(ascending: Float64Array, fraction: number): number {
  const tail = fraction * ascending.length;
  const whole = Math.min(Math.floor(tail), ascending.length);
  let sum = 0;
  for (let i = 0; i < whole; i++) sum -= ascending[i]!;
  if (tail > whole) sum -= (tail - whole) * ascending[whole]!;
  return sum / tail;
}

/** Common edges for several P&L samples (each ascending): `bins` equal bins over their middle 99.8 %. */
export function histogramEdges(samples: readonly Float64Array[], bins: number): number[] {
  const at = (sample: Float64Array, fraction: number): number => sample[Math.floor(fraction * (sample.length - 1))]!;
  const low = Math.min(...samples.map((sample) => at(sample, 0.001)));
  const high = Math.max(...samples.map((sample) => at(sample, 0.999)));
  const width = (high > low ? high - low : 1) / bins;
  return Array.from({ length: bins + 1 }, (_, k) => low + k * width);
}

/** Histogram of P&L values over ascending equidistant edges, the outer bins including what lies beyond. */
export function distribution(
  name: string,
  ascending: Float64Array,
  edges: readonly number[],
  summary: HedgeSummary,
): Distribution {
  const bins = edges.length - 1;
  const counts = Array.from({ length: bins }, () => 0);
  const width = (edges[bins]! - edges[0]!) / bins;
  for (const value of ascending) {
    const bin = Math.floor((value - edges[0]!) / width);
    counts[Math.min(Math.max(bin, 0), bins - 1)]! += 1;
  }
  return {
    name,
    edges: [...edges],
    counts,
    mean: summary.pnlMean,
    variance: summary.pnlVariance,
    sharpe: summary.sharpe,
    var95: -ascending[Math.floor(0.05 * ascending.length)]!,
    cvar95: summary.cvar95,
    cvar99: summary.cvar99,
  };
}
