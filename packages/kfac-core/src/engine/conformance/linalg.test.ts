import { describe, expect, test } from 'vitest';
import type { Dtype, LinearAlgebra, Matrix, Op, RealArray } from '../engine.ts';
import { dot } from '../../vector.ts';
import { matrix, matrixOver } from '../matrix.ts';
import {
  clone,
  codeOf,
  expectClose,
  expectSame,
  expectSymmetric,
  identity,
  numbers,
  positiveDefinite,
  product,
  randomMatrix,
  scaled,
} from './dense.test.helper.ts';
import { candidates } from './engines.test.helper.ts';

const SIZES = [0, 1, 2, 3, 7, 12, 17, 33, 64, 97];
/** Relative to the largest entry; sums of up to a few thousand terms. */
const TOLERANCE: Record<Dtype, number> = { f64: 2e-13, f32: 2e-5 };
const DTYPES: Dtype[] = ['f64', 'f32'];

const array = (n: number, dtype: Dtype): RealArray => (dtype === 'f64' ? new Float64Array(n) : new Float32Array(n));

function triangle(m: Matrix, which: 'lower' | 'upper'): Matrix {
  const out = matrix(m.rows, m.cols, m.dtype);
  for (let i = 0; i < m.rows; i++) {
    for (let j = 0; j < m.cols; j++)
      if (which === 'lower' ? j <= i : j >= i) out.data[i * m.cols + j] = m.data[i * m.cols + j]!;
  }
  return out;
}

/** A symmetric matrix with the given eigenvalues: the orthogonal factor of a random matrix around them. */
function withEigenvalues(linalg: LinearAlgebra, values: readonly number[], seed: number): Matrix {
  const n = values.length;
  const [q, r] = [matrix(n, n), matrix(n, n)];
  linalg.qr(randomMatrix(n, n, seed), q, r);
  return product(scaled(q, Float64Array.from(values)), 'n', q, 't');
}

const all = candidates();

