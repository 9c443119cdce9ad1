import { describe, expect, test } from 'vitest';
import { decimate } from './decimate.ts';
import type { SeriesPoint } from './store.ts';

const series = (count: number, value: (step: number) => number): SeriesPoint[] =>
  Array.from({ length: count }, (_, i) => ({ step: i + 1, seconds: i, value: value(i + 1) }));

describe('decimation', () => {
  test('leaves short series alone', () => {
    const points = series(10, (step) => step);
    expect(decimate(points, 10)).toEqual(points);
    expect(decimate([], 10)).toEqual([]);
  });

  test.each([2, 3, 10, 100, 999])('gives exactly %i of 1000 points, a subsequence with both ends', (maxPoints) => {
    const points = series(1000, (step) => Math.sin(step / 20));
    const thinned = decimate(points, maxPoints);
    expect(thinned).toHaveLength(maxPoints);
    expect([thinned[0], thinned.at(-1)]).toEqual([points[0], points[999]]);
    for (const [i, point] of thinned.entries()) {
      expect(points).toContain(point);
      if (i > 0) expect(point.step).toBeGreaterThan(thinned[i - 1]!.step);
    }
  });

  test('keeps what stands out', () => {
    const spikes = [137, 500, 873];
    const thinned = decimate(
      series(1000, (step) => (spikes.includes(step) ? 100 : Math.sin(step) / 10)),
      50,
    );
    for (const spike of spikes) expect(thinned.map(({ step }) => step)).toContain(spike);
  });

  test('on a logarithmic axis keeps a dip that a linear one does not see', () => {
    const points = series(
      1000,
      (step) =>
        (step === 700 ? 1e-12 : 1e-3 * (1 + Math.sin(step * 12.9))) +
        (step < 10 ? 1 : 0) +
        1e-4 * (step === 700 ? 0 : 1),
    );
    expect(decimate(points, 40, 'log').map(({ step }) => step)).toContain(700);
  });

  test('takes zeros and negative values on a logarithmic axis', () => {
    expect(
      decimate(
        series(100, (step) => step - 50),
        10,
        'log',
      ),
    ).toHaveLength(10);
    expect(
      decimate(
        series(100, () => 0),
        10,
        'log',
      ),
    ).toHaveLength(10);
  });

  test('keeps every point that is not finite, in its place', () => {
    const points = series(500, (step) => step).map((point): SeriesPoint =>
      point.step % 100 === 50 ? { ...point, value: null, nonfinite: 'NaN' } : point,
    );
    const thinned = decimate(points, 20);
    expect(thinned).toHaveLength(20);
    expect(thinned.filter(({ value }) => value === null).map(({ step }) => step)).toEqual([50, 150, 250, 350, 450]);
    expect(thinned.map(({ step }) => step)).toEqual(thinned.map(({ step }) => step).sort((a, b) => a - b));
  });

  test('gives the first that are not finite if they alone are too many', () => {
    const points = series(100, () => 0).map((point): SeriesPoint => ({ ...point, value: null, nonfinite: '+Inf' }));
    expect(decimate(points, 10)).toEqual(points.slice(0, 10));
  });
});
