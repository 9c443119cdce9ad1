import { expect } from 'vitest';
import { KfacError } from '../../errors.ts';
import type { Dtype, Matrix, Op, RealArray } from '../engine.ts';
import { matrix } from '../matrix.ts';

/** A fixed sequence in [−1, 1). */
export function numbers(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export function randomMatrix(rows: number, cols: number, seed: number, dtype: Dtype = 'f64'): Matrix {
  const next = numbers(seed + 31 * rows + 17 * cols);
  const m = matrix(rows, cols, dtype);
  for (let i = 0; i < m.data.length; i++) m.data[i] = next();
  return m;
}

/** Entry (i, j) of op(M). */
export function entry(m: Matrix, op: Op, i: number, j: number): number {
  return op === 'n' ? m.data[i * m.cols + j]! : m.data[j * m.cols + i]!;
}

/** op(A)·op(B) by definition, in f64. */
export function product(a: Matrix, opA: Op, b: Matrix, opB: Op): Matrix {
  const rows = opA === 'n' ? a.rows : a.cols;
  const inner = opA === 'n' ? a.cols : a.rows;
  const cols = opB === 'n' ? b.cols : b.rows;
  const c = matrix(rows, cols);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const left = entry(a, opA, i, k);
      for (let j = 0; j < cols; j++) c.data[i * cols + j]! += left * entry(b, opB, k, j);
    }
  }
  return c;
}

/** M·diag(d). */
export function scaled(m: Matrix, d: RealArray): Matrix {
  const out = matrix(m.rows, m.cols);
  for (let i = 0; i < m.rows; i++)
    for (let j = 0; j < m.cols; j++) out.data[i * m.cols + j] = m.data[i * m.cols + j]! * d[j]!;
  return out;
}

/** ZᵀZ/m + shift·I: symmetric positive definite. */
export function positiveDefinite(n: number, seed: number, dtype: Dtype = 'f64', shift = 0.5): Matrix {
  const z = randomMatrix(n + 3, n, seed);
  const a = matrix(n, n, dtype);
  product(z, 't', z, 'n').data.forEach((x, i) => (a.data[i] = x / (n + 3)));
  for (let i = 0; i < n; i++) a.data[i * n + i]! += shift;
  return a;
}

export function identity(n: number): Matrix {
  const m = matrix(n, n);
  for (let i = 0; i < n; i++) m.data[i * n + i] = 1;
  return m;
}

export function clone(m: Matrix): Matrix {
  return { ...m, data: m.data.slice() };
}

/** max |a − b| ≤ tolerance·max(1, max |b|), and no NaN. */
export function expectClose(a: RealArray, b: RealArray, tolerance: number): void {
  expect(a.length).toBe(b.length);
  let worst = 0;
  let size = 1;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
    size = Math.max(size, Math.abs(b[i]!));
  }
  expect(worst / size).toBeLessThanOrEqual(tolerance);
}

/** The code of the `KfacError` that is thrown. */
export function codeOf(work: () => void): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(KfacError);
    return (error as KfacError).code;
  }
  return 'nothing thrown';
}

/** Every entry equal to the bit; one `expect`, since thousands of them are slow. */
export function expectSame(a: RealArray, b: RealArray): void {
  expect(a.length).toBe(b.length);
  expect(a.findIndex((x, i) => !Object.is(x, b[i]))).toBe(-1);
}

/** M = Mᵀ to the bit. */
export function expectSymmetric(m: Matrix): void {
  const transposed = m.data.map((_, at) => m.data[(at % m.cols) * m.cols + Math.floor(at / m.cols)]!);
  expectSame(m.data, transposed);
}
