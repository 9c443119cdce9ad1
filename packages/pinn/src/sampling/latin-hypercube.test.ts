import { PhiloxStream } from '@kfac/core';
import { expect, test } from 'vitest';
import { latinHypercubePoints } from './latin-hypercube.ts';
import { randomPermutation } from './permutation.ts';

test.each([1, 2, 7, 1000, 4096])('%i points: one in each interval along each of four coordinates', (count) => {
  const points = new Float64Array(4 * count);
  latinHypercubePoints(count, 4, new PhiloxStream(3, 0), points);
  for (let j = 0; j < 4; j++) {
    const strata = Array.from({ length: count }, (_, n) => Math.floor(points[4 * n + j]! * count));
    expect(strata.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, k) => k));
  }
});

test('permutations of three are equally likely', () => {
  const stream = new PhiloxStream(5, 0);
  const seen = new Map<string, number>();
  for (let k = 0; k < 6000; k++) {
    const key = randomPermutation(3, stream).join('');
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  expect(seen.size).toBe(6);
  // Standard deviation √(6000·⅙·⅚) = 29.
  for (const frequency of seen.values()) expect(Math.abs(frequency - 1000)).toBeLessThan(120);
});
