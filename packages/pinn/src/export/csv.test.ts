import { expect, test } from 'vitest';
import { fieldsCsv } from './csv.ts';

test('fields are rows of a grid, the last coordinate fastest', () => {
  const axes = [
    { name: 'x', values: [0, 1] },
    { name: 'y', values: [5, 6, 7] },
  ];
  const field = (name: string, values: number[]) => ({ name, shape: [2, 3], axes, values: Float64Array.from(values) });
  const csv = fieldsCsv([field('u', [1, 2, 3, 4, 5, 6]), field('error', [0, 0, 0, 0, 0, 0.1])]);
  expect(csv).toBe('x,y,u,error\n0,5,1,0\n0,6,2,0\n0,7,3,0\n1,5,4,0\n1,6,5,0\n1,7,6,0.1\n');
});
