import { KfacError } from '../../../errors.ts';
import type { Matrix, RealArray } from '../../engine.ts';
import { cholesky } from './cholesky.ts';
import { triangularSolve } from './triangular.ts';
import { ReferenceTridiagonalization } from './tridiagonalization.ts';

const MAXIMUM_ITERATIONS = 60;

/** A = V·diag(values)·Vᵀ, values ascending: Householder reduction, then implicit QL on the tridiagonal matrix. */
export function eigenSymmetric(a: Matrix, values: RealArray, vectors: Matrix): void {
  const n = a.rows;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      if (!Number.isFinite(a.data[i * n + j]!)) {
        throw new KfacError(
          'KFAC_NO_CONVERGENCE',
          `eigenSymmetric: expected finite numbers, got ${a.data[i * n + j]} in row ${i}`,
        );
      }
    }
  }
  const reduced = new ReferenceTridiagonalization(n);
  reduced.factor(a);
  // Rows of `rows` are the vectors: they start as the rows of Qᵀ, that is Q applied to the unit vectors, transposed.
  const basis = new Float64Array(n * n);
  const unit = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    unit.fill(0);
    unit[j] = 1;
    reduced.apply('n', unit);
    basis.set(unit, j * n);
  }
  implicitQl(reduced.diagonal, reduced.offDiagonal, basis);
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => reduced.diagonal[i]! - reduced.diagonal[j]!);
  order.forEach((from, to) => {
    values[to] = reduced.diagonal[from]!;
    for (let i = 0; i < n; i++) vectors.data[i * n + to] = basis[from * n + i]!;
  });
}

/**
 * Diagonalises the symmetric tridiagonal matrix (d, e) by implicit QL with Wilkinson's shift (Bowdler, Martin, Reinsch,
 * Wilkinson 1968); the rotations are applied to the rows of `basis` [n × n]. d becomes the eigenvalues.
 */
function implicitQl(d: Float64Array, e: Float64Array, basis: Float64Array): void {
  const n = d.length;
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      if (iteration === MAXIMUM_ITERATIONS) {
        throw new KfacError(
          'KFAC_NO_CONVERGENCE',
          `eigenSymmetric: eigenvalue ${l} of ${n} needs more than ${MAXIMUM_ITERATIONS} iterations`,
        );
      }
      const half = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let g = d[m]! - d[l]! + e[l]! / (half + Math.sign(half || 1) * Math.hypot(half, 1));
      let sine = 1;
      let cosine = 1;
      let shift = 0;
      let deflated = false;
      for (let i = m - 1; i >= l; i--) {
        const f = sine * e[i]!;
        const b = cosine * e[i]!;
        const r = Math.hypot(f, g);
        if (i + 1 < m) e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= shift;
          if (m < n - 1) e[m] = 0;
          deflated = true;
          break;
        }
        sine = f / r;
        cosine = g / r;
        g = d[i + 1]! - shift;
        const t = (d[i]! - g) * sine + 2 * cosine * b;
        shift = sine * t;
        d[i + 1] = g + shift;
        g = cosine * t - b;
        rotateRows(basis, n, i, cosine, sine);
      }
      if (deflated) continue;
      d[l]! -= shift;
      e[l] = g;
      if (m < n - 1) e[m] = 0;
    }
  }
}

/** Rows i and i + 1 ← the rotation of both. */
function rotateRows(basis: Float64Array, n: number, i: number, cosine: number, sine: number): void {
  for (let k = 0; k < n; k++) {
    const x = basis[i * n + k]!;
    const y = basis[(i + 1) * n + k]!;
    basis[(i + 1) * n + k] = sine * x + cosine * y;
    basis[i * n + k] = cosine * x - sine * y;
  }
}

/** A·V = B·V·diag(values), Vᵀ·B·V = I: B = L·Lᵀ, the ordinary problem for L⁻¹·A·L⁻ᵀ, V = L⁻ᵀ·Y. */
export function eigenGeneralized(a: Matrix, b: Matrix, values: RealArray, vectors: Matrix): void {
  const n = a.rows;
  const square = (): Matrix => ({ rows: n, cols: n, dtype: 'f64', data: new Float64Array(n * n) });
  const l = square();
  l.data.set(b.data);
  cholesky(l);
  const c = square();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) c.data[i * n + j] = c.data[j * n + i] = a.data[i * n + j]!;
  }
  triangularSolve(l, 'lower', 'n', c);
  transpose(c);
  triangularSolve(l, 'lower', 'n', c);
  const y = square();
  eigenSymmetric(c, values, y);
  triangularSolve(l, 'lower', 't', y);
  vectors.data.set(y.data);
}

function transpose({ rows: n, data }: Matrix): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) [data[i * n + j], data[j * n + i]] = [data[j * n + i]!, data[i * n + j]!];
  }
}
