import { KfacError } from '../errors.ts';
import { arrayDtype, requireDistinct, requireInteger, requireMatrix, requireShape, requireVector } from './check.ts';
import type { Bidiagonalization, Dtype, LinearAlgebra, Matrix, RealArray, Tridiagonalization } from './engine.ts';

/** Largest order of a matrix that is reduced and stored. */
const LARGEST_ORDER = 32_768;

function requireSquare(m: Matrix, name: string, dtype?: Dtype): number {
  requireMatrix(m, name, dtype);
  if (m.rows !== m.cols)
    throw new KfacError('KFAC_SHAPE', `${name}: expected a square matrix, got ${m.rows}×${m.cols}`);
  return m.rows;
}

/** Puts the checks of shapes, dtypes and overlaps before every operation of `inner`, the same for every engine. */
export function checkedLinalg(inner: LinearAlgebra): LinearAlgebra {
  return {
    gemm(alpha, a, opA, b, opB, beta, c) {
      requireMatrix(a, 'gemm: A');
      requireMatrix(b, 'gemm: B', a.dtype);
      const [rows, k] = opA === 'n' ? [a.rows, a.cols] : [a.cols, a.rows];
      const [inside, cols] = opB === 'n' ? [b.rows, b.cols] : [b.cols, b.rows];
      if (k !== inside) {
        throw new KfacError(
          'KFAC_SHAPE',
          `gemm: expected op(B) with ${k} rows for op(A) ${rows}×${k}, got ${inside}×${cols}`,
        );
      }
      requireShape(c, rows, cols, 'gemm: C', a.dtype);
      requireDistinct(c.data, 'gemm: C', [a.data, b.data]);
      inner.gemm(alpha, a, opA, b, opB, beta, c);
    },

    gram(alpha, z, weights, uses, beta, c) {
      requireMatrix(z, 'gram: Z');
      requireInteger(uses, 1, Number.MAX_SAFE_INTEGER, 'gram: uses');
      if (z.rows % uses !== 0) {
        throw new KfacError('KFAC_SHAPE', `gram: Z: expected a multiple of ${uses} rows, got ${z.rows}`);
      }
      if (weights !== null) requireVector(weights, z.rows / uses, 'gram: weights');
      requireShape(c, z.cols, z.cols, 'gram: C', z.dtype === 'f64' ? 'f64' : undefined);
      requireDistinct(c.data, 'gram: C', weights === null ? [z.data] : [z.data, weights]);
      inner.gram(alpha, z, weights, uses, beta, c);
    },

    cholesky(a) {
      requireSquare(a, 'cholesky: A');
      inner.cholesky(a);
    },

    choleskySolve(l, b) {
      requireShape(b, requireSquare(l, 'choleskySolve: L'), b.cols, 'choleskySolve: B', l.dtype);
      requireDistinct(b.data, 'choleskySolve: B', [l.data]);
      inner.choleskySolve(l, b);
    },

    choleskyInverse(l, out) {
      const n = requireSquare(l, 'choleskyInverse: L');
      requireShape(out, n, n, 'choleskyInverse: out', l.dtype);
      requireDistinct(out.data, 'choleskyInverse: out', [l.data]);
      inner.choleskyInverse(l, out);
    },

    triangularSolve(t, triangle, op, b) {
      requireShape(b, requireSquare(t, 'triangularSolve: T'), b.cols, 'triangularSolve: B', t.dtype);
      requireDistinct(b.data, 'triangularSolve: B', [t.data]);
      inner.triangularSolve(t, triangle, op, b);
    },

    eigenSymmetric(a, values, vectors) {
      const n = requireSquare(a, 'eigenSymmetric: A');
      requireVector(values, n, 'eigenSymmetric: values', a.dtype);
      requireShape(vectors, n, n, 'eigenSymmetric: vectors', a.dtype);
      requireDistinct(values, 'eigenSymmetric: values', [a.data, vectors.data]);
      requireDistinct(vectors.data, 'eigenSymmetric: vectors', [a.data]);
      inner.eigenSymmetric(a, values, vectors);
    },

    eigenGeneralized(a, b, values, vectors) {
      const n = requireSquare(a, 'eigenGeneralized: A');
      requireShape(b, n, n, 'eigenGeneralized: B', a.dtype);
      requireVector(values, n, 'eigenGeneralized: values', a.dtype);
      requireShape(vectors, n, n, 'eigenGeneralized: vectors', a.dtype);
      requireDistinct(values, 'eigenGeneralized: values', [a.data, b.data, vectors.data]);
      requireDistinct(vectors.data, 'eigenGeneralized: vectors', [a.data, b.data]);
      inner.eigenGeneralized(a, b, values, vectors);
    },

    qr(a, q, r) {
      requireMatrix(a, 'qr: A');
      if (a.rows < a.cols)
        throw new KfacError('KFAC_SHAPE', `qr: A: expected at least as many rows as columns, got ${a.rows}×${a.cols}`);
      requireShape(q, a.rows, a.cols, 'qr: Q', a.dtype);
      requireShape(r, a.cols, a.cols, 'qr: R', a.dtype);
      requireDistinct(q.data, 'qr: Q', [a.data, r.data]);
      requireDistinct(r.data, 'qr: R', [a.data]);
      inner.qr(a, q, r);
    },

    qrFactor(a, r) {
      requireMatrix(a, 'qrFactor: A');
      requireShape(r, a.cols, a.cols, 'qrFactor: R', a.dtype);
      requireDistinct(r.data, 'qrFactor: R', [a.data]);
      inner.qrFactor(a, r);
    },

    svd(a, u, s, v) {
      requireMatrix(a, 'svd: A');
      const k = Math.min(a.rows, a.cols);
      requireShape(u, a.rows, k, 'svd: U', a.dtype);
      requireVector(s, k, 'svd: s', a.dtype);
      requireShape(v, a.cols, k, 'svd: V', a.dtype);
      requireDistinct(u.data, 'svd: U', [a.data, s, v.data]);
      requireDistinct(s, 'svd: s', [a.data, v.data]);
      requireDistinct(v.data, 'svd: V', [a.data]);
      inner.svd(a, u, s, v);
    },

    tridiagonalization(size) {
      requireInteger(size, 0, LARGEST_ORDER, 'tridiagonalization: size');
      return checkedTridiagonalization(inner.tridiagonalization(size));
    },

    bidiagonalization(size) {
      requireInteger(size, 0, LARGEST_ORDER, 'bidiagonalization: size');
      return checkedBidiagonalization(inner.bidiagonalization(size));
    },
  };
}

