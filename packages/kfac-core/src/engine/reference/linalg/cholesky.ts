import { KfacError } from '../../../errors.ts';
import type { Matrix } from '../../engine.ts';
import { triangularSolve } from './triangular.ts';

/** A = L·Lᵀ in place, row by row; reads the lower triangle, zeroes the other. Throws `KFAC_NOT_POSITIVE_DEFINITE`. */
export function cholesky(a: Matrix): void {
  const n = a.rows;
  const l = Float64Array.from(a.data);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = l[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i === j && !(sum > 0 && sum < Infinity)) {
        throw new KfacError(
          'KFAC_NOT_POSITIVE_DEFINITE',
          `cholesky: expected a positive definite matrix, got pivot ${sum} in row ${i} of ${n}`,
        );
      }
      l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j]!;
    }
    l.fill(0, i * n + i + 1, (i + 1) * n);
  }
  a.data.set(l);
}

/** B ← (L·Lᵀ)⁻¹·B in place. */
export function choleskySolve(l: Matrix, b: Matrix): void {
  triangularSolve(l, 'lower', 'n', b);
  triangularSolve(l, 'lower', 't', b);
}

/** out ← (L·Lᵀ)⁻¹, both triangles. */
export function choleskyInverse(l: Matrix, out: Matrix): void {
  const n = l.rows;
  const inverse: Matrix = { rows: n, cols: n, dtype: 'f64', data: new Float64Array(n * n) };
  for (let i = 0; i < n; i++) inverse.data[i * n + i] = 1;
  choleskySolve(l, inverse);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const mean = 0.5 * (inverse.data[i * n + j]! + inverse.data[j * n + i]!);
      out.data[i * n + j] = mean;
      out.data[j * n + i] = mean;
    }
  }
}
