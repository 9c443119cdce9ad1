import { PhiloxStream } from '@kfac/core';
import { expect, test } from 'vitest';
import { gridPoints } from './grid.ts';

function grid(count: number, dimensions: number): number[][] {
  const out = new Float64Array(count * dimensions);
  const stream = new PhiloxStream(1, 0);
  gridPoints(count, dimensions, stream, out);
  expect(stream.position).toBe(0);
  return Array.from({ length: count }, (_, n) => [...out.subarray(n * dimensions, (n + 1) * dimensions)]);
}

test('nᵈ points are the product grid of midpoints', () => {
  expect(grid(4, 1)).toEqual([[0.125], [0.375], [0.625], [0.875]]);
  const midpoints = [1 / 6, 3 / 6, 5 / 6];
  expect(grid(27, 3)).toEqual(midpoints.flatMap((x) => midpoints.flatMap((y) => midpoints.map((z) => [x, y, z]))));
  expect(new Set(grid(5 ** 4, 4).map(([x]) => x)).size).toBe(5);
});

test('a prime number of points: seven slices of seven or eight, as wide as their share', () => {
  const points = grid(53, 2);
  const slices = [...new Set(points.map(([x]) => x!))];
  const sizes = slices.map((x) => points.filter(([other]) => other === x).length);
  expect(sizes).toEqual([7, 8, 7, 8, 7, 8, 8]);
  let before = 0;
  for (const [k, size] of sizes.entries()) {
    expect(slices[k]).toBeCloseTo((before + size / 2) / 53, 15);
    before += size;
  }
});

test.each([1, 2, 3, 10, 2999])('%i points in up to ten dimensions: different, and inside', (count) => {
  for (const dimensions of [1, 2, 3, 10]) {
    const points = grid(count, dimensions);
    expect(new Set(points.map(String)).size).toBe(count);
    expect(points.flat().every((value) => value > 0 && value < 1)).toBe(true);
  }
});
