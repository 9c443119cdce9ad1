import { KfacError } from '../../../errors.ts';
import type { Matrix, RealArray } from '../../engine.ts';
import { norm, type Strided } from './householder.ts';

const MAXIMUM_SWEEPS = 60;

/**
 * Thin A = U·diag(s)·Vᵀ, s descending, by one-sided Jacobi rotations (Hestenes 1958): columns of A, or of Aᵀ when A is
 * wide, are rotated in pairs until all are orthogonal; their lengths are s. Small singular values are relatively accurate.
 */
export function svd(a: Matrix, u: Matrix, s: RealArray, v: Matrix): void {
  const wide = a.cols > a.rows;
  const [m, n] = wide ? [a.cols, a.rows] : [a.rows, a.cols];
  const left = Array.from({ length: n }, (_, j) =>
    Float64Array.from({ length: m }, (_, i) => a.data[wide ? j * m + i : i * n + j]!),
  );
  let largest = 0;
  for (const x of a.data) {
    if (!Number.isFinite(x)) throw new KfacError('KFAC_NO_CONVERGENCE', `svd: expected finite numbers, got ${x}`);
    largest = Math.max(largest, Math.abs(x));
  }
  if (largest > 0) for (const column of left) column.forEach((x, i) => (column[i] = x / largest));
  const right = Array.from({ length: n }, (_, j) => Float64Array.from({ length: n }, (_, i) => (i === j ? 1 : 0)));
  orthogonalize(left, right);
  const lengths = left.map((column) => norm(whole(column)));
  const order = lengths.map((_, j) => j).sort((i, j) => lengths[j]! - lengths[i]!);
  const [first, second] = wide ? [v, u] : [u, v];
  const basis: Float64Array[] = [];
  order.forEach((from, to) => {
    s[to] = lengths[from]! * largest;
    basis.push(lengths[from]! > 1e-140 ? left[from]!.map((x) => x / lengths[from]!) : newDirection(basis, m));
    for (let i = 0; i < m; i++) first.data[i * n + to] = basis[to]![i]!;
    for (let i = 0; i < n; i++) second.data[i * n + to] = right[from]![i]!;
  });
}

function whole(data: Float64Array): Strided {
  return { data, start: 0, stride: 1, length: data.length };
}

function orthogonalize(left: Float64Array[], right: Float64Array[]): void {
  const n = left.length;
  for (let sweep = 0; sweep < MAXIMUM_SWEEPS; sweep++) {
    let rotated = false;
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        const [x, y] = [left[p]!, left[q]!];
        const [xx, yy, xy] = [dot(x, x), dot(y, y), dot(x, y)];
        if (Math.abs(xy) <= Number.EPSILON * x.length * Math.sqrt(xx * yy)) continue;
        rotated = true;
        const zeta = (yy - xx) / (2 * xy);
        const tangent = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cosine = 1 / Math.hypot(1, tangent);
        rotate(x, y, cosine, cosine * tangent);
        rotate(right[p]!, right[q]!, cosine, cosine * tangent);
      }
    }
    if (!rotated) return;
  }
  throw new KfacError('KFAC_NO_CONVERGENCE', `svd: the columns are not orthogonal after ${MAXIMUM_SWEEPS} sweeps`);
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

function rotate(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i]!, y[i]!];
    x[i] = cosine * a - sine * b;
    y[i] = sine * a + cosine * b;
  }
}

/** A unit vector orthogonal to the basis: what is left of the unit vector that it covers least. */
function newDirection(basis: readonly Float64Array[], m: number): Float64Array {
  const covered = Float64Array.from({ length: m }, (_, i) => basis.reduce((sum, b) => sum + b[i]! ** 2, 0));
  const x = new Float64Array(m);
  x[covered.indexOf(Math.min(...covered))] = 1;
  for (let pass = 0; pass < 2; pass++) {
    for (const b of basis) {
      const share = dot(x, b);
      for (let i = 0; i < m; i++) x[i]! -= share * b[i]!;
    }
  }
  const size = norm(whole(x));
  return x.map((value) => value / size);
}
