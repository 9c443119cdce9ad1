import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SAMPLING_METHODS } from '../sampling/methods.ts';
import { samplePoints } from '../sampling/sample.ts';
import { boxOf } from './box.ts';
import { parsePlaces } from './on.ts';
import type { ShapeInput } from './shape-spec.ts';
import { type ShapedBox, boxWith, sampled } from './testing.test-support.ts';

const WIDE = { x: [-8, 8], y: [-8, 8], z: [-8, 8] } as const;

const plane = (shape: ShapeInput): ShapedBox => boxWith(shape, { x: WIDE.x, y: WIDE.y });
const space = (shape: ShapeInput): ShapedBox => boxWith(shape, WIDE);

const key = { seed: 1, purpose: 'interior', place: 0, refresh: 0 } as const;

/** ∮ f(p, n) over all parts, by the mean over points of every part. */
function surfaceIntegral(box: ShapedBox, f: (point: number[], normal: number[]) => number): number {
  return box.geometry.parts.reduce((sum, { name, measure }) => {
    const points = sampled(box, name, 4096);
    return sum + (measure * points.reduce((all, { point, normal }) => all + f(point, normal), 0)) / points.length;
  }, 0);
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, k) => sum + v * b[k]!, 0);

/** Arc length of an ellipse with half axes 2 and 1: 4·2·E(√¾), E from tables (Abramowitz and Stegun 17.1). */
const ELLIPSE = 8 * 1.2110560275684594;
const LENS = (2 * Math.PI) / 3 - Math.sqrt(3) / 2;

/** So many are single primitives. */
const PRIMITIVES = 9;
/** Shape, measure of the inside, measure of the boundary. */
const SHAPES: readonly (readonly [string, ShapedBox, number, number])[] = [
  ['disk', plane({ type: 'disk', center: [1, 2], radius: 1.5 }), Math.PI * 2.25, 3 * Math.PI],
  ['annulus', plane({ type: 'annulus', center: [1, -1], inner: 1, outer: 2 }), 3 * Math.PI, 6 * Math.PI],
  ['ellipse', plane({ type: 'ellipse', center: [-1, 1], radii: [2, 1], angle: 0.7 }), 2 * Math.PI, ELLIPSE],
  [
    'triangle',
    plane({
      type: 'triangle',
      vertices: [
        [0, 0],
        [3, 0],
        [0, 4],
      ],
    }),
    6,
    12,
  ],
  [
    'polygon, clockwise',
    plane({
      type: 'polygon',
      vertices: [
        [0, 0],
        [0, 2],
        [1, 2],
        [1, 1],
        [2, 1],
        [2, 0],
      ],
    }),
    3,
    8,
  ],
  ['box of two dimensions', plane({ type: 'box', lower: [-1, 0], upper: [2, 1] }), 3, 8],
  ['box of three dimensions', space({ type: 'box', lower: [-1, 0, 1], upper: [2, 1, 3] }), 6, 22],
  ['ball', space({ type: 'ball', center: [1, 2, 3], radius: 2 }), (32 / 3) * Math.PI, 16 * Math.PI],
  ['cylinder', space({ type: 'cylinder', from: [1, 0, 0], to: [1, 3, 4], radius: 1 }), 5 * Math.PI, 12 * Math.PI],
  [
    'box minus disk',
    plane({
      type: 'difference',
      of: [
        { type: 'box', lower: [0, 0], upper: [4, 4] },
        { type: 'disk', center: [2, 2], radius: 1 },
      ],
    }),
    16 - Math.PI,
    16 + 2 * Math.PI,
  ],
  [
    'L-shape as a box minus a box with common sides',
    plane({
      type: 'difference',
      of: [
        { type: 'box', lower: [0, 0], upper: [2, 2] },
        { type: 'box', lower: [1, 1], upper: [2, 2] },
      ],
    }),
    3,
    8,
  ],
  [
    'L-shape as a union of boxes with a common side and an overlap',
    plane({
      type: 'union',
      of: [
        { type: 'box', lower: [0, 0], upper: [1, 2] },
        { type: 'box', lower: [0.5, 0], upper: [2, 1] },
      ],
    }),
    3,
    8,
  ],
  [
    'lens: two disks whose edges go through each other’s centres',
    plane({
      type: 'intersection',
      of: [
        { type: 'disk', center: [0, 0], radius: 1 },
        { type: 'disk', center: [1, 0], radius: 1 },
      ],
    }),
    LENS,
    (4 / 3) * Math.PI,
  ],
  [
    'a tree of two levels: (disk without a disk) in a half plane',
    plane({
      type: 'intersection',
      of: [
        {
          type: 'difference',
          of: [
            { type: 'disk', center: [0, 0], radius: 2 },
            { type: 'disk', center: [0, 0], radius: 1 },
          ],
        },
        { type: 'box', lower: [-3, 0], upper: [3, 3] },
      ],
    }),
    1.5 * Math.PI,
    3 * Math.PI + 2,
  ],
  [
    'cube minus ball',
    space({
      type: 'difference',
      of: [
        { type: 'box', lower: [-2, -2, -2], upper: [2, 2, 2] },
        { type: 'ball', center: [0, 0, 0], radius: 1 },
      ],
    }),
    64 - (4 / 3) * Math.PI,
    96 + 4 * Math.PI,
  ],
  [
    'cylinder that ends in a half ball',
    space({
      type: 'union',
      of: [
        { type: 'cylinder', from: [0, 0, 0], to: [0, 0, 2], radius: 1 },
        { type: 'ball', center: [0, 0, 2], radius: 1 },
      ],
    }),
    2 * Math.PI + (2 / 3) * Math.PI,
    Math.PI + 4 * Math.PI + 2 * Math.PI,
  ],
];

