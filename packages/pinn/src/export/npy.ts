import type { GridField } from '../fields.ts';

const MAGIC = [0x93, ...new TextEncoder().encode('NUMPY'), 1, 0];
/** The array begins at a multiple of this. */
const ALIGNMENT = 64;

/**
 * Fields on one grid as a NumPy array of format version 1.0 (NEP 1): float64, little-endian, C order, shape
 * [k + F, n₁, …, n_k] for k coordinates and F fields. Along the first axis stand the columns of the CSV: each coordinate
 * as a mesh (indexing 'ij'), then each field, so that `x, y, u, *rest = numpy.load(file)`.
 */
export function fieldsNpy(fields: readonly GridField[]): Uint8Array {
  const { axes, shape, values } = fields[0]!;
  const slabs = axes.length + fields.length;
  const header = npyHeader([slabs, ...shape]);
  const bytes = new Uint8Array(header.length + 8 * slabs * values.length);
  bytes.set(header);
  const view = new DataView(bytes.buffer, header.length);
  let at = 0;
  const write = (value: number): void => {
    view.setFloat64(at, value, true);
    at += 8;
  };
  let inner = values.length;
  for (const { values: along } of axes) {
    inner /= along.length;
    for (let n = 0; n < values.length; n++) write(along[Math.floor(n / inner) % along.length]!);
  }
  for (const field of fields) field.values.forEach(write);
  return bytes;
}

/** Magic, version, length of the text, and the text: a Python dict, padded with spaces to the alignment. */
function npyHeader(shape: readonly number[]): Uint8Array {
  const dict = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const before = MAGIC.length + 2;
  const length = Math.ceil((before + dict.length + 1) / ALIGNMENT) * ALIGNMENT - before;
  const text = new TextEncoder().encode(`${dict.padEnd(length - 1)}\n`);
  return Uint8Array.of(...MAGIC, length % 256, Math.floor(length / 256), ...text);
}
