import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readGeometryFiles } from './files.ts';
import { mesh } from './mesh.ts';
import { readStl } from './stl.ts';
import { boxWith, sampled } from './testing.test-support.ts';

type Point = readonly [number, number, number];
type Facet = readonly [Point, Point, Point];

/** An octahedron whose faces are cut into 4^level, moved onto the unit sphere. */
function sphere(level: number): Facet[] {
  const cut = ([a, b, c]: Facet, left: number): Facet[] => {
    if (left === 0) return [[a, b, c]];
    const middle = (p: Point, q: Point): Point => {
      const sum = [p[0] + q[0], p[1] + q[1], p[2] + q[2]] as const;
      const norm = Math.hypot(...sum);
      return [sum[0] / norm, sum[1] / norm, sum[2] / norm];
    };
    const [ab, bc, ca] = [middle(a, b), middle(b, c), middle(c, a)];
    const parts: Facet[] = [
      [a, ab, ca],
      [ab, b, bc],
      [ca, bc, c],
      [ab, bc, ca],
    ];
    return parts.flatMap((part) => cut(part, left - 1));
  };
  return [1, -1].flatMap((x) =>
    [1, -1].flatMap((y) =>
      [1, -1].flatMap((z) => {
        const corners: Facet = [
          [x, 0, 0],
          [0, y, 0],
          [0, 0, z],
        ];
        return cut(x * y * z > 0 ? corners : [corners[1], corners[0], corners[2]], level);
      }),
    ),
  );
}

/** The box [0, a] × [0, b] × [0, c] of twelve facets. */
function block(a: number, b: number, c: number): Facet[] {
  const at = (k: number): Point => [k & 1 ? a : 0, k & 2 ? b : 0, k & 4 ? c : 0];
  const quads = [
    [0, 2, 3, 1],
    [4, 5, 7, 6],
    [0, 1, 5, 4],
    [2, 6, 7, 3],
    [0, 4, 6, 2],
    [1, 3, 7, 5],
  ] as const;
  return quads.flatMap(([p, q, r, s]): Facet[] => [
    [at(p), at(q), at(r)],
    [at(p), at(r), at(s)],
  ]);
}

const ascii = (facets: readonly Facet[]): string =>
  [
    'solid test',
    ...facets.flatMap((facet) => [
      'facet normal 0 0 0',
      ' outer loop',
      ...facet.map((point) => `  vertex ${point.join(' ')}`),
      ' endloop',
      'endfacet',
    ]),
    'endsolid test',
  ].join('\n');

function binary(facets: readonly Facet[]): Buffer {
  const bytes = Buffer.alloc(84 + 50 * facets.length);
  bytes.write('solid that is binary');
  bytes.writeUInt32LE(facets.length, 80);
  for (const [k, facet] of facets.entries())
    for (const [j, value] of facet.flat().entries()) bytes.writeFloatLE(value, 84 + 50 * k + 12 + 4 * j);
  return bytes;
}

const turned = (facets: readonly Facet[]): Facet[] => facets.map(([a, b, c]) => [b, a, c]);
const WIDE = { x: [-3, 3], y: [-3, 3], z: [-3, 3] } as const;
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, k) => sum + v * b[k]!, 0);

/** Exact volume and surface of a polyhedron are those of its facets: of the block known, of the sphere within 1 %. */
describe.each([
  ['block', block(1, 2, 3), 6, 22, 1e-12],
  ['block turned inside out', turned(block(1, 2, 3)), 6, 22, 1e-12],
  ['sphere', sphere(4), (4 / 3) * Math.PI, 4 * Math.PI, 1e-2],
] as const)('%s', (_, facets, volume, surface, tolerance) => {
  const box = boxWith({ type: 'mesh', stl: ascii(facets) }, WIDE);
  const [part] = box.geometry.parts;

  test('measures and the divergence theorem', () => {
    expect(Math.abs(box.geometry.interior.measure / volume - 1)).toBeLessThan(tolerance);
    expect(Math.abs(part!.measure / surface - 1)).toBeLessThan(tolerance);
    const points = sampled(box, 'mesh', 8192);
    const flux = points.reduce((sum, { point, normal }) => sum + dot(point, normal), 0) / points.length;
    expect(Math.abs((flux * part!.measure) / (3 * box.geometry.interior.measure) - 1)).toBeLessThan(2e-3);
  });

  test('a step along a normal leads out, against it in', () => {
    for (const { point, normal } of sampled(box, 'mesh', 500)) {
      const moved = (step: number): number[] => point.map((value, axis) => value + step * normal[axis]!);
      expect([box.geometry.contains(moved(-1e-9)), box.geometry.contains(moved(1e-9))]).toEqual([true, false]);
    }
  });
});