describe.each(SHAPES)('%s', (title, box, volume, surface) => {
  const isPrimitive = SHAPES.findIndex(([name]) => name === title) < PRIMITIVES;
  const { geometry } = box;

  test('measures against closed forms', () => {
    const measure = geometry.parts.reduce((sum, part) => sum + part.measure, 0);
    expect(Math.abs(geometry.interior.measure / volume - 1)).toBeLessThan(isPrimitive ? 1e-14 : 4e-3);
    expect(Math.abs(measure / surface - 1)).toBeLessThan(isPrimitive ? 1e-14 : 1e-3);
  });

  test('the measure of the inside by Monte Carlo', () => {
    const { lower, upper, contains } = geometry;
    const cube = boxOf(Object.fromEntries(lower.map((low, k) => [`x${k}`, [low, upper[k]!]])));
    const count = 40_000;
    const data = new Float64Array(lower.length * count);
    samplePoints('uniform', key, cube, null, { data, stride: count, from: 0, count });
    let inside = 0;
    for (let n = 0; n < count; n++) if (contains(lower.map((__, axis) => data[axis * count + n]!))) inside++;
    const whole = lower.reduce((product, low, axis) => product * (upper[axis]! - low), 1);
    const deviation = Math.sqrt((volume / whole) * (1 - volume / whole) * count);
    expect(Math.abs(inside - (volume / whole) * count)).toBeLessThan(3.5 * deviation + 1);
  });

  test('divergence theorem: ∮ p·n = d·|Ω|, ∮ n = 0, and with the field (x², xy, …) its mean divergence', () => {
    const d = box.names.length;
    expect(Math.abs(surfaceIntegral(box, dot) / (d * volume) - 1)).toBeLessThan(3e-3);
    for (let axis = 0; axis < d; axis++)
      expect(Math.abs(surfaceIntegral(box, (__, normal) => normal[axis]!))).toBeLessThan(4e-3 * surface);
    // div(x·p) = (d + 1)·x.
    const flux = surfaceIntegral(box, (point, normal) => point[0]! * dot(point, normal));
    const inside = sampled(box, null, 16384);
    const mean = inside.reduce((sum, { point }) => sum + point[0]!, 0) / inside.length;
    expect(Math.abs(flux - (d + 1) * volume * mean)).toBeLessThan(1e-2 * d * volume);
  });

  test('points inside are inside; a step along a normal leads out, against it in', () => {
    for (const { point, normal } of sampled(box, null, 500)) {
      expect(geometry.contains(point)).toBe(true);
      expect(normal.every((value) => value === 0)).toBe(true);
    }
    for (const { name } of geometry.parts) {
      for (const { point, normal } of sampled(box, name, 100)) {
        expect(Math.abs(Math.hypot(...normal) - 1)).toBeLessThan(1e-14);
        const moved = (step: number): number[] => point.map((value, axis) => value + step * normal[axis]!);
        expect([geometry.contains(moved(-1e-7)), geometry.contains(moved(1e-6))]).toEqual([true, false]);
      }
    }
  });

  test.each(SAMPLING_METHODS)('%s gives as many points as asked for, the same ones every time', (method) => {
    for (const count of [1, 17, 300]) {
      const points = sampled(box, null, count, method);
      expect(points).toHaveLength(count);
      expect(points.every(({ point }) => geometry.contains(point))).toBe(true);
      expect(new Set(points.map(({ point }) => point.join())).size).toBe(count);
      expect(sampled(box, null, count, method)).toEqual(points);
    }
  });
});