describe.each(all)('linalg on $name', ({ engine, withThreads }) => {
  const { linalg } = engine;

  describe.each(DTYPES)('%s', (dtype) => {
    const tolerance = TOLERANCE[dtype];

    test('gemm is op(A)·op(B) for every transpose, α, β and shape', () => {
      const shapes = [
        [0, 0, 0],
        [1, 1, 1],
        [3, 0, 2],
        [0, 4, 3],
        [5, 7, 3],
        [13, 17, 12],
        [64, 33, 65],
        [6, 200, 193],
        [150, 145, 49],
        [300, 2, 7],
        [2, 2, 2000],
      ];
      for (const [m, n, k] of shapes as [number, number, number][]) {
        for (const [opA, opB] of [
          ['n', 'n'],
          ['t', 'n'],
          ['n', 't'],
          ['t', 't'],
        ] as [Op, Op][]) {
          for (const [alpha, beta] of [
            [1, 0],
            [-0.5, 1],
            [2, 0.25],
          ] as [number, number][]) {
            const a = opA === 'n' ? randomMatrix(m, k, 1, dtype) : randomMatrix(k, m, 1, dtype);
            const b = opB === 'n' ? randomMatrix(k, n, 2, dtype) : randomMatrix(n, k, 2, dtype);
            const c = randomMatrix(m, n, 3, dtype);
            const wanted = product(a, opA, b, opB).data.map((x, i) => alpha * x + beta * c.data[i]!);
            linalg.gemm(alpha, a, opA, b, opB, beta, c);
            expectClose(c.data, wanted, tolerance);
          }
        }
      }
    });

    test('with β = 0 the old contents do not matter, NaN in the operands does', () => {
      const [a, b, c] = [randomMatrix(5, 6, 1, dtype), randomMatrix(6, 7, 2, dtype), matrix(5, 7, dtype)];
      c.data.fill(NaN);
      linalg.gemm(1, a, 'n', b, 'n', 0, c);
      expectClose(c.data, product(a, 'n', b, 'n').data, tolerance);
      a.data[6 * 2 + 3] = NaN;
      linalg.gemm(1, a, 'n', b, 'n', 0, c);
      for (let i = 0; i < 5; i++) for (let j = 0; j < 7; j++) expect(Number.isNaN(c.data[i * 7 + j]!)).toBe(i === 2);
      b.data[7 * 3 + 1] = Infinity;
      a.data[6 * 2 + 3] = 1;
      linalg.gemm(1, a, 'n', b, 'n', 0, c);
      for (let i = 0; i < 5; i++) expect(Math.abs(c.data[i * 7 + 1]!)).toBe(Infinity);
    });

    test('gram is α·Zᵀ·diag(w)·Z + β·C, both triangles', () => {
      for (const [m, n, uses] of [
        [0, 3, 1],
        [1, 1, 1],
        [5, 0, 1],
        [7, 3, 1],
        [10, 17, 3],
        [200, 65, 5],
        [1200, 33, 2],
        [50, 150, 1],
        [9, 305, 1],
      ] as [number, number, number][]) {
        for (const weighted of [false, true]) {
          for (const output of dtype === 'f64' ? (['f64'] as const) : (['f32', 'f64'] as const)) {
            const z = randomMatrix(m * uses, n, 4, dtype);
            const weights = weighted ? Float64Array.from({ length: m }, numbers(m + n)) : null;
            const c = matrix(n, n, output);
            positiveDefinite(n, 5).data.forEach((x, i) => (c.data[i] = x));
            const left = matrix(m * uses, n);
            for (let i = 0; i < left.data.length; i++) {
              left.data[i] = z.data[i]! * (weights === null ? 1 : weights[Math.floor(i / n / uses)]!);
            }
            const wanted = product(left, 't', z, 'n').data.map((x, i) => 0.5 * x + 0.3 * c.data[i]!);
            linalg.gram(0.5, z, weights, uses, 0.3, c);
            expectClose(c.data, wanted, tolerance);
            expectSymmetric(c);
          }
        }
      }
    });

    test('gram with β = 0 does not read C', () => {
      const z = randomMatrix(30, 14, 1, dtype);
      const c = matrix(14, 14, dtype);
      c.data.fill(NaN);
      linalg.gram(1, z, null, 1, 0, c);
      expectClose(c.data, product(z, 't', z, 'n').data, tolerance);
    });

    test('cholesky: L·Lᵀ = A, the lower triangle is read, the upper one zeroed', () => {
      for (const n of [...SIZES, 150]) {
        const a = positiveDefinite(n, 6, dtype);
        const l = clone(a);
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) l.data[i * n + j] = NaN;
        linalg.cholesky(l);
        expectSame(l.data, triangle(l, 'lower').data);
        expectClose(product(l, 'n', l, 't').data, a.data, tolerance);
      }
    });

    test('choleskySolve and choleskyInverse', () => {
      for (const n of [...SIZES, 150]) {
        const a = positiveDefinite(n, 7, dtype);
        const l = clone(a);
        linalg.cholesky(l);
        for (const k of [0, 1, 3, 70]) {
          const x = randomMatrix(n, k, 8);
          const b = matrix(n, k, dtype);
          product(a, 'n', x, 'n').data.forEach((v, i) => (b.data[i] = v));
          linalg.choleskySolve(l, b);
          expectClose(b.data, x.data, 20 * tolerance);
        }
        const inverse = matrix(n, n, dtype);
        linalg.choleskyInverse(l, inverse);
        expectClose(product(inverse, 'n', a, 'n').data, identity(n).data, 20 * tolerance);
        for (let i = 0; i < n; i++)
          for (let j = 0; j < i; j++) expect(inverse.data[i * n + j]).toBe(inverse.data[j * n + i]);
      }
    });

    test('triangularSolve for every triangle and op; the other triangle is not read', () => {
      for (const n of SIZES) {
        for (const which of ['lower', 'upper'] as const) {
          for (const op of ['n', 't'] as const) {
            const t = triangle(randomMatrix(n, n, 9, dtype), which);
            for (let i = 0; i < n; i++) t.data[i * n + i] = n + 1 + i;
            const x = randomMatrix(n, 5, 10);
            const b = matrix(n, 5, dtype);
            product(t, op, x, 'n').data.forEach((v, i) => (b.data[i] = v));
            for (let i = 0; i < n; i++)
              for (let j = 0; j < n; j++) if (which === 'lower' ? j > i : j < i) t.data[i * n + j] = NaN;
            linalg.triangularSolve(t, which, op, b);
            expectClose(b.data, x.data, 20 * tolerance);
          }
        }
      }
    });

    test('eigenSymmetric: A·V = V·Λ, VᵀV = I, ascending; the lower triangle is read', () => {
      for (const n of [...SIZES, 150]) {
        const a = triangle(randomMatrix(n, n, 11, dtype), 'lower');
        const full = clone(a);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < i; j++) {
            full.data[j * n + i] = full.data[i * n + j]!;
            a.data[j * n + i] = NaN;
          }
        }
        const [values, vectors] = [array(n, dtype), matrix(n, n, dtype)];
        linalg.eigenSymmetric(a, values, vectors);
        expectClose(product(full, 'n', vectors, 'n').data, scaled(vectors, values).data, 10 * tolerance);
        expectClose(product(vectors, 't', vectors, 'n').data, identity(n).data, 10 * tolerance);
        expect([...values]).toEqual([...values].sort((x, y) => x - y));
      }
    });

    test('eigenGeneralized: A·V = B·V·Λ, Vᵀ·B·V = I, ascending', () => {
      for (const n of [...SIZES, 120]) {
        const a = positiveDefinite(n, 12, dtype, -0.1);
        const b = positiveDefinite(n, 13, dtype);
        const [values, vectors] = [array(n, dtype), matrix(n, n, dtype)];
        linalg.eigenGeneralized(a, b, values, vectors);
        const bv = product(b, 'n', vectors, 'n');
        expectClose(product(a, 'n', vectors, 'n').data, scaled(bv, values).data, 50 * tolerance);
        expectClose(product(vectors, 't', bv, 'n').data, identity(n).data, 50 * tolerance);
        expect([...values]).toEqual([...values].sort((x, y) => x - y));
      }
    });

    test('qr: A = Q·R, QᵀQ = I, R upper triangular', () => {
      for (const [m, n] of [
        [0, 0],
        [1, 1],
        [5, 0],
        [7, 3],
        [33, 33],
        [100, 17],
        [200, 65],
      ] as [number, number][]) {
        const a = randomMatrix(m, n, 14, dtype);
        const [q, r] = [matrix(m, n, dtype), matrix(n, n, dtype)];
        linalg.qr(a, q, r);
        expectClose(product(q, 'n', r, 'n').data, a.data, 10 * tolerance);
        expectClose(product(q, 't', q, 'n').data, identity(n).data, 10 * tolerance);
        expectSame(r.data, triangle(r, 'upper').data);
      }
    });

    test('oracle pinn §8.7: qrFactor: RᵀR = AᵀA for tall, square and wide A, one block or many', () => {
      for (const [m, n] of [
        [0, 3],
        [1, 1],
        [4, 0],
        [3, 7],
        [33, 33],
        [1000, 17],
        [5000, 12],
        [700, 65],
        [2100, 37],
        [1600, 130],
      ] as [number, number][]) {
        const a = randomMatrix(m, n, 15, dtype);
        const r = matrix(n, n, dtype);
        linalg.qrFactor(a, r);
        expectClose(product(r, 't', r, 'n').data, product(a, 't', a, 'n').data, 10 * tolerance);
        expectSame(r.data, triangle(r, 'upper').data);
        for (let i = m; i < n; i++) expect(r.data[i * n + i]).toBe(0);
      }
    });

    test('svd: A = U·Σ·Vᵀ, orthonormal, descending, for tall, wide and rank-deficient A', () => {
      const deficient = product(randomMatrix(40, 5, 16), 'n', randomMatrix(5, 25, 17), 'n');
      const zero = matrix(6, 4);
      const cases = [
        [0, 0],
        [1, 1],
        [0, 4],
        [9, 4],
        [4, 9],
        [33, 33],
        [120, 65],
        [65, 120],
      ].map(([m, n]) => randomMatrix(m!, n!, 18));
      for (const full of [...cases, deficient, zero]) {
        const a = matrix(full.rows, full.cols, dtype);
        a.data.set(full.data);
        const k = Math.min(a.rows, a.cols);
        const [u, s, v] = [matrix(a.rows, k, dtype), array(k, dtype), matrix(a.cols, k, dtype)];
        linalg.svd(a, u, s, v);
        expectClose(product(scaled(u, s), 'n', v, 't').data, a.data, 10 * tolerance);
        expectClose(product(u, 't', u, 'n').data, identity(k).data, 10 * tolerance);
        expectClose(product(v, 't', v, 'n').data, identity(k).data, 10 * tolerance);
        expect([...s]).toEqual([...s].sort((x, y) => y - x));
        if (k > 0) expect(s[k - 1]).toBeGreaterThanOrEqual(0);
      }
    });

    test('what is not positive definite, not finite or does not converge says so', () => {
      const n = 9;
      const indefinite = positiveDefinite(n, 20, dtype, -5);
      const singular = matrix(n, n, dtype);
      const bad = positiveDefinite(n, 21, dtype);
      bad.data[4 * n + 2] = NaN;
      const [values, vectors] = [array(n, dtype), matrix(n, n, dtype)];
      for (const a of [indefinite, singular, bad]) {
        expect(codeOf(() => linalg.cholesky(clone(a)))).toBe('KFAC_NOT_POSITIVE_DEFINITE');
        expect(codeOf(() => linalg.eigenGeneralized(positiveDefinite(n, 22, dtype), a, values, vectors))).toBe(
          'KFAC_NOT_POSITIVE_DEFINITE',
        );
      }
      const infinite = positiveDefinite(n, 21, dtype);
      infinite.data[0] = Infinity;
      expect(codeOf(() => linalg.cholesky(clone(infinite)))).toBe('KFAC_NOT_POSITIVE_DEFINITE');
      for (const a of [bad, infinite]) {
        expect(codeOf(() => linalg.eigenSymmetric(a, values, vectors))).toBe('KFAC_NO_CONVERGENCE');
        expect(codeOf(() => linalg.eigenGeneralized(a, positiveDefinite(n, 22, dtype), values, vectors))).toBe(
          'KFAC_NO_CONVERGENCE',
        );
        expect(codeOf(() => linalg.svd(a, clone(vectors), array(n, dtype), vectors))).toBe('KFAC_NO_CONVERGENCE');
      }
    });

    test('a zero pivot of triangularSolve gives non-finite entries', () => {
      const t = triangle(positiveDefinite(5, 1, dtype), 'lower');
      t.data[2 * 5 + 2] = 0;
      const b = randomMatrix(5, 2, 2, dtype);
      linalg.triangularSolve(t, 'lower', 'n', b);
      expect(Number.isFinite(b.data[2 * 2]!)).toBe(false);
    });
  });

  test('f32 partial sums of gram are accumulated in f64', () => {
    const rows = 100_000;
    const z = matrix(rows, 2, 'f32');
    z.data.fill(0.1);
    const c = matrix(2, 2);
    linalg.gram(1, z, null, 1, 0, c);
    const exact = rows * Math.fround(0.1) ** 2;
    expect(Math.abs(c.data[0]! / exact - 1)).toBeLessThan(2e-6);
  });

  test('eigenvalues known in closed form: second differences', () => {
    const n = 60;
    const a = matrix(n, n);
    for (let i = 0; i < n; i++) {
      a.data[i * n + i] = 2;
      if (i > 0) a.data[i * n + i - 1] = a.data[(i - 1) * n + i] = -1;
    }
    const [values, vectors] = [new Float64Array(n), matrix(n, n)];
    linalg.eigenSymmetric(a, values, vectors);
    for (let i = 0; i < n; i++)
      expect(Math.abs(values[i]! - 4 * Math.sin(((i + 1) * Math.PI) / (2 * (n + 1))) ** 2)).toBeLessThan(1e-13);
  });

  test('clustered and widely spread eigenvalues', () => {
    for (const values of [[1, 1, 1, 1, 1 + 1e-12, 2, 2, 3], Array.from({ length: 40 }, (_, i) => 10 ** -(i / 2))]) {
      const n = values.length;
      const a = withEigenvalues(linalg, values, 3);
      const [found, vectors] = [new Float64Array(n), matrix(n, n)];
      linalg.eigenSymmetric(a, found, vectors);
      expectClose(found, Float64Array.from(values).sort(), 1e-13);
      expectClose(product(vectors, 't', vectors, 'n').data, identity(n).data, 1e-12);
    }
  });

  test('tiny and huge numbers do not underflow or overflow in the factorisations', () => {
    for (const scale of [1e-160, 1e160]) {
      const a = matrixOver(
        30,
        8,
        randomMatrix(30, 8, 5).data.map((x) => x * scale),
      );
      const [q, r] = [matrix(30, 8), matrix(8, 8)];
      linalg.qr(a, q, r);
      expectClose(
        product(q, 'n', r, 'n').data.map((x) => x / scale),
        a.data.map((x) => x / scale),
        1e-13,
      );
      const [u, s, v] = [matrix(30, 8), new Float64Array(8), matrix(8, 8)];
      linalg.svd(a, u, s, v);
      expectClose(
        product(scaled(u, s), 'n', v, 't').data.map((x) => x / scale),
        a.data.map((x) => x / scale),
        1e-13,
      );
    }
  });

  test('tridiagonalization: A = Q·T·Qᵀ, reused', () => {
    for (const n of [...SIZES, 150]) {
      const reduced = linalg.tridiagonalization(n);
      for (const seed of [30, 31]) {
        const a = positiveDefinite(n, seed, 'f64', -0.2);
        const kept = clone(a);
        reduced.factor(a);
        expectSame(a.data, kept.data);
        const b = randomMatrix(n, 1, 32).data as Float64Array;
        const x = b.slice();
        reduced.apply('t', x);
        const y = new Float64Array(n);
        for (let i = 0; i < n; i++) {
          y[i] = reduced.diagonal[i]! * x[i]!;
          if (i > 0) y[i]! += reduced.offDiagonal[i - 1]! * x[i - 1]!;
          if (i < n - 1) y[i]! += reduced.offDiagonal[i]! * x[i + 1]!;
        }
        reduced.apply('n', y);
        expectClose(y, product(a, 'n', matrixOver(n, 1, b), 'n').data, 1e-13);
        reduced.apply('n', x);
        expectClose(x, b, 1e-14 * (n + 10));

        const lambda = 0.7;
        const [right, solved, sums] = [b.slice(), new Float64Array(n), new Float64Array(3)];
        reduced.apply('t', right);
        reduced.solveShifted(lambda, right, solved, sums);
        if (!Number.isFinite(sums[0])) {
          // A − shift·I has an eigenvalue below −λ.
          const values = new Float64Array(n);
          linalg.eigenSymmetric(a, values, matrix(n, n));
          expect(values[0]! + lambda).toBeLessThan(1e-12);
          continue;
        }
        const p = solved.slice();
        reduced.apply('n', p);
        const back = product(a, 'n', matrixOver(n, 1, p), 'n').data.map((value, i) => value + lambda * p[i]!);
        expectClose(back, b, 1e-12);
        const again = new Float64Array(n);
        reduced.solveShifted(lambda, solved, again, new Float64Array(3));
        expectClose(sums, Float64Array.of(dot(p, p), dot(solved, again), dot(b, p)), 1e-12);
      }
    }
    const indefinite = linalg.tridiagonalization(3);
    indefinite.factor(identity(3));
    const sums = new Float64Array(3);
    indefinite.diagonal[1] = -5;
    indefinite.solveShifted(0.5, new Float64Array(3).fill(1), new Float64Array(3), sums);
    expectSame(sums, Float64Array.of(Infinity, Infinity, Number.NaN));
  });

  test('bidiagonalization: R = U·B·Vᵀ, reused', () => {
    for (const n of [...SIZES, 150]) {
      const reduced = linalg.bidiagonalization(n);
      for (const seed of [33, 34]) {
        const r = seed === 33 ? triangle(randomMatrix(n, n, seed), 'upper') : randomMatrix(n, n, seed);
        const kept = clone(r);
        reduced.factor(r);
        expectSame(r.data, kept.data);
        const b = randomMatrix(n, 1, 35).data as Float64Array;
        const x = b.slice();
        reduced.applyRight('t', x);
        const y = new Float64Array(n);
        for (let i = 0; i < n; i++)
          y[i] = reduced.diagonal[i]! * x[i]! + (i < n - 1 ? reduced.superDiagonal[i]! * x[i + 1]! : 0);
        reduced.applyLeft('n', y);
        expectClose(y, product(r, 'n', matrixOver(n, 1, b), 'n').data, 1e-13);
        reduced.applyRight('n', x);
        expectClose(x, b, 1e-14 * (n + 10));
        const z = b.slice();
        reduced.applyLeft('t', z);
        reduced.applyLeft('n', z);
        expectClose(z, b, 1e-14 * (n + 10));

        const lambda = 0.3;
        const [right, solved, sums] = [b.slice(), new Float64Array(n), new Float64Array(3)];
        reduced.applyLeft('t', right);
        reduced.solveDamped(lambda, right, solved, sums);
        const p = solved.slice();
        reduced.applyRight('n', p);
        const mapped = product(r, 'n', matrixOver(n, 1, p), 'n');
        const normal = product(r, 't', mapped, 'n').data.map((value, i) => value + lambda * p[i]!);
        expectClose(normal, product(r, 't', matrixOver(n, 1, b), 'n').data, 1e-12);
        const square = product(r, 't', r, 'n');
        for (let i = 0; i < n; i++) square.data[i * n + i]! += lambda;
        const inverse = matrixOver(n, 1, p.slice());
        linalg.cholesky(square);
        linalg.choleskySolve(square, inverse);
        expectClose(
          sums,
          Float64Array.of(dot(p, p), dot(p, inverse.data as Float64Array), dot(b, mapped.data as Float64Array)),
          1e-11,
        );
      }
    }
    const singular = linalg.bidiagonalization(2);
    singular.factor(matrix(2, 2));
    const sums = new Float64Array(3);
    singular.solveDamped(0, Float64Array.of(1, 1), new Float64Array(2), sums);
    expect([...sums.subarray(0, 2)]).toEqual([Infinity, Infinity]);
  });

  test('already tridiagonal or bidiagonal matrices, and zero', () => {
    for (const a of [identity(6), matrix(6, 6)]) {
      const [t, b] = [linalg.tridiagonalization(6), linalg.bidiagonalization(6)];
      t.factor(a);
      b.factor(a);
      const x = Float64Array.from({ length: 6 }, (_, i) => i + 1);
      const [y, z] = [x.slice(), x.slice()];
      t.apply('t', y);
      t.apply('n', y);
      b.applyLeft('n', z);
      b.applyLeft('t', z);
      b.applyRight('n', z);
      b.applyRight('t', z);
      expectClose(y, x, 1e-14);
      expectClose(z, x, 1e-14);
    }
  });

  test('wrong shapes, dtypes and overlaps are refused before anything is written', () => {
    const a = randomMatrix(4, 4, 1);
    const single = randomMatrix(4, 4, 1, 'f32');
    const c = matrix(4, 4);
    expect(codeOf(() => linalg.gemm(1, a, 'n', matrix(3, 4), 'n', 0, c))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.gemm(1, a, 'n', a, 'n', 0, matrix(4, 3)))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.gemm(1, a, 'n', { ...a, rows: 5 }, 'n', 0, c))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.gemm(1, a, 'n', single, 'n', 0, c))).toBe('KFAC_DTYPE');
    expect(codeOf(() => linalg.gemm(1, a, 'n', a, 'n', 0, single))).toBe('KFAC_DTYPE');
    expect(codeOf(() => linalg.gemm(1, a, 'n', a, 'n', 0, a))).toBe('KFAC_ALIAS');
    const buffer = new Float64Array(20);
    expect(
      codeOf(() =>
        linalg.gemm(
          1,
          matrixOver(4, 4, buffer.subarray(0, 16)),
          'n',
          a,
          'n',
          0,
          matrixOver(4, 4, buffer.subarray(4, 20)),
        ),
      ),
    ).toBe('KFAC_ALIAS');
    const shared = { ...a, data: new Float64Array(new SharedArrayBuffer(128)) };
    expect(codeOf(() => linalg.cholesky(shared))).toBe('KFAC_DTYPE');
    expect(codeOf(() => linalg.cholesky({ ...a, data: new Int32Array(16) as unknown as Float64Array }))).toBe(
      'KFAC_DTYPE',
    );
    expect(codeOf(() => linalg.gram(1, a, new Float64Array(3), 1, 0, c))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.gram(1, a, null, 3, 0, c))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.gram(1, a, null, 1, 0, single))).toBe('KFAC_DTYPE');
    expect(codeOf(() => linalg.cholesky(matrix(3, 4)))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.choleskySolve(a, matrix(5, 1)))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.eigenSymmetric(a, new Float32Array(4), c))).toBe('KFAC_DTYPE');
    expect(codeOf(() => linalg.eigenSymmetric(a, new Float64Array(4), a))).toBe('KFAC_ALIAS');
    expect(codeOf(() => linalg.qr(matrix(3, 4), matrix(3, 4), c))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.svd(a, c, new Float64Array(4), c))).toBe('KFAC_ALIAS');
    expect(codeOf(() => linalg.tridiagonalization(-1))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.tridiagonalization(4).factor(matrix(3, 3)))).toBe('KFAC_SHAPE');
    expect(codeOf(() => linalg.tridiagonalization(4).apply('n', new Float64Array(3)))).toBe('KFAC_SHAPE');
    const reduced = linalg.tridiagonalization(4);
    expect(codeOf(() => reduced.apply('n', reduced.diagonal))).toBe('KFAC_ALIAS');
    expect(c.data.every((x) => x === 0)).toBe(true);
  });

  test('the same bits for any number of threads and any place in memory', () => {
    const run = (l: LinearAlgebra, shift: number): RealArray[] => {
      const place = (m: Matrix): Matrix => {
        const buffer = m.dtype === 'f64' ? new Float64Array(m.data.length + 8) : new Float32Array(m.data.length + 8);
        const data = buffer.subarray(shift, shift + m.data.length);
        data.set(m.data);
        return { ...m, data };
      };
      const out: RealArray[] = [];
      for (const dtype of DTYPES) {
        const z = place(randomMatrix(3000, 61, 1, dtype));
        const wide = place(randomMatrix(40, 310, 2, dtype));
        const weights = Float64Array.from({ length: 1000 }, numbers(3));
        for (const m of [z, wide]) {
          const c = place(matrix(m.cols, m.cols, dtype));
          l.gram(1, m, m === z ? weights : null, m === z ? 3 : 1, 0, c);
          out.push(c.data);
        }
        const c = place(matrix(310, 61, dtype));
        l.gemm(1, wide, 't', place(randomMatrix(40, 61, 4, dtype)), 'n', 0, c);
        out.push(c.data);
        const r = place(matrix(61, 61, dtype));
        l.qrFactor(z, r);
        out.push(r.data);
        const a = place(positiveDefinite(130, 5, dtype));
        const [values, vectors] = [array(130, dtype), place(matrix(130, 130, dtype))];
        l.eigenSymmetric(a, values, vectors);
        out.push(values, vectors.data);
        l.cholesky(a);
        const b = place(randomMatrix(130, 200, 6, dtype));
        l.choleskySolve(a, b);
        out.push(a.data, b.data);
      }
      return out;
    };
    const first = run(withThreads(1).linalg, 0);
    for (const [threads, shift] of [
      [1, 3],
      [2, 0],
      [4, 1],
    ] as [number, number][]) {
      run(withThreads(threads).linalg, shift).forEach((values, i) =>
        expect(values.every((x, j) => Object.is(x, first[i]![j]))).toBe(true),
      );
    }
  });
});
