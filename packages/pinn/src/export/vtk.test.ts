import { expect, test } from 'vitest';
import { fieldsVtk } from './vtk.ts';

const axes = [
  { name: 't', values: [0, 0.5] },
  { name: 'x', values: [-1, 1, 3] },
  { name: 'y', values: [2, 2.25, 2.5, 2.75] },
];

/** u(t, x, y) = 100t + 10x + y on the grid of the last d coordinates, in C order. */
function field(name: string, d: number) {
  const own = axes.slice(3 - d);
  let values = [0];
  for (const { name: axis, values: along } of own) {
    const factor = { t: 100, x: 10, y: 1 }[axis]!;
    values = values.flatMap((sum) => along.map((value) => sum + factor * value));
  }
  return { name, shape: own.map((axis) => axis.values.length), axes: own, values: Float64Array.from(values) };
}

/** Reads a legacy file of structured points as its specification says. */
function parse(bytes: Buffer) {
  let at = 0;
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    const text = bytes.toString('latin1', at, end);
    at = end + 1;
    return text;
  };
  const words = (keyword: string): number[] => {
    const [first, ...rest] = line().split(' ');
    expect(first).toBe(keyword);
    return rest.map(Number);
  };
  expect(line()).toBe('# vtk DataFile Version 3.0');
  const title = line();
  expect([line(), line()]).toEqual(['BINARY', 'DATASET STRUCTURED_POINTS']);
  const [dimensions, origin, spacing] = [words('DIMENSIONS'), words('ORIGIN'), words('SPACING')];
  const [count] = words('POINT_DATA');
  expect(count).toBe(dimensions.reduce((product, size) => product * size));
  const arrays = new Map<string, number[]>();
  const read = (name: string): void => {
    arrays.set(
      name,
      Array.from({ length: count! }, (_, n) => bytes.readDoubleBE(at + 8 * n)),
    );
    at += 8 * count!;
    expect(bytes[at++]).toBe(10);
  };
  const [scalars, active, ...type] = line().split(' ');
  expect([scalars, ...type, line()]).toEqual(['SCALARS', 'double', '1', 'LOOKUP_TABLE default']);
  read(active!);
  if (at < bytes.length) {
    const [field, , others] = line().split(' ');
    expect(field).toBe('FIELD');
    for (let k = 0; k < Number(others); k++) {
      const [name, ...rest] = line().split(' ');
      expect(rest).toEqual(['1', String(count), 'double']);
      read(name!);
    }
  }
  expect(at).toBe(bytes.length);
  return { title, dimensions, origin, spacing, arrays };
}

test.each([
  [1, 'axes: y', [4, 1, 1], [2, 0, 0], [0.25, 1, 1]],
  [2, 'axes: x, y', [3, 4, 1], [-1, 2, 0], [2, 0.25, 1]],
  [3, 'axes: t, x, y', [2, 3, 4], [0, -1, 2], [0.5, 2, 0.25]],
])('over %i coordinates: header, counts, and values at their points', (d, title, dimensions, origin, spacing) => {
  const { arrays, ...header } = parse(Buffer.from(fieldsVtk(['u', 'residual', 'error'].map((name) => field(name, d)))));
  expect(header).toEqual({ title, dimensions, origin, spacing });
  expect([...arrays.keys()]).toEqual(['u', 'residual', 'error']);
  // Point i + n₁(j + n₂k) lies at origin + (i, j, k)·spacing.
  const factors = [100, 10, 1].slice(3 - d);
  for (const values of arrays.values()) {
    for (const [n, value] of values.entries()) {
      let rest = n;
      let expected = 0;
      for (let axis = 0; axis < d; axis++) {
        expected += factors[axis]! * (origin[axis]! + (rest % dimensions[axis]!) * spacing[axis]!);
        rest = Math.floor(rest / dimensions[axis]!);
      }
      expect(value).toBeCloseTo(expected, 12);
    }
  }
});

test('a single field is the scalars alone', () => {
  expect([...parse(Buffer.from(fieldsVtk([field('u', 2)]))).arrays.keys()]).toEqual(['u']);
});