test.each(SAMPLING_METHODS)('%s points of a disk are uniform: means of x, y, xy and r²', (method) => {
  const points = sampled(plane({ type: 'disk', center: [0, 0], radius: 1 }), null, 4000, method);
  const mean = (f: (x: number, y: number) => number): number =>
    points.reduce((sum, { point }) => sum + f(point[0]!, point[1]!), 0) / points.length;
  const tolerance = method === 'uniform' || method === 'latin-hypercube' ? 0.02 : 3e-3;
  expect(Math.abs(mean((x) => x))).toBeLessThan(tolerance);
  expect(Math.abs(mean((_, y) => y))).toBeLessThan(tolerance);
  expect(Math.abs(mean((x, y) => x * y))).toBeLessThan(tolerance);
  expect(Math.abs(mean((x, y) => x * x + y * y) - 0.5)).toBeLessThan(tolerance);
});

test('points of a sequence go on: the first of many are those of few', () => {
  const box = plane({ type: 'disk', center: [0, 0], radius: 1 });
  for (const method of ['sobol', 'halton', 'uniform'] as const) {
    const few = sampled(box, null, 50, method);
    expect(sampled(box, null, 900, method).slice(0, 50)).toEqual(few);
  }
});

test('an ellipse is sampled uniformly in arc length', () => {
  const box = plane({ type: 'ellipse', center: [0, 0], radii: [4, 1] });
  const [part] = box.geometry.parts;
  const count = 20_000;
  const point = new Float64Array(2);
  const before = new Float64Array(2);
  const normal = new Float64Array(2);
  part!.map([0], before, normal);
  for (let k = 1; k <= count; k++) {
    part!.map([k / count], point, normal);
    const length = Math.hypot(point[0]! - before[0]!, point[1]! - before[1]!);
    expect(Math.abs((length * count) / part!.measure - 1)).toBeLessThan(2e-3);
    before.set(point);
  }
});

test('one dimension: two intervals, whose ends are points', () => {
  const box = boxWith(
    {
      type: 'union',
      of: [
        { type: 'box', lower: [0], upper: [1] },
        { type: 'box', lower: [1], upper: [2] },
        { type: 'box', lower: [3], upper: [4] },
      ],
    },
    { x: WIDE.x },
  );
  const ends = parsePlaces('boundary', box);
  expect(ends.map((place) => [place.isPoint, place.measure])).toEqual(Array.from({ length: 4 }, () => [true, 1]));
  const names = ['box1.x.lower', 'box2.x.upper', 'box3.x.lower', 'box3.x.upper'];
  expect(box.geometry.parts.map(({ name }) => name)).toEqual(names);
  expect(names.map((name) => sampled(box, name, 1)[0])).toEqual([
    { point: [0], normal: [-1] },
    { point: [2], normal: [1] },
    { point: [3], normal: [-1] },
    { point: [4], normal: [1] },
  ]);
  expect(Math.abs(box.geometry.interior.measure - 3)).toBeLessThan(1e-3);
});

