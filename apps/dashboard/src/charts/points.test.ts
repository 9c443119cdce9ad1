import { describe, expect, test } from 'vitest';
import { drawable, extent, thin } from './points.ts';

describe('thin', () => {
  const points = Array.from({ length: 10_001 }, (_, k) => ({
    x: k,
    y: k === 5003 ? 9 : k === 7001 ? -9 : Math.sin(k / 300),
  }));

  test('keeps both ends, every spike and the order', () => {
    const kept = thin(points, 500);
    expect(kept.length).toBeLessThanOrEqual(500);
    expect(kept[0]).toBe(points[0]);
    expect(kept.at(-1)).toBe(points.at(-1));
    expect(kept.some((point) => point.y === 9)).toBe(true);
    expect(kept.some((point) => point.y === -9)).toBe(true);
    expect(kept.every((point, k) => k === 0 || point.x > kept[k - 1]!.x)).toBe(true);
  });

  test('leaves short curves alone', () => expect(thin(points.slice(0, 50), 500)).toHaveLength(50));
});

test('a logarithmic axis never sees zero, negative or non-finite values', () => {
  const points = [
    { x: 0, y: 1 },
    { x: 1, y: 0 },
    { x: 2, y: -1 },
    { x: 3, y: Infinity },
    { x: 4, y: 2 },
  ];
  expect(drawable(points, true, true).map((point) => point.y)).toEqual([NaN, NaN, NaN, 2]);
  expect(drawable(points, false, false).map((point) => point.y)).toEqual([1, 0, -1, NaN, 2]);
});

test('ranges ignore gaps and never collapse', () => {
  expect(extent([[{ x: 1, y: NaN }]], 'y', false)).toBeNull();
  expect(extent([[{ x: 1, y: 4 }]], 'x', false)).toEqual([0.5, 1.5]);
  const [low, high] = extent(
    [
      [
        { x: 1, y: 1e-6 },
        { x: 2, y: NaN },
        { x: 3, y: 1 },
      ],
    ],
    'y',
    true,
  )!;
  expect(low).toBeLessThan(1e-6);
  expect(low).toBeGreaterThan(0);
  expect(high).toBeGreaterThan(1);
});
