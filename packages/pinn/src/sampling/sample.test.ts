import { expect, test } from 'vitest';
import { boxOf, placeOf } from '../geometry/box.ts';
import { SAMPLING_METHODS, type SamplingMethod } from './methods.ts';
import { type SampleKey, samplePoints } from './sample.ts';

const box = boxOf({ t: [0, 2], x: [-1, 3] });

function sample(method: SamplingMethod, key: Partial<SampleKey> = {}, count = 500, onPlace = false): Float64Array {
  const data = new Float64Array(2 * count);
  const full = { seed: 1, purpose: 'interior', place: 0, refresh: 0, ...key } as const;
  samplePoints(method, full, box, onPlace ? placeOf(box, 0, 2) : null, { data, stride: count, from: 0, count });
  return data;
}

test.each(SAMPLING_METHODS)('%s points lie inside and fill the box evenly', (method) => {
  const data = sample(method, {}, 1024);
  const [t, x] = [data.subarray(0, 1024), data.subarray(1024)];
  expect(t.every((value) => value > 0 && value < 2) && x.every((value) => value > -1 && value < 3)).toBe(true);
  const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
  const tolerance = method === 'uniform' ? 0.08 : 2e-3;
  expect(Math.abs(mean(t) - 1)).toBeLessThan(tolerance);
  expect(Math.abs(mean(x) - 1)).toBeLessThan(2 * tolerance);
  expect(Math.abs(mean(t.map((value, n) => value * x[n]!)) - 1)).toBeLessThan(2 * tolerance + 0.02);
});

test.each(SAMPLING_METHODS.filter((method) => method !== 'grid'))(
  '%s points are a pure function of seed, purpose, place and refresh',
  (method) => {
    const base = sample(method);
    expect(sample(method)).toEqual(base);
    for (const other of [{ seed: 2 }, { purpose: 'conditions' as const }, { place: 1 }, { refresh: 1 }]) {
      expect(sample(method, other)).not.toEqual(base);
    }
  },
);

test.each(SAMPLING_METHODS)('%s points on a place: the fixed coordinate is exact and the others vary', (method) => {
  const data = sample(method, {}, 64, true);
  expect(data.subarray(0, 64).every((value) => value === 2)).toBe(true);
  expect(new Set(data.subarray(64)).size).toBe(64);
});

test('a sample fills its own columns only', () => {
  const data = new Float64Array(20).fill(9);
  const key = { seed: 1, purpose: 'interior', place: 0, refresh: 0 } as const;
  samplePoints('uniform', key, box, null, { data, stride: 10, from: 3, count: 4 });
  expect([...data].map((value) => value === 9)).toEqual([...Array(20)].map((_, k) => !(k % 10 >= 3 && k % 10 < 7)));
});
