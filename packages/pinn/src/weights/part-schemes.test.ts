import { PhiloxStream } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { balanced } from './balanced.ts';
import { clampWeight } from './clamp.ts';
import { gradNorm } from './grad-norm.ts';
import { ntk } from './ntk.ts';
import type { PartMeasures } from './part-scheme.ts';
import { Relobralo } from './relobralo.ts';

const measuring = (values: readonly number[]): PartMeasures => {
  const measure = () => Float64Array.from(values);
  return { losses: measure, gradientNorms: measure, kernelDiagonals: measure };
};

const close = (got: Float64Array, want: readonly number[]): void =>
  want.forEach((value, i) => expect(Math.abs(got[i]! / value - 1)).toBeLessThan(1e-14));

test.each([gradNorm, ntk])('%s: the moving average of mean over own', (scheme) => {
  const weights = Float64Array.of(0.1, 1, 2);
  const start = weights.slice();
  scheme({ every: 1, decay: 0.75 }).update(measuring([4, 1, 1]), start, weights);
  // Mean 2: ŵ = ½, 2, 2.
  close(weights, [0.75 * 0.1 + 0.25 * 0.5, 0.75 + 0.25 * 2, 2]);
});

describe('clamped to a factor 1000 of the start', () => {
  test('a part that has vanished cannot drive the others away', () => {
    const start = Float64Array.of(0.1, 1);
    const weights = start.slice();
    for (let k = 0; k < 400; k++) gradNorm({ every: 1, decay: 0.9 }).update(measuring([0, 1]), start, weights);
    close(weights, [100, 0.5]);
    for (let k = 0; k < 400; k++) gradNorm({ every: 1, decay: 0.9 }).update(measuring([1, 1e9]), start, weights);
    close(weights, [100, 0.5 * (1 + 1e-9)]);
    for (let k = 0; k < 400; k++) balanced({ every: 1, exponent: 1 }).update(measuring([1, 1e-9]), start, weights);
    expect(weights[0]).toBeGreaterThanOrEqual(1e-4);
  });

  test('what is no number changes nothing', () => {
    expect(clampWeight(Number.NaN, 1, 0.3)).toBe(0.3);
    const weights = Float64Array.of(0.1, 1);
    gradNorm({ every: 1, decay: 0.9 }).update(measuring([0, 0]), weights.slice(), weights);
    expect([...weights]).toEqual([0.1, 1]);
  });
});

test('balanced: w·(mean of wL over own wL)^p, scaled to the mean of the start', () => {
  const start = Float64Array.of(0.5, 1.5);
  const weights = start.slice();
  balanced({ every: 1, exponent: 0.5 }).update(measuring([2, 6]), start, weights);
  // wL = 1, 9, mean 5.
  const next = [0.5 * Math.sqrt(5 / (1 + 1e-8)), 1.5 * Math.sqrt(5 / (9 + 1e-8))];
  const scale = 2 / (next[0]! + next[1]!);
  close(weights, [scale * next[0]!, scale * next[1]!]);
  // And in the limit both weighted losses are equal.
  for (let k = 0; k < 300; k++) balanced({ every: 1, exponent: 0.2 }).update(measuring([2, 6]), start, weights);
  expect((weights[0]! * 2) / (weights[1]! * 6)).toBeCloseTo(1, 7);
});

describe('relobralo', () => {
  const options = { every: 1, temperature: 2, decay: 0.9, lookback: 0.5 };
  const softmax = (a: number, b: number): number[] => [
    (2 * Math.exp(a)) / (Math.exp(a) + Math.exp(b)),
    (2 * Math.exp(b)) / (Math.exp(a) + Math.exp(b)),
  ];

  test.each([
    [0, true],
    [1, false],
  ])('with a lookback chance of %f', (lookback, looksBack) => {
    const start = Float64Array.of(0.1, 1);
    const weights = start.slice();
    const scheme = new Relobralo({ ...options, lookback }, new PhiloxStream(1, 7));
    scheme.update(measuring([8, 2]), start, weights);
    expect(weights).toEqual(start);
    scheme.update(measuring([4, 2]), start, weights);
    let factors = [1, 1].map((f, i) => 0.9 * (looksBack ? softmax(0.25, 0.5)[i]! : f) + 0.1 * softmax(0.25, 0.5)[i]!);
    close(weights, [0.1 * factors[0]!, factors[1]!]);
    scheme.update(measuring([4, 1]), start, weights);
    const [far, near] = [softmax(4 / 8 / 2, 1 / 2 / 2), softmax(1 / 2, 1 / 2 / 2)];
    factors = factors.map((f, i) => 0.9 * (looksBack ? far[i]! : f) + 0.1 * near[i]!);
    close(weights, [0.1 * factors[0]!, factors[1]!]);
  });

  test('looks back as often as it should, by the stream alone, and goes on from its state', () => {
    const start = Float64Array.of(1, 1);
    const losses = Array.from({ length: 400 }, (_, k) => [1 + (k % 7), 1 + (k % 5)]);
    const run = (from: number, to: number, weights: Float64Array, state?: Record<string, Float64Array>) => {
      const scheme = new Relobralo(options, new PhiloxStream(5, 7));
      if (state) scheme.restore(state);
      for (const values of losses.slice(from, to)) scheme.update(measuring(values), start, weights);
      return scheme.save();
    };
    const whole = start.slice();
    run(0, 400, whole);
    const parts = start.slice();
    run(150, 400, parts, run(0, 150, parts));
    expect(parts).toEqual(whole);
    // Until its first update there is nothing to keep.
    expect(new Relobralo(options, new PhiloxStream(5, 7)).save()).toEqual({});
  });
});
