import { describe, expect, test } from 'vitest';
import { colourAt, colourScale, paint } from './colormap.ts';

const luminance = ([r, g, b]: readonly number[]): number => 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;

describe('colour maps', () => {
  test('viridis grows lighter all the way, from its published first colour to its last', () => {
    expect(colourAt('viridis', 0)).toEqual([68, 1, 84]);
    expect(colourAt('viridis', 1)).toEqual([253, 231, 37]);
    for (let k = 1; k <= 50; k++) {
      expect(luminance(colourAt('viridis', k / 50))).toBeGreaterThan(luminance(colourAt('viridis', (k - 1) / 50)));
    }
  });

  test('the diverging map is lightest at zero and equally dark at both ends', () => {
    expect(colourAt('diverging', 0.5)).toEqual([247, 247, 247]);
    expect(Math.abs(luminance(colourAt('diverging', 0)) - luminance(colourAt('diverging', 1)))).toBeLessThan(20);
  });

  test('values beyond the ends take the end colours', () => {
    expect(colourAt('viridis', -3)).toEqual(colourAt('viridis', 0));
    expect(colourAt('viridis', 7)).toEqual(colourAt('viridis', 1));
  });
});

describe('colourScale', () => {
  test('is symmetric about zero for signed fields', () => {
    expect(colourScale([-1e-3, 4e-3], true)).toEqual({ map: 'diverging', min: -4e-3, max: 4e-3 });
  });
  test('a constant field has a range of its own', () => {
    expect(colourScale([2, 2], false)).toEqual({ map: 'viridis', min: 1.5, max: 2.5 });
    expect(colourScale([0, 0], true)).toEqual({ map: 'diverging', min: -1, max: 1 });
  });
});

describe('paint', () => {
  const pixel = (pixels: Uint8ClampedArray, k: number): number[] => [...pixels.subarray(4 * k, 4 * k + 4)];

  test('x runs to the right, y upwards', () => {
    // [x0: (y0, y1), x1: …, x2: …]
    const pixels = paint([0, 1, 2, 3, 4, 5], 3, 2, { map: 'viridis', min: 0, max: 5 });
    expect(pixel(pixels, 3)).toEqual([68, 1, 84, 255]); // x0 y0: left, below
    expect(pixel(pixels, 2)).toEqual([253, 231, 37, 255]); // x2 y1: right, above
    expect(pixel(pixels, 0)).toEqual([...colourAt('viridis', 0.2), 255].map((value) => expect.closeTo(value, -0.5)));
  });

  test('what is not finite stays transparent', () => {
    expect(pixel(paint([NaN, 1], 2, 1, { map: 'viridis', min: 0, max: 1 }), 0)).toEqual([0, 0, 0, 0]);
  });
});
