import { expect, test } from 'vitest';
import { shiftedSobolPoints } from './sobol.ts';

const points = (count: number, dimensions: number, shift = new Float64Array(dimensions)): number[][] => {
  const out = new Float64Array(count * dimensions);
  shiftedSobolPoints(count, dimensions, shift, out);
  return Array.from({ length: count }, (_, n) => [...out.subarray(n * dimensions, (n + 1) * dimensions)]);
};

test('the points of SciPy 1.17.1 (new-joe-kuo-6), ten dimensions', () => {
  const own = points(64, 10);
  const expected: Record<number, number[]> = {
    1: [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    2: [0.75, 0.25, 0.25, 0.25, 0.75, 0.75, 0.25, 0.75, 0.75, 0.75],
    5: [0.875, 0.875, 0.125, 0.375, 0.875, 0.625, 0.875, 0.375, 0.375, 0.125],
    17: [0.59375, 0.96875, 0.96875, 0.15625, 0.78125, 0.46875, 0.03125, 0.34375, 0.96875, 0.65625],
    37: [0.921875, 0.640625, 0.578125, 0.921875, 0.765625, 0.296875, 0.171875, 0.796875, 0.609375, 0.171875],
    63: [0.015625, 0.796875, 0.359375, 0.453125, 0.859375, 0.140625, 0.578125, 0.140625, 0.828125, 0.578125],
  };
  for (const [n, point] of Object.entries(expected)) {
    for (const [j, value] of point.entries()) expect(own[Number(n)]![j]).toBeCloseTo(value, 9);
  }
});

test('the points of SciPy 1.17.1, a hundred dimensions: coordinates 11, 21, 41, 61, 81, 96 and 100', () => {
  const own = points(64, 100);
  const expected: Record<number, number[]> = {
    5: [0.375, 0.625, 0.375, 0.625, 0.625, 0.625, 0.375],
    37: [0.015625, 0.953125, 0.078125, 0.078125, 0.421875, 0.546875, 0.171875],
    63: [0.421875, 0.234375, 0.671875, 0.296875, 0.890625, 0.890625, 0.078125],
  };
  for (const [n, point] of Object.entries(expected)) {
    for (const [k, j] of [10, 20, 40, 60, 80, 95, 99].entries()) expect(own[Number(n)]![j]).toBeCloseTo(point[k]!, 9);
  }
});

test('with any shift the first 2^k points have one point in each interval of length 2^-k, in every dimension', () => {
  const shift = Float64Array.from({ length: 100 }, (_, j) => (j * 0.618 + 0.123) % 1);
  const own = points(256, 100, shift);
  for (let j = 0; j < 100; j++) {
    expect(new Set(own.map((point) => Math.floor(point[j]! * 256))).size).toBe(256);
    expect(own.every((point) => point[j]! > 0 && point[j]! < 1)).toBe(true);
  }
});
