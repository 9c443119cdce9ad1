import { KfacError } from '../errors.ts';
import { requireDistinct, requireInteger, requireMatrix, requireShape, requireVector } from './check.ts';
import type { Captured, Matrix } from './engine.ts';

/** Checks a pair and returns the number of examples. */
function requirePair(z: Matrix, g: Matrix, uses: number, name: string): number {
  requireMatrix(z, `${name}: Z`);
  requireShape(g, z.rows, g.cols, `${name}: G`, z.dtype);
  requireInteger(uses, 1, Number.MAX_SAFE_INTEGER, `${name}: uses`);
  if (z.rows % uses !== 0)
    throw new KfacError('KFAC_SHAPE', `${name}: Z: expected a multiple of ${uses} rows, got ${z.rows}`);
  return z.rows / uses;
}

/** Puts the checks of shapes, dtypes and overlaps before every operation of `inner`, the same for every engine. */
export function checkedCaptured(inner: Captured): Captured {
  return {
    gradient(z, g, uses, weights, out) {
      requireVector(weights, requirePair(z, g, uses, 'gradient'), 'gradient: weights');
      requireVector(out, z.cols * g.cols, 'gradient: out');
      requireDistinct(out, 'gradient: out', [z.data, g.data, weights]);
      inner.gradient(z, g, uses, weights, out);
    },

    jvp(z, g, uses, directions, out) {
      const batch = requirePair(z, g, uses, 'jvp');
      for (const direction of directions) requireVector(direction, z.cols * g.cols, 'jvp: direction');
      requireVector(out, directions.length * batch, 'jvp: out');
      requireDistinct(out, 'jvp: out', [z.data, g.data, ...directions]);
      inner.jvp(z, g, uses, directions, out);
    },

    jacobian(z, g, uses, scale, out, row, column) {
      const batch = requirePair(z, g, uses, 'jacobian');
      requireVector(scale, batch, 'jacobian: scale');
      requireMatrix(out, 'jacobian: out', 'f64');
      requireInteger(row, 0, out.rows - batch, 'jacobian: row');
      requireInteger(column, 0, out.cols - z.cols * g.cols, 'jacobian: column');
      requireDistinct(out.data, 'jacobian: out', [z.data, g.data, scale]);
      inner.jacobian(z, g, uses, scale, out, row, column);
    },
  };
}