test('membership is that of the body, also where rays pass through edges and vertices', () => {
  const { contains } = mesh('mesh', { stl: ascii(block(1, 1, 1)) });
  for (let k = 0; k < 11 ** 3; k++) {
    const point = [k % 11, Math.floor(k / 11) % 11, Math.floor(k / 121)].map((n) => n / 5 - 0.5);
    const isInside = point.every((value) => value > 0 && value < 1);
    if (point.every((value) => value !== 0 && value !== 1)) expect(contains(point)).toBe(isInside);
  }
  // The diagonals of the faces x = 0 and x = 1, and the line through two opposite corners of the sphere's octahedron.
  for (let k = 1; k < 20; k++) expect(contains([0.3, k / 20, k / 20])).toBe(true);
  const ball = mesh('ball', { stl: ascii(sphere(3)) });
  for (const x of [-0.9, 0, 0.9])
    expect([ball.contains([x, 0, 0]), ball.contains([x + 2, 0, 0])]).toEqual([true, false]);
  expect(ball.contains([-2, 0, 0])).toBe(false);
});

test('a mesh is an operand like any other: a block without a ball', () => {
  const hole = boxWith(
    {
      type: 'difference',
      of: [
        { type: 'mesh', stl: ascii(block(2, 2, 2)), name: 'block' },
        { type: 'ball', center: [1, 1, 1], radius: 0.5 },
      ],
    },
    WIDE,
  );
  expect(hole.geometry.parts.map(({ name }) => name)).toEqual(['block', 'ball']);
  expect(Math.abs(hole.geometry.interior.measure / (8 - Math.PI / 6) - 1)).toBeLessThan(4e-3);
  for (const { point, normal } of sampled(hole, 'ball', 50))
    expect(dot(point, normal)).toBeLessThan(dot([1, 1, 1], normal));
});

test('binary files hold the same triangles in single precision', () => {
  const facets = sphere(1);
  const triangles = readStl(`base64:${binary(facets).toString('base64')}`);
  expect([...triangles]).toEqual(facets.flat(2).map(Math.fround));
  expect([...readStl(ascii(facets))]).toEqual(facets.flat(2));
});

test.each<[string, string, RegExp]>([
  [
    'a facet is missing',
    ascii(block(1, 1, 1).slice(1)),
    /the mesh is open: no other facet has the edge from \(.*\) to \(.*\) of facet \d+/,
  ],
  [
    'a facet is turned over',
    ascii([...turned(block(1, 1, 1).slice(0, 1)), ...block(1, 1, 1).slice(1)]),
    /inconsistent: facets 1 and 2 both run along/,
  ],
  ['a facet stands twice', ascii([...block(1, 1, 1), block(1, 1, 1)[0]!]), /inconsistent: facets 1 and 13/],
  [
    'a facet is a line',
    ascii([
      [
        [0, 0, 0],
        [1, 1, 1],
        [2, 2, 2],
      ],
    ]),
    /facet 1 of the mesh has no area/,
  ],
  ['no facet', 'solid nothing\nendsolid nothing', /no facet/],
  [
    'not a number',
    ascii(block(1, 1, 1)).replace('vertex 0 1 0', 'vertex 0 NaN 0'),
    /^line 5 of the STL file: expected "vertex" and three finite numbers, got "vertex 0 NaN 0"/,
  ],
  [
    'a vertex too few',
    ascii(block(1, 1, 1)).replace('  vertex 0 0 0\n', ''),
    /^line 7 of the STL file: expected three vertices before the end of a facet, not 2/,
  ],
  [
    'it ends too soon',
    ascii(block(1, 1, 1))
      .split('\n')
      .slice(0, 5)
      .join('\n'),
    /ends inside a facet/,
  ],
  ['another format', 'x,y,z\n0,0,0', /^line 1 of the STL file: expected a line of an ASCII STL file/],
  [
    'a binary file cut off',
    `base64:${binary(block(1, 1, 1))
      .subarray(0, 500)
      .toString('base64')}`,
    /expected 684 bytes for the 12 facets .* got 500/,
  ],
  [
    'a binary file with NaN',
    `base64:${binary([
      [
        [0, Number.NaN, 0],
        [1, 0, 0],
        [0, 1, 0],
      ],
    ]).toString('base64')}`,
    /facet 1 of the STL file: expected finite coordinates, got NaN/,
  ],
])('%s: refused with the place', (_, stl, reason) => {
  expect(() => mesh('mesh', { stl })).toThrow(reason);
});

describe('files', () => {
  test('text and binary STL, and CSV, are read beside the specification; others stay', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kfac-geometry-'));
    try {
      writeFileSync(join(folder, 'a.stl'), ascii(block(1, 1, 1)));
      writeFileSync(join(folder, 'b.stl'), binary(sphere(1)));
      const spec = (a: unknown, b: unknown) => ({
        domain: WIDE,
        geometry: {
          type: 'union',
          of: [
            { type: 'mesh', stl: a },
            { type: 'mesh', stl: b, name: 'b' },
          ],
        },
      });
      expect(readGeometryFiles(spec({ file: 'a.stl' }, { file: join(folder, 'b.stl') }), folder)).toEqual(
        spec(ascii(block(1, 1, 1)), `base64:${binary(sphere(1)).toString('base64')}`),
      );
      expect(() => readGeometryFiles(spec('', { file: 'c.stl' }), folder)).toThrow(
        /^\/geometry\/of\/1\/stl: cannot read ".*c\.stl"/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
