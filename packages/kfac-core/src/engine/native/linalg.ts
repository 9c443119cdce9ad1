import type { Bidiagonalization, Dtype, LinearAlgebra, Matrix, Op, RealArray, Tridiagonalization } from '../engine.ts';

/** What this room calls in the addon. Matrices are row-major. */
export interface LinalgAddon {
  gemmF64(
    rows: number,
    cols: number,
    inner: number,
    alpha: number,
    a: RealArray,
    transposeA: boolean,
    b: RealArray,
    transposeB: boolean,
    beta: number,
    c: RealArray,
  ): void;
  gemmF32: LinalgAddon['gemmF64'];
  gramF64(
    n: number,
    alpha: number,
    z: RealArray,
    weights: Float64Array | null,
    uses: number,
    beta: number,
    c: RealArray,
  ): void;
  gramF32: LinalgAddon['gramF64'];
  gramF32F64: LinalgAddon['gramF64'];
  choleskyF64(n: number, a: RealArray): void;
  choleskyF32: LinalgAddon['choleskyF64'];
  choleskySolveF64(n: number, l: RealArray, cols: number, b: RealArray): void;
  choleskySolveF32: LinalgAddon['choleskySolveF64'];
  choleskyInverseF64(n: number, l: RealArray, out: RealArray): void;
  choleskyInverseF32: LinalgAddon['choleskyInverseF64'];
  triangularSolveF64(n: number, t: RealArray, upper: boolean, transpose: boolean, cols: number, b: RealArray): void;
  triangularSolveF32: LinalgAddon['triangularSolveF64'];
  eigenSymmetricF64(n: number, a: RealArray, values: RealArray, vectors: RealArray): void;
  eigenSymmetricF32: LinalgAddon['eigenSymmetricF64'];
  eigenGeneralizedF64(n: number, a: RealArray, b: RealArray, values: RealArray, vectors: RealArray): void;
  eigenGeneralizedF32: LinalgAddon['eigenGeneralizedF64'];
  qrF64(rows: number, cols: number, a: RealArray, q: RealArray, r: RealArray): void;
  qrF32: LinalgAddon['qrF64'];
  qrFactorF64(rows: number, cols: number, a: RealArray, r: RealArray): void;
  qrFactorF32: LinalgAddon['qrFactorF64'];
  svdF64(rows: number, cols: number, a: RealArray, u: RealArray, s: RealArray, v: RealArray): void;
  svdF32: LinalgAddon['svdF64'];
  /** `store` [n² + n] keeps the reflectors. */
  tridiagonalize(n: number, a: RealArray, store: Float64Array, diagonal: Float64Array, offDiagonal: Float64Array): void;
  applyTridiagonal(n: number, store: Float64Array, transpose: boolean, b: Float64Array): void;
  solveTridiagonal(
    diagonal: Float64Array,
    offDiagonal: Float64Array,
    lambda: number,
    b: Float64Array,
    y: Float64Array,
    sums: Float64Array,
  ): void;
  solveBidiagonal(
    diagonal: Float64Array,
    superDiagonal: Float64Array,
    lambda: number,
    b: Float64Array,
    y: Float64Array,
    sums: Float64Array,
  ): void;
  /** `store` [2n² + 2n] keeps the reflectors. */
  bidiagonalize(
    n: number,
    r: RealArray,
    store: Float64Array,
    diagonal: Float64Array,
    superDiagonal: Float64Array,
  ): void;
  applyBidiagonal(n: number, store: Float64Array, right: boolean, transpose: boolean, b: Float64Array): void;
}

