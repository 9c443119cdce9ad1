import { expect } from 'vitest';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { referenceEngine } from '../engine/reference.ts';
import type { PhiloxStream } from '../random.ts';
import type { RecurrentMoments } from './recurrent-block.ts';
import { RecurrentSide, symmetrize } from './recurrent-side.ts';

const { linalg } = referenceEngine();

export function normals(rows: number, cols: number, stream: PhiloxStream): Matrix {
  const out = matrix(rows, cols);
  for (let i = 0; i < out.data.length; i++) out.data[i] = stream.normal();
  return out;
}

export function times(a: Matrix, b: Matrix, opA: 'n' | 't' = 'n', opB: 'n' | 't' = 'n'): Matrix {
  const out = matrix(opA === 'n' ? a.rows : a.cols, opB === 'n' ? b.cols : b.rows);
  linalg.gemm(1, a, opA, b, opB, 0, out);
  return out;
}

/** a ⊗ b, so that its product with a row-stacked V [in × out] is a·V·bᵀ. */
export function kronecker(a: Matrix, b: Matrix): Matrix {
  const n = a.rows * b.rows;
  const out = matrix(n, n);
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < n; c++) {
      const [i, o, k, p] = [Math.floor(r / b.rows), r % b.rows, Math.floor(c / b.rows), c % b.rows];
      out.data[r * n + c] = a.data[i * a.cols + k]! * b.data[o * b.cols + p]!;
    }
  }
  return out;
}

/** M⁻¹·b by Gaussian elimination with pivots, b [n × k]. */
export function denseSolve(m: Matrix, b: Matrix): Matrix {
  const n = m.rows;
  const rows = Array.from({ length: n }, (_, i) => [
    ...m.data.subarray(i * n, (i + 1) * n),
    ...b.data.subarray(i * b.cols, (i + 1) * b.cols),
  ]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[pivot]![k]!)) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const share = rows[i]![k]! / rows[k]![k]!;
      for (let j = k; j < n + b.cols; j++) rows[i]![j]! -= share * rows[k]![j]!;
    }
  }
  const out = matrix(n, b.cols);
  rows.forEach((row, i) =>
    out.data.set(
      row.slice(n).map((value) => value / row[i]!),
      i * b.cols,
    ),
  );
  return out;
}

/** Moments of a chain on both sides with ‖Ψ_A‖, ‖Ψ_G‖ = `strength`; `symmetric`: C₁ = C₁ᵀ. */
export function chain(
  inputs: number,
  outputs: number,
  counts: Float64Array,
  strength: number,
  symmetric: boolean,
  stream: PhiloxStream,
): RecurrentMoments {
  const side = (n: number): [Matrix, Matrix] => {
    const z = normals(2 * n, n, stream);
    const c0 = times(z, z, 't');
    for (let i = 0; i < c0.data.length; i++) c0.data[i] = c0.data[i]! / (2 * n);
    const psi = normals(n, n, stream);
    if (symmetric) symmetrize(psi, psi);
    const largest = largestSingular(psi);
    for (let i = 0; i < psi.data.length; i++) psi.data[i] = (strength * psi.data[i]!) / largest;
    const from = new RecurrentSide(referenceEngine(), n);
    from.prepare(c0, matrix(n, n), 0);
    return [c0, times(times(from.root, psi), from.root)];
  };
  const [a0, a1] = side(inputs);
  const [g0, g1] = side(outputs);
  const row = matrix(1, counts.length);
  row.data.set(counts);
  return { a0, a1, g0, g1, counts: row };
}

export function largestSingular(m: Matrix): number {
  const values = new Float64Array(m.rows);
  linalg.svd(m, matrix(m.rows, m.rows), values, matrix(m.rows, m.rows));
  return values[0]!;
}

/**
 * F̂ = Σ m_r·(V_r + V_rᵀ) + m₀·V₀ entry by entry [in·out × in·out]: V₀ = Â₀⊗Ĝ₀ with λ/m₀ split by π, V₁ = A₁⊗G₁,
 * V_r = (V₁V₀⁻¹)ʳ·V₀ by explicit powers; no square root occurs.
 */
export function denseChain({ a0, a1, g0, g1, counts }: RecurrentMoments, lambda: number): Matrix {
  const mean = (m: Matrix): number =>
    Array.from({ length: m.rows }, (_, i) => m.data[i * m.rows + i]!).reduce((x, y) => x + y) / m.rows;
  const pi = Math.sqrt(mean(a0) / mean(g0));
  const root = Math.sqrt(lambda / counts.data[0]!);
  const damped = (m: Matrix, delta: number): Matrix => {
    const out = matrix(m.rows, m.cols);
    out.data.set(m.data);
    for (let i = 0; i < m.rows; i++) out.data[i * m.rows + i]! += delta;
    return out;
  };
  const v0 = kronecker(damped(a0, pi * root), damped(g0, root / pi));
  const v1 = kronecker(a1, g1);
  // V₁·V₀⁻¹ = (V₀⁻¹·V₁ᵀ)ᵀ.
  const turned = matrix(v1.rows, v1.rows);
  for (let i = 0; i < v1.rows; i++)
    for (let j = 0; j < v1.rows; j++) turned.data[i * v1.rows + j] = v1.data[j * v1.rows + i]!;
  const step = denseSolve(v0, turned);
  let power = v0;
  const out = matrix(v0.rows, v0.rows);
  for (let i = 0; i < out.data.length; i++) out.data[i] = counts.data[0]! * v0.data[i]!;
  for (let r = 1; r < counts.cols; r++) {
    power = times(step, power, 't');
    for (let i = 0; i < v0.rows; i++) {
      for (let j = 0; j < v0.rows; j++) {
        out.data[i * v0.rows + j]! += counts.data[r]! * (power.data[i * v0.rows + j]! + power.data[j * v0.rows + i]!);
      }
    }
  }
  return out;
}

/** The matrix of a linear map on [in × out] matrices, column by column [in·out × in·out]. */
export function denseMap(inputs: number, outputs: number, map: (v: Matrix, out: Matrix) => void): Matrix {
  const n = inputs * outputs;
  const all = matrix(n, n);
  for (let j = 0; j < n; j++) {
    const [unit, image] = [matrix(inputs, outputs), matrix(inputs, outputs)];
    unit.data[j] = 1;
    map(unit, image);
    for (let i = 0; i < n; i++) all.data[i * n + j] = image.data[i]!;
  }
  return all;
}

export function identityMatrix(n: number): Matrix {
  const out = matrix(n, n);
  for (let i = 0; i < n; i++) out.data[i * n + i] = 1;
  return out;
}

/** log det of a symmetric positive definite matrix. */
export function logDeterminant(m: Matrix, engine: Engine = referenceEngine()): number {
  const l = matrix(m.rows, m.rows);
  l.data.set(m.data);
  engine.linalg.cholesky(l);
  return Array.from({ length: m.rows }, (_, i) => 2 * Math.log(l.data[i * m.rows + i]!)).reduce((x, y) => x + y);
}

/** ‖x − y‖/‖y‖ over all entries. */
export function distance(x: Matrix, y: Matrix): number {
  let [apart, size] = [0, 0];
  y.data.forEach((value, i) => {
    apart += (x.data[i]! - value) ** 2;
    size += value ** 2;
  });
  return Math.sqrt(apart / size);
}

export function expectNear(x: Matrix, y: Matrix, tolerance: number, label = ''): void {
  expect(distance(x, y), label).toBeLessThan(tolerance);
}
