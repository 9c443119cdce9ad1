import { KfacError } from '../errors.ts';
import type { Dtype, Matrix, RealArray } from './engine.ts';

/** Most numbers that one array may hold. */
const LARGEST = 2 ** 31;

/** Throws `KFAC_SHAPE` unless the value is an integer in [minimum, maximum]. */
export function requireInteger(value: number, minimum: number, maximum: number, name: string): void {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new KfacError('KFAC_SHAPE', `${name}: expected an integer in [${minimum}, ${maximum}], got ${value}`);
  }
}

/** The dtype of an array; throws `KFAC_DTYPE` for anything else and for shared memory, which another thread could change. */
export function arrayDtype(data: RealArray, name: string): Dtype {
  const dtype = data instanceof Float64Array ? 'f64' : data instanceof Float32Array ? 'f32' : undefined;
  if (dtype === undefined)
    throw new KfacError('KFAC_DTYPE', `${name}: expected a Float64Array or Float32Array, got ${typeName(data)}`);
  if (!(data.buffer instanceof ArrayBuffer))
    throw new KfacError('KFAC_DTYPE', `${name}: memory shared between threads is not accepted`);
  return dtype;
}

function typeName(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : typeof value;
}

/** Throws `KFAC_SHAPE` or `KFAC_DTYPE` unless the matrix is consistent in itself; with `dtype`, unless it is of that dtype. */
export function requireMatrix(m: Matrix, name: string, dtype?: Dtype): void {
  const stored = arrayDtype(m.data, name);
  if (m.dtype !== stored)
    throw new KfacError('KFAC_DTYPE', `${name}: expected ${m.dtype} numbers, got a ${typeName(m.data)}`);
  requireInteger(m.rows, 0, LARGEST, `rows of ${name}`);
  requireInteger(m.cols, 0, LARGEST, `columns of ${name}`);
  if (m.data.length !== m.rows * m.cols) {
    throw new KfacError(
      'KFAC_SHAPE',
      `${name}: expected ${m.rows * m.cols} numbers for ${m.rows}×${m.cols}, got ${m.data.length}`,
    );
  }
  if (dtype !== undefined && m.dtype !== dtype)
    throw new KfacError('KFAC_DTYPE', `${name}: expected ${dtype}, got ${m.dtype}`);
}

/** The same, and the shape must be [rows × cols]. */
export function requireShape(m: Matrix, rows: number, cols: number, name: string, dtype?: Dtype): void {
  requireMatrix(m, name, dtype);
  if (m.rows !== rows || m.cols !== cols) {
    throw new KfacError('KFAC_SHAPE', `${name}: expected ${rows}×${cols}, got ${m.rows}×${m.cols}`);
  }
}

/** Throws `KFAC_SHAPE` or `KFAC_DTYPE` unless the vector has this length and dtype (f64). */
export function requireVector(v: RealArray, length: number, name: string, dtype: Dtype = 'f64'): void {
  const stored = arrayDtype(v, name);
  if (stored !== dtype) throw new KfacError('KFAC_DTYPE', `${name}: expected ${dtype}, got ${stored}`);
  if (v.length !== length) throw new KfacError('KFAC_SHAPE', `${name}: expected ${length} numbers, got ${v.length}`);
}

function overlap(a: RealArray, b: RealArray): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}

/** Throws `KFAC_ALIAS` if the written array shares memory with one of the others. */
export function requireDistinct(written: RealArray, name: string, others: readonly RealArray[]): void {
  for (const other of others) {
    if (overlap(written, other))
      throw new KfacError('KFAC_ALIAS', `${name}: the output shares memory with another argument`);
  }
}