/** Dense algebra, natively. Arguments are taken as checked. */
export function nativeLinalg(addon: LinalgAddon): LinearAlgebra {
  return {
    gemm(alpha, a, opA, b, opB, beta, c) {
      const call = a.dtype === 'f64' ? addon.gemmF64 : addon.gemmF32;
      call(
        c.rows,
        c.cols,
        opA === 'n' ? a.cols : a.rows,
        alpha,
        a.data,
        opA === 't',
        b.data,
        opB === 't',
        beta,
        c.data,
      );
    },
    gram(alpha, z, weights, uses, beta, c) {
      const call = z.dtype === 'f64' ? addon.gramF64 : c.dtype === 'f64' ? addon.gramF32F64 : addon.gramF32;
      call(z.cols, alpha, z.data, weights, uses, beta, c.data);
    },
    cholesky(a) {
      pick(a.dtype, addon.choleskyF64, addon.choleskyF32)(a.rows, a.data);
    },
    choleskySolve(l, b) {
      pick(l.dtype, addon.choleskySolveF64, addon.choleskySolveF32)(l.rows, l.data, b.cols, b.data);
    },
    choleskyInverse(l, out) {
      pick(l.dtype, addon.choleskyInverseF64, addon.choleskyInverseF32)(l.rows, l.data, out.data);
    },
    triangularSolve(t, triangle, op, b) {
      pick(t.dtype, addon.triangularSolveF64, addon.triangularSolveF32)(
        t.rows,
        t.data,
        triangle === 'upper',
        op === 't',
        b.cols,
        b.data,
      );
    },
    eigenSymmetric(a, values, vectors) {
      pick(a.dtype, addon.eigenSymmetricF64, addon.eigenSymmetricF32)(a.rows, a.data, values, vectors.data);
    },
    eigenGeneralized(a, b, values, vectors) {
      pick(a.dtype, addon.eigenGeneralizedF64, addon.eigenGeneralizedF32)(a.rows, a.data, b.data, values, vectors.data);
    },
    qr(a, q, r) {
      pick(a.dtype, addon.qrF64, addon.qrF32)(a.rows, a.cols, a.data, q.data, r.data);
    },
    qrFactor(a, r) {
      pick(a.dtype, addon.qrFactorF64, addon.qrFactorF32)(a.rows, a.cols, a.data, r.data);
    },
    svd(a, u, s, v) {
      pick(a.dtype, addon.svdF64, addon.svdF32)(a.rows, a.cols, a.data, u.data, s, v.data);
    },
    tridiagonalization: (size) => tridiagonalization(addon, size),
    bidiagonalization: (size) => bidiagonalization(addon, size),
  };
}

function pick<T>(dtype: Dtype, f64: T, f32: T): T {
  return dtype === 'f64' ? f64 : f32;
}

function tridiagonalization(addon: LinalgAddon, size: number): Tridiagonalization {
  const store = new Float64Array(size * size + size);
  const diagonal = new Float64Array(size);
  const offDiagonal = new Float64Array(Math.max(size - 1, 0));
  return {
    size,
    diagonal,
    offDiagonal,
    factor: (a: Matrix) => addon.tridiagonalize(size, a.data, store, diagonal, offDiagonal),
    apply: (op: Op, b: Float64Array) => addon.applyTridiagonal(size, store, op === 't', b),
    solveShifted: (lambda, b, y, sums) => addon.solveTridiagonal(diagonal, offDiagonal, lambda, b, y, sums),
  };
}

function bidiagonalization(addon: LinalgAddon, size: number): Bidiagonalization {
  const store = new Float64Array(2 * size * size + 2 * size);
  const diagonal = new Float64Array(size);
  const superDiagonal = new Float64Array(Math.max(size - 1, 0));
  return {
    size,
    diagonal,
    superDiagonal,
    factor: (r: Matrix) => addon.bidiagonalize(size, r.data, store, diagonal, superDiagonal),
    applyLeft: (op: Op, b: Float64Array) => addon.applyBidiagonal(size, store, false, op === 't', b),
    applyRight: (op: Op, b: Float64Array) => addon.applyBidiagonal(size, store, true, op === 't', b),
    solveDamped: (lambda, b, y, sums) => addon.solveBidiagonal(diagonal, superDiagonal, lambda, b, y, sums),
  };
}
