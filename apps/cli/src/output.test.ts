import { expect, test } from 'vitest';
import { fieldsCsv, histogramCsv, jsonFile } from './output.ts';

test('fields are rows of a grid, the last coordinate fastest', () => {
  const axes = [
    { name: 'x', values: [0, 1] },
    { name: 'y', values: [5, 6, 7] },
  ];
  const field = (name: string, values: number[]) => ({ name, shape: [2, 3], axes, values: Float32Array.from(values) });
  const csv = fieldsCsv([field('u', [1, 2, 3, 4, 5, 6]), field('error', [0, 0, 0, 0, 0, 0.5])]);
  expect(csv).toBe('x,y,u,error\n0,5,1,0\n0,6,2,0\n0,7,3,0\n1,5,4,0\n1,6,5,0\n1,7,6,0.5\n');
});

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
