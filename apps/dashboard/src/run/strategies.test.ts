import { expect, test } from 'vitest';
import type { Distribution } from '../api/types.ts';
import { comparison, strategyName } from './strategies.ts';

const distribution = (name: string, variance: number): Distribution => ({
  name,
  edges: [-1, 0, 1],
  counts: [1, 1],
  mean: 0.1,
  variance,
  sharpe: 0.2,
  var95: 1,
  cvar95: 2,
  cvar99: 3,
});

test('while training the distributions speak, and what they do not know is left out', () => {
  const table = comparison([distribution('policy', 0.3), distribution('noHedge', 5)], null);
  expect(table.final).toBe(false);
  expect(table.columns.map(strategyName)).toEqual(['Policy', 'No hedge']);
  expect(table.rows.map((row) => row.label)).not.toContain('Mean cost');
  expect(table.rows.find((row) => row.label === 'P&L variance')).toEqual({
    label: 'P&L variance',
    values: [0.3, 5],
    best: 0,
  });
});

test('the report speaks once it is there, and names the lowest risk of each row', () => {
  const result = {
    policy: { entropic: 0.28, pnlMean: -0.1, meanCost: 0.15 },
    baselines: {
      noHedge: { entropic: 6, pnlMean: 0.01, meanCost: 0 },
      blackScholesDelta: { entropic: 0.33, pnlMean: -0.2, meanCost: 0.22 },
    },
  };
  const table = comparison([], result);
  expect(table.final).toBe(true);
  expect(table.columns).toEqual(['policy', 'noHedge', 'blackScholesDelta']);
  const best = Object.fromEntries(table.rows.map((row) => [row.label, row.best]));
  expect(best).toEqual({ 'Entropic risk': 0, 'Mean P&L': null, 'Mean cost': null });
});
