import { PhiloxStream } from '@kfac/core';
import { expect, test } from 'vitest';
import { digitsOf, haltonPoints, radicalInverse } from './halton.ts';

const identities = (base: number): number[][] =>
  Array.from({ length: digitsOf(base) }, () => Array.from({ length: base }, (_, k) => k));

test.each([
  [2, [0, 1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8, 3 / 8, 7 / 8]],
  [3, [0, 1 / 3, 2 / 3, 1 / 9, 4 / 9, 7 / 9, 2 / 9, 5 / 9, 8 / 9, 1 / 27]],
  [10, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.01, 0.11]],
])(
  'without scrambling: the sequence of van der Corput in base %i, in the middle of the last digit',
  (base, expected) => {
    for (const [n, value] of expected.entries()) {
      const middle = 0.5 / base ** digitsOf(base);
      expect(radicalInverse(n, base, identities(base)) - middle).toBeCloseTo(value, 15);
    }
  },
);

test('a permutation of the first digit alone exchanges whole intervals', () => {
  const permutations = [[2, 0, 1], ...identities(3).slice(1)];
  for (let n = 0; n < 27; n++) {
    const plain = radicalInverse(n, 3, identities(3));
    const interval = Math.floor(3 * plain);
    expect(radicalInverse(n, 3, permutations)).toBeCloseTo(plain + (permutations[0]![interval]! - interval) / 3, 15);
  }
});

test('b^k consecutive points have one in each interval of length b^-k, in each of ten coordinates', () => {
  const count = 1024;
  const points = new Float64Array(10 * count);
  haltonPoints(count, 10, new PhiloxStream(7, 0), points);
  expect(points.every((value) => value > 0 && value < 1)).toBe(true);
  for (const [j, base] of [2, 3, 5, 7, 11, 13, 17, 19, 23, 29].entries()) {
    for (let block = base; block <= count; block *= base) {
      const intervals = Array.from({ length: block }, (_, n) => Math.floor(points[10 * n + j]! * block));
      expect(new Set(intervals).size).toBe(block);
    }
  }
});
