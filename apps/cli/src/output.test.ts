import { expect, test } from 'vitest';
import { histogramCsv, jsonFile } from './output.ts';

test('histograms are rows of bins, by name', () => {
  const summary = { mean: 0, variance: 0, sharpe: 0, var95: 0, cvar95: 0, cvar99: 0 };
  const csv = histogramCsv([
    { name: 'policy', edges: [-1, 0, 1], counts: [3, 4], ...summary },
    { name: 'noHedge', edges: [-2, 2], counts: [7], ...summary },
  ]);
  expect(csv).toBe('name,lower,upper,count\npolicy,-1,0,3\npolicy,0,1,4\nnoHedge,-2,2,7\n');
});

test('typed arrays are arrays in JSON', () => {
  expect(JSON.parse(jsonFile({ parameters: Float64Array.of(1, 2.5) }))).toEqual({ parameters: [1, 2.5] });
});
