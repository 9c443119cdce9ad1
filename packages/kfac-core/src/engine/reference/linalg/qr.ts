import type { Matrix } from '../../engine.ts';
import { applyReflector, makeReflector, type Strided } from './householder.ts';

/** Householder QR of an [m × n] array, in place: R above, the reflectors below the diagonal; returns their τ. */
function factor(a: Float64Array, m: number, n: number): Float64Array {
  const tau = new Float64Array(Math.min(m, n));
  for (let k = 0; k < tau.length; k++) {
    tau[k] = makeReflector(column(a, m, n, k, k));
    for (let j = k + 1; j < n; j++) applyReflector(tau[k]!, column(a, m, n, k, k), column(a, m, n, k, j));
  }
  return tau;
}

/** Rows k … m−1 of column j. */
function column(data: Float64Array, m: number, n: number, k: number, j: number): Strided {
  return { data, start: k * n + j, stride: n, length: m - k };
}

function copyUpper(a: Float64Array, m: number, r: Matrix): void {
  const n = r.cols;
  r.data.fill(0);
  for (let i = 0; i < Math.min(m, n); i++) {
    for (let j = i; j < n; j++) r.data[i * n + j] = a[i * n + j]!;
  }
}

/** Thin A = Q·R, m ≥ n. */
export function qr(a: Matrix, q: Matrix, r: Matrix): void {
  const { rows: m, cols: n } = a;
  const work = Float64Array.from(a.data);
  const tau = factor(work, m, n);
  copyUpper(work, m, r);
  const basis = new Float64Array(m * n);
  for (let j = 0; j < n; j++) basis[j * n + j] = 1;
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k; j < n; j++) applyReflector(tau[k]!, column(work, m, n, k, k), column(basis, m, n, k, j));
  }
  q.data.set(basis);
}

/** The R factor alone, any m; rows below m are zero. */
export function qrFactor(a: Matrix, r: Matrix): void {
  const work = Float64Array.from(a.data);
  factor(work, a.rows, a.cols);
  copyUpper(work, a.rows, r);
}
