import { describe, expect, test } from 'vitest';
import { type Trial, wolfeLineSearch } from './wolfe-line-search.ts';

/** Counts the evaluations of a curve and remembers the last place. */
function observed(value: (alpha: number) => number, slope: (alpha: number) => number) {
  const places: number[] = [];
  const curve = (alpha: number): Trial => ({ alpha, loss: value(alpha), slope: slope(alpha) });
  return { places, start: curve(0), evaluate: (alpha: number) => (places.push(alpha), curve(alpha)) };
}

/** Functions 1, 2 and 3 of Moré & Thuente (1994), section 5. */
const curves: [string, (a: number) => number, (a: number) => number][] = [
  ['−α/(α² + 2)', (a) => -a / (a * a + 2), (a) => (a * a - 2) / (a * a + 2) ** 2],
  [
    '(α + β)⁵ − 2(α + β)⁴',
    (a) => (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4,
    (a) => 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3,
  ],
  [
    'a well with ripples',
    (a) => well(a) + (1.98 / (39 * Math.PI)) * Math.sin((39 * Math.PI * a) / 2),
    (a) => wellSlope(a) + 0.99 * Math.cos((39 * Math.PI * a) / 2),
  ],
];

function well(a: number): number {
  if (a <= 0.99) return 1 - a;
  return a >= 1.01 ? a - 1 : (a - 1) ** 2 / 0.02 + 0.005;
}

function wellSlope(a: number): number {
  if (a <= 0.99) return -1;
  return a >= 1.01 ? 1 : (a - 1) / 0.01;
}

describe('strong Wolfe line search', () => {
  test.each(curves)('%s: both conditions hold, from first trials over six decades', (_, value, slope) => {
    for (const first of [1e-3, 1e-1, 1, 1e1, 1e3]) {
      const { places, start, evaluate } = observed(value, slope);
      const { alpha, loss, evaluations } = wolfeLineSearch(evaluate, start, first);
      expect(alpha).toBeGreaterThan(0);
      expect(loss).toBe(value(alpha));
      expect(loss).toBeLessThanOrEqual(start.loss + 1e-4 * alpha * start.slope);
      expect(Math.abs(slope(alpha))).toBeLessThanOrEqual(-0.9 * start.slope);
      expect(evaluations).toBe(places.length);
      expect(places.at(-1)).toBe(alpha);
    }
  });

  test('a parabola: the cubic is exact, so a trial too long is followed by the minimum', () => {
    const { start, evaluate } = observed(
      (a) => (a - 0.3) ** 2,
      (a) => 2 * (a - 0.3),
    );
    const { alpha, evaluations } = wolfeLineSearch(evaluate, start, 1);
    expect(alpha).toBeCloseTo(0.3, 14);
    expect(evaluations).toBe(2);
  });

  test('where the loss does not exist a trial was too long', () => {
    const { start, evaluate } = observed(
      (a) => a - Math.log(a < 1e-3 ? 1e-3 - a : Number.NaN) - 2000 * a,
      (a) => 1 + 1 / (1e-3 - a) - 2000,
    );
    const { alpha } = wolfeLineSearch(evaluate, start, 1e6);
    expect(alpha).toBeGreaterThan(0);
    expect(alpha).toBeLessThan(1e-3);
  });

  test('nothing lower: α = 0, within 25 evaluations', () => {
    const { start, evaluate } = observed(
      (a) => a,
      () => -1,
    );
    const result = wolfeLineSearch(evaluate, start, 1);
    expect(result.alpha).toBe(0);
    expect(result.loss).toBe(start.loss);
    expect(result.evaluations).toBeLessThanOrEqual(25);
  });

  test('no Wolfe point: the lowest trial of sufficient decrease, which is the last one evaluated', () => {
    // A valley with a kink at its bottom: slopes are −1 and 1 and nothing between.
    const { places, start, evaluate } = observed(
      (a) => Math.abs(a - 0.7),
      (a) => Math.sign(a - 0.7),
    );
    const { alpha, loss, evaluations } = wolfeLineSearch(evaluate, start, 1);
    expect(alpha).toBeCloseTo(0.7, 5);
    expect(loss).toBe(Math.min(...places.map((a) => Math.abs(a - 0.7))));
    expect(places.at(-1)).toBe(alpha);
    expect(evaluations).toBe(places.length);
    expect(evaluations).toBeLessThanOrEqual(26);
  });

  test('a slope that never ends is followed ten times as far each time, and its last point taken', () => {
    const { places, start, evaluate } = observed(
      (a) => -a,
      () => -1,
    );
    const { alpha } = wolfeLineSearch(evaluate, start, 1);
    expect(places.slice(0, 3)).toEqual([1, 10, 100]);
    expect(alpha).toBe(places.at(-1));
  });
});
