import type { Dtype, Matrix, RealArray } from './engine.ts';
import { KfacError } from '../errors.ts';

/** A zeroed [rows × cols] matrix. */
export function matrix(rows: number, cols: number, dtype: Dtype = 'f64'): Matrix {
  return { rows, cols, dtype, data: dtype === 'f64' ? new Float64Array(rows * cols) : new Float32Array(rows * cols) };
}

/** A matrix over existing memory, not copied; `data.length` must be rows · cols. */
export function matrixOver(rows: number, cols: number, data: RealArray): Matrix {
  if (data.length !== rows * cols) {
    throw new KfacError(
      'KFAC_SHAPE',
      `expected ${rows * cols} numbers for a ${rows}×${cols} matrix, got ${data.length}`,
    );
  }
  return { rows, cols, dtype: data instanceof Float64Array ? 'f64' : 'f32', data };
}
