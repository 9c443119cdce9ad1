import { expect, test } from 'vitest';
import { boxOf, placeOf } from '../geometry/box.ts';
import { allocatePoints } from './allocate.ts';

const place = (measure: number, isPoint = false) => ({ axis: 0, value: 0, measure, isPoint });

test.each<[number, ReturnType<typeof place>[], number[]]>([
  [120, [place(1), place(1), place(1), place(1)], [30, 30, 30, 30]],
  [600, [place(2), place(1), place(1)], [300, 150, 150]],
  [10, [place(1), place(1), place(1)], [4, 3, 3]],
  [7, [place(1), place(2), place(0.001)], [2, 4, 1]],
  [2, [place(1), place(2), place(3)], [1, 1, 1]],
  [100, [place(1, true), place(1, true)], [1, 1]],
  [11, [place(1, true), place(1)], [1, 10]],
])('%i points', (total, places, expected) => {
  expect(allocatePoints(total, places)).toEqual(expected);
});

test('the sum is the total, every place has a point, shares follow the measure', () => {
  const places = [0.1, 3, 1.7, 0.004, 12].map((measure) => place(measure));
  for (const total of [5, 6, 17, 100, 1001]) {
    const counts = allocatePoints(total, places);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(total);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  }
  expect(allocatePoints(100_000, places)[4]).toBeCloseTo((100_000 * 12) / 16.804, -1);
});

test('places of a box: measure without the fixed coordinate, points in one dimension', () => {
  expect(placeOf(boxOf({ x: [0, 2], y: [0, 3], t: [0, 5] }), 0, 2)).toEqual({
    axis: 0,
    value: 2,
    measure: 15,
    isPoint: false,
  });
  expect(placeOf(boxOf({ x: [0, 2] }), 0, 0)).toMatchObject({ isPoint: true, measure: 1 });
});
