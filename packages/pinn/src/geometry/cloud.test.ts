import { describe, expect, test } from 'vitest';
import { parsePlaces } from './on.ts';
import { boxWith, sampled } from './testing.test-support.ts';

const SQUARE = { x: [-1, 1], y: [-1, 1] } as const;

/** A grid of points in the unit disk, and points on its edge: the upper half `top`, the lower `bottom`. */
function diskTexts(): { interior: string; boundary: string } {
  const inside: string[] = [];
  for (let i = -9; i <= 9; i++)
    for (let j = -9; j <= 9; j++) if (Math.hypot(i, j) < 9.5) inside.push(`${j / 10},${i / 10}`);
  const edge = Array.from({ length: 60 }, (_, k) => {
    const angle = ((k + 0.5) * Math.PI) / 30;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return `${c},${s},${k < 30 ? 'top' : 'bottom'},${2 * c},${2 * s}`;
  });
  return {
    interior: ['y, x', ...inside].join('\r\n'),
    boundary: ['x,y,part,n_x,n_y', ...edge, ''].join('\n'),
  };
}

describe('a disk as a cloud', () => {
  const { interior, boundary } = diskTexts();
  const box = boxWith({ type: 'cloud', interior, boundary }, SQUARE);
  const given = new Set(
    interior
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(',').toReversed().join()),
  );

  test('samples are given points, all of them before any twice', () => {
    for (const method of ['sobol', 'halton', 'latin-hypercube', 'grid', 'uniform'] as const)
      expect(sampled(box, null, 100, method).every(({ point }) => given.has(point.join()))).toBe(true);
    const all = sampled(box, null, given.size, 'grid');
    expect(new Set(all.map(({ point }) => point.join()))).toEqual(given);
  });

  test('parts by name with unit normals', () => {
    expect(box.geometry.parts.map(({ name, measure }) => [name, measure])).toEqual([
      ['top', 30],
      ['bottom', 30],
    ]);
    expect(parsePlaces('boundary', box)).toHaveLength(2);
    for (const { point, normal } of sampled(box, 'top', 30)) {
      expect(point[1]).toBeGreaterThan(0);
      for (const axis of [0, 1]) expect(normal[axis]).toBeCloseTo(point[axis]!, 14);
    }
  });

  test('pictures show what is near a point', () => {
    expect(
      [
        [0, 0],
        [0.03, 0.52],
        [0.95, 0.95],
        [-0.9, 0.9],
      ].map((point) => box.geometry.contains(point)),
    ).toEqual([true, true, false, false]);
  });

  test('without a boundary there are no parts', () => {
    const alone = boxWith({ type: 'cloud', interior }, SQUARE);
    expect(alone.geometry.parts).toEqual([]);
    expect(() => parsePlaces('boundary', alone)).toThrow(/without boundary points/);
  });
});

test.each<[string, string, string | undefined, RegExp]>([
  ['a missing column', 'x,z\n0,0', undefined, /interior, line 1: expected the columns x, y; missing y, got x, z/],
  ['NaN', 'x,y\n0,0\n\n1,nan', undefined, /interior, line 4, column y: expected a finite number, got "nan"/],
  ['nothing between commas', 'x,y\n0,\n1,1', undefined, /interior, line 2, column y: expected a finite number, got ""/],
  ['a line of another length', 'x,y\n0,0\n1,1,1', undefined, /interior, line 3: expected 2 fields, got 3/],
  ['no points', 'x,y\n', undefined, /interior, expected at least one line after the names/],
  ['points on a line', 'x,y\n0,0\n0,1', undefined, /all points of the cloud have the same x, 0/],
  ['points beyond the domain', 'x,y\n0,0\n3,1', undefined, /leaves the domain: along x it reaches from 0 to 3/],
  ['no normals', 'x,y\n0,0\n1,1', 'x,y\n0,0', /boundary, line 1: .* missing n_x, n_y/],
  [
    'a normal that is zero',
    'x,y\n0,0\n1,1',
    'x,y,n_x,n_y\n0,0,1,0\n0,1,0,0',
    /boundary, point 2: expected a normal, got a zero vector/,
  ],
])('%s: refused with the line', (_, interior, boundary, reason) => {
  expect(() => boxWith({ type: 'cloud', interior, ...(boundary ? { boundary } : {}) }, SQUARE)).toThrow(reason);
});
