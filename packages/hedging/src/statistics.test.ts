import { describe, expect, test } from 'vitest';
import { PhiloxStream } from '@kfac/core';
import { distribution, histogramEdges, summarize, tailLoss } from './statistics.ts';

test('the worst fraction of losses counts the boundary path in part', () => {
  const ascending = Float64Array.of(-4, -3, -2, -1, 0, 1, 2, 3, 4, 5);
  expect(tailLoss(ascending, 0.1)).toBe(4);
  expect(tailLoss(ascending, 0.2)).toBe(3.5);
  expect(tailLoss(ascending, 0.25)).toBeCloseTo((4 + 3 + 0.5 * 2) / 2.5, 14);
  expect(tailLoss(ascending, 0.05)).toBe(4);
  expect(tailLoss(ascending, 1)).toBe(-0.5);
});

describe('summary of a normal sample', () => {
  const stream = new PhiloxStream(3, 0);
  const n = 200_000;
  const pnl = Float64Array.from({ length: n }, () => 0.5 + 2 * stream.normal());
  const ascending = pnl.toSorted();
  const summary = summarize(pnl, ascending, { cost: 0.25, turnover: 3 }, 0.5);

  test('mean, variance, Sharpe ratio and its standard error', () => {
    expect(Math.abs(summary.pnlMean - 0.5)).toBeLessThan(3 * (2 / Math.sqrt(n)));
    expect(Math.abs(summary.pnlVariance - 4)).toBeLessThan(3 * 4 * Math.sqrt(2 / n));
    expect(Math.abs(summary.sharpe - 0.25)).toBeLessThan(3 * summary.sharpeStandardError);
    expect(summary.sharpeStandardError).toBeCloseTo(Math.sqrt((1 + summary.sharpe ** 2 / 2) / n), 15);
    expect(summary.meanCost).toBe(0.25);
    expect(summary.turnover).toBe(3);
  });

  test('CVaR and entropic risk against the closed forms of the normal law', () => {
    // E[L | worst 1−α] = −μ + σ·n(z_α)/(1−α); entropic: −μ + aσ²/2.
    expect(summary.cvar95).toBeCloseTo(-0.5 + 2 * 2.062713, 1);
    expect(summary.cvar99).toBeCloseTo(-0.5 + 2 * 2.665214, 1);
    expect(summary.entropic).toBeCloseTo(-0.5 + 0.5 * 2, 1);
  });

  test('the histogram counts every path once; the outer bins include what lies beyond', () => {
    const edges = histogramEdges([ascending], 50);
    const histogram = distribution('policy', ascending, edges, summary);
    expect(histogram.edges).toHaveLength(51);
    expect(histogram.counts.reduce((sum, k) => sum + k, 0)).toBe(n);
    expect(histogram.counts[0]).toBe(pnl.filter((x) => x < edges[1]!).length);
    expect(histogram.var95).toBeCloseTo(-0.5 + 2 * 1.644854, 1);
    expect(histogram.cvar95).toBe(summary.cvar95);
  });
});

test('a constant P&L has a histogram too', () => {
  const values = new Float64Array(10).fill(1);
  const edges = histogramEdges([values], 4);
  const histogram = distribution('noHedge', values, edges, summarize(values, values, { cost: 0, turnover: 0 }, 1));
  expect(histogram.counts).toEqual([10, 0, 0, 0]);
});
