import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fieldsNpy } from './npy.ts';

const axes = [
  { name: 't', values: [0, 0.1] },
  { name: 'x', values: [-1, 0, 1] },
  { name: 'y', values: [2, 3, 4, 5] },
];
const u = Float64Array.from({ length: 24 }, (_, n) => Math.sin(n));
const error = Float64Array.from(u, (value, n) => (n === 7 ? NaN : -value));
const fields = [
  { name: 'u', shape: [2, 3, 4], axes, values: u },
  { name: 'error', shape: [2, 3, 4], axes, values: error },
];

/** The coordinates as meshes, written down independently. */
const meshes = [
  axes[0]!.values.flatMap((value) => Array.from({ length: 12 }, () => value)),
  [0, 1].flatMap(() => axes[1]!.values.flatMap((value) => Array.from({ length: 4 }, () => value))),
  Array.from({ length: 6 }, () => axes[2]!.values).flat(),
];

test.each([1, 2, 3])('the bytes over %i coordinates are those of NEP 1: magic, version, dict, aligned doubles', (d) => {
  const bytes = Buffer.from(fieldsNpy(fields.map((field) => sliced(field, d))));
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]));
  const length = bytes.readUInt16LE(8);
  expect((10 + length) % 64).toBe(0);
  const shape = [d + 2, ...[2, 3, 4].slice(3 - d)];
  const header = bytes.subarray(10, 10 + length).toString('latin1');
  expect(header).toMatch(
    new RegExp(String.raw`^\{'descr': '<f8', 'fortran_order': False, 'shape': \(${shape.join(', ')}\), \} *\n$`),
  );
  expect(bytes).toHaveLength(10 + length + 8 * shape.reduce((product, size) => product * size));
});

/** A field restricted to its last d coordinates, the first ones at their beginning. */
function sliced(field: (typeof fields)[0], d: number): (typeof fields)[0] {
  const shape = field.shape.slice(3 - d);
  const count = shape.reduce((product, size) => product * size);
  return { ...field, shape, axes: axes.slice(3 - d), values: field.values.subarray(0, count) };
}

test('the values are the coordinates as meshes, then the fields, exactly', () => {
  const bytes = Buffer.from(fieldsNpy(fields));
  const from = 10 + bytes.readUInt16LE(8);
  const slab = (k: number): number[] =>
    Array.from({ length: 24 }, (_, n) => bytes.readDoubleLE(from + 8 * (24 * k + n)));
  expect([0, 1, 2].map(slab)).toEqual(meshes);
  expect(slab(3)).toEqual([...u]);
  expect(slab(4)).toEqual([...error]);
});

const hasNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;

test.skipIf(!hasNumpy)('NumPy reads it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfac-npy-'));
  const file = join(folder, 'fields.npy');
  writeFileSync(file, fieldsNpy(fields));
  const program = `
import json, numpy, sys
t, x, y, u, error = a = numpy.load(sys.argv[1])
mesh = numpy.meshgrid([0, 0.1], [-1, 0, 1], [2, 3, 4, 5], indexing="ij")
print(json.dumps([str(a.dtype), a.flags.c_contiguous, a.shape, bool((a[:3] == mesh).all()), u.ravel().tolist()]))`;
  const seen = JSON.parse(execFileSync('python3', ['-c', program, file], { encoding: 'utf8' })) as unknown[];
  rmSync(folder, { recursive: true });
  expect(seen).toEqual(['float64', true, [5, 2, 3, 4], true, [...u]]);
});