function checkedTridiagonalization(inner: Tridiagonalization): Tridiagonalization {
  const { size, diagonal, offDiagonal } = inner;
  return {
    size,
    diagonal,
    offDiagonal,
    factor(a) {
      requireShape(a, size, size, 'tridiagonalization: A', 'f64');
      requireDistinct(a.data, 'tridiagonalization: A', [diagonal, offDiagonal]);
      inner.factor(a);
    },
    apply(op, b) {
      requireOwn(b, size, 'tridiagonalization: b', [diagonal, offDiagonal]);
      inner.apply(op, b);
    },
    solveShifted(lambda, b, y, sums) {
      requireSolve('solveShifted', size, lambda, b, y, sums, [diagonal, offDiagonal]);
      inner.solveShifted(lambda, b, y, sums);
    },
  };
}

function checkedBidiagonalization(inner: Bidiagonalization): Bidiagonalization {
  const { size, diagonal, superDiagonal } = inner;
  return {
    size,
    diagonal,
    superDiagonal,
    factor(r) {
      requireShape(r, size, size, 'bidiagonalization: R', 'f64');
      requireDistinct(r.data, 'bidiagonalization: R', [diagonal, superDiagonal]);
      inner.factor(r);
    },
    applyLeft(op, b) {
      requireOwn(b, size, 'bidiagonalization: b', [diagonal, superDiagonal]);
      inner.applyLeft(op, b);
    },
    applyRight(op, b) {
      requireOwn(b, size, 'bidiagonalization: b', [diagonal, superDiagonal]);
      inner.applyRight(op, b);
    },
    solveDamped(lambda, b, y, sums) {
      requireSolve('solveDamped', size, lambda, b, y, sums, [diagonal, superDiagonal]);
      inner.solveDamped(lambda, b, y, sums);
    },
  };
}

function requireSolve(
  name: string,
  size: number,
  lambda: number,
  b: Float64Array,
  y: Float64Array,
  sums: Float64Array,
  own: readonly RealArray[],
): void {
  if (!(lambda >= 0)) throw new KfacError('KFAC_SHAPE', `${name}: expected λ ≥ 0, got ${lambda}`);
  requireVector(b, size, `${name}: b`);
  requireVector(y, size, `${name}: y`);
  requireVector(sums, 3, `${name}: sums`);
  requireDistinct(y, `${name}: y`, [b, sums, ...own]);
  requireDistinct(sums, `${name}: sums`, [b, ...own]);
}

function requireOwn(b: RealArray, size: number, name: string, others: readonly RealArray[]): void {
  arrayDtype(b, name);
  requireVector(b, size, name);
  requireDistinct(b, name, others);
}