test('the examples of docs/geometry.md', () => {
  const text = readFileSync(new URL('../../../../docs/geometry.md', import.meta.url), 'utf8');
  const examples = [...text.matchAll(/`(\{ "type": [^`…]*\})`/g)].map(([, json]) => JSON.parse(json!) as ShapeInput);
  expect(examples.map(({ type }) => type)).toEqual([
    ...['disk', 'ellipse', 'annulus', 'triangle', 'polygon', 'box', 'ball', 'cylinder'],
  ]);
  for (const example of examples) {
    const inSpace = example.type === 'ball' || example.type === 'cylinder';
    expect((inSpace ? space : plane)(example).geometry.parts.length).toBeGreaterThan(0);
  }
});

describe('with time', () => {
  const box = boxWith({ type: 'disk', center: [0, 0], radius: 1 }, { x: [-1, 1], t: [0, 3], y: [-1, 1] });
  const at = (on: string) => {
    const [place] = parsePlaces(on, box);
    const data = new Float64Array(3 * 400);
    const normals = new Float64Array(3 * 400);
    samplePoints('sobol', key, box, place!, { data, stride: 400, from: 0, count: 400 }, normals);
    return { place: place!, x: data.subarray(0, 400), t: data.subarray(400, 800), y: data.subarray(800), normals };
  };

  test('a part stands at all times, and its normals have no component along t', () => {
    const { place, x, t, y, normals } = at('disk');
    expect(place.measure).toBeCloseTo(6 * Math.PI, 12);
    expect(x.every((value, n) => Math.abs(Math.hypot(value, y[n]!) - 1) < 1e-14)).toBe(true);
    expect(Math.abs(t.reduce((a, b) => a + b, 0) / 400 - 1.5)).toBeLessThan(0.01);
    expect(normals.subarray(400, 800).every((value) => value === 0)).toBe(true);
    expect(x.every((value, n) => Math.abs(value - normals[n]!) < 1e-14)).toBe(true);
  });

  test('t = 0 is the shape at that time', () => {
    const { place, x, t, y, normals } = at('t = 0');
    expect(Math.abs(place.measure - Math.PI)).toBeLessThan(3e-3);
    expect(t.every((value) => value === 0)).toBe(true);
    expect(x.every((value, n) => Math.hypot(value, y[n]!) <= 1)).toBe(true);
    expect(normals.subarray(400, 800).every((value) => value === -1)).toBe(true);
  });
});

test('a hole that is small beside the whole has its edge', () => {
  const box = plane({
    type: 'difference',
    of: [
      { type: 'box', lower: [-8, -8], upper: [8, 8] },
      { type: 'disk', name: 'hole', center: [1, 1], radius: 1e-6 },
    ],
  });
  const hole = box.geometry.parts.find(({ name }) => name === 'hole');
  expect(hole?.measure).toBeCloseTo(2e-6 * Math.PI, 12);
});

test('normals of the faces of a plain box', () => {
  const box = boxOf({ x: [0, 1], y: [0, 2] });
  const normalsOn = (on: string): number[] => {
    const normals = new Float64Array(2);
    const target = { data: new Float64Array(2), stride: 1, from: 0, count: 1 };
    samplePoints('sobol', key, box, parsePlaces(on, box)[0]!, target, normals);
    return [...normals];
  };
  expect(normalsOn('x = 0')).toEqual([-1, 0]);
  expect(normalsOn('y = 2')).toEqual([0, 1]);
  expect(normalsOn('y = 1')).toEqual([0, Number.NaN]);
});

describe('names', () => {
  const tree: ShapeInput = {
    type: 'difference',
    of: [
      {
        type: 'polygon',
        vertices: [
          [0, 0],
          [4, 0],
          [4, 3],
          [0, 3],
        ],
        edges: ['floor', 'outlet', 'ceiling', 'inlet'],
      },
      { type: 'disk', center: [1, 1], radius: 0.5, name: 'hole' },
      { type: 'disk', center: [2, 2], radius: 0.25 },
      { type: 'disk', center: [3, 1], radius: 0.25 },
      { type: 'annulus', center: [3, 2], inner: 0.2, outer: 0.4 },
    ],
  };
  const box = plane(tree);
  const names = (on: string): string[] =>
    parsePlaces(on, box).map((place) => ('part' in place ? place.part.name : `${place.axis}`));

  test('the user’s, or automatic ones; a shape stands for all its parts', () => {
    const all = ['floor', 'outlet', 'ceiling', 'inlet', 'hole', 'disk1', 'disk2', 'annulus.inner', 'annulus.outer'];
    expect(names('boundary')).toEqual(all);
    expect(names('annulus')).toEqual(['annulus.inner', 'annulus.outer']);
    expect(names('inlet or hole or inlet')).toEqual(['inlet', 'hole']);
  });

  test('what is inside something else is no part', () => {
    const inner = plane({
      type: 'union',
      of: [
        { type: 'disk', center: [0, 0], radius: 1, name: 'a' },
        { type: 'disk', center: [0, 0], radius: 0.5, name: 'b' },
      ],
    });
    expect(inner.geometry.parts.map(({ name }) => name)).toEqual(['a']);
    expect(() => parsePlaces('b', inner)).toThrow(/part of the geometry \(a\)/);
  });

  test.each([
    ['outflow', /\(floor, outlet, ceiling, inlet, hole, disk1, disk2, annulus.inner, annulus.outer\)/],
    ['x = 0', /restricted by a geometry; its parts are floor, outlet/],
    ['t = 0', /the coordinates are x, y/],
  ])('"%s" is no place', (on, reason) => {
    expect(() => parsePlaces(on, box)).toThrow(reason);
  });
});

test.each<[string, ShapeInput, RegExp]>([
  [
    'a bow tie',
    {
      type: 'polygon',
      vertices: [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
      ],
    },
    /^\/geometry the polygon intersects itself: the edge from vertex 1 \(0, 0\) to 2 \(1, 1\) meets the edge from 3 \(1, 0\) to 4 \(0, 1\)$/,
  ],
  [
    'a vertex on an edge',
    {
      type: 'polygon',
      vertices: [
        [0, 0],
        [2, 0],
        [2, 2],
        [1, 0],
        [0, 2],
      ],
    },
    /intersects itself/,
  ],
  [
    'an edge that folds back',
    {
      type: 'polygon',
      vertices: [
        [0, 0],
        [2, 0],
        [1, 0],
        [0, 1],
      ],
    },
    /intersects itself/,
  ],
  [
    'a vertex twice',
    {
      type: 'polygon',
      vertices: [
        [0, 0],
        [1, 0],
        [1, 0],
        [0, 1],
      ],
    },
    /vertex 3 \(1, 0\) repeats vertex 2/,
  ],
  [
    'a flat triangle',
    {
      type: 'triangle',
      vertices: [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    },
    /intersects itself|has no area/,
  ],
  [
    'too few names',
    {
      type: 'polygon',
      vertices: [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
      edges: ['a', 'b', 'c', 'd'],
    },
    /for each of the 3 edges, got 4/,
  ],
  ['radii in the wrong order', { type: 'annulus', center: [0, 0], inner: 2, outer: 1 }, /expected inner < outer/],
  ['a box in the wrong order', { type: 'box', lower: [0, 2], upper: [1, 1] }, /lower < upper along y, got 2 and 1/],
  ['a box of another dimension', { type: 'box', lower: [0], upper: [1] }, /corners of 2 numbers \(x, y\), got 1 and 1/],
  [
    'a ball in the plane',
    { type: 'ball', center: [0, 0, 0], radius: 1 },
    /type ball has 3 dimensions, but the domain has 2 coordinates/,
  ],
  [
    'a shape beyond the domain',
    { type: 'disk', center: [7.5, 0], radius: 1 },
    /along x it reaches from 6.5 to 8.5, but the domain from -8 to 8/,
  ],
  [
    'an intersection of shapes far apart',
    {
      type: 'intersection',
      of: [
        { type: 'disk', center: [0, 0], radius: 1 },
        { type: 'disk', center: [4, 0], radius: 1 },
      ],
    },
    /^\/geometry the intersection is empty/,
  ],
  [
    'an intersection that only the boxes have',
    {
      type: 'intersection',
      of: [
        { type: 'disk', center: [0, 0], radius: 1 },
        { type: 'disk', center: [1.5, 1.5], radius: 1 },
      ],
    },
    /^\/geometry the shape is empty: none of 16384 points/,
  ],
  [
    'a difference with more than itself',
    {
      type: 'difference',
      of: [
        { type: 'disk', center: [0, 0], radius: 1 },
        { type: 'box', lower: [-2, -2], upper: [2, 2] },
      ],
    },
    /the shape is empty/,
  ],
  [
    'a faulty operand, with its pointer',
    {
      type: 'union',
      of: [
        { type: 'disk', center: [0, 0], radius: 1 },
        { type: 'annulus', center: [0, 0], inner: 2, outer: 1 },
      ],
    },
    /^\/geometry\/of\/1 expected inner < outer/,
  ],
  [
    'a shape much larger than the whole',
    {
      type: 'intersection',
      of: [
        { type: 'disk', center: [0, 0], radius: 1, name: 'small' },
        { type: 'disk', center: [50, 0], radius: 50, name: 'large' },
      ],
    },
    /the shape with the part "large" is 50.0 times as large as the whole, .* expected at most 16 times/,
  ],
  [
    'more vertices than the check has time for',
    {
      type: 'union',
      of: [0, 1].map((k) => ({
        type: 'polygon' as const,
        vertices: Array.from({ length: 600 }, (__, n): [number, number] => [
          Math.cos((n * Math.PI) / 300) + k,
          Math.sin((n * Math.PI) / 300),
        ]),
      })),
    },
    /at most 1000 vertices of all polygons together, got 1200/,
  ],
  [
    'more shapes than the check has time for',
    {
      type: 'union',
      of: [0, 1].map(() => ({
        type: 'union' as const,
        of: Array.from({ length: 33 }, () => ({
          type: 'disk' as const,
          center: [0, 0] as [number, number],
          radius: 1,
        })),
      })),
    },
    /at most 64 shapes, got 66/,
  ],
])('%s is refused', (_, shape, reason) => {
  expect(() => plane(shape)).toThrow(reason);
});
