import type { Matrix, Op } from '../../engine.ts';

/** B ← op(T)⁻¹·B in place by substitution; the other triangle of T is not read. */
export function triangularSolve(t: Matrix, triangle: 'lower' | 'upper', op: Op, b: Matrix): void {
  const n = t.rows;
  const columns = b.cols;
  const x = Float64Array.from(b.data);
  const entry = (i: number, k: number): number => (op === 'n' ? t.data[i * n + k]! : t.data[k * n + i]!);
  const forward = (triangle === 'lower') === (op === 'n');
  for (let step = 0; step < n; step++) {
    const i = forward ? step : n - 1 - step;
    const row = x.subarray(i * columns, (i + 1) * columns);
    for (let k = forward ? 0 : i + 1; k < (forward ? i : n); k++) {
      const factor = entry(i, k);
      for (let j = 0; j < columns; j++) row[j]! -= factor * x[k * columns + j]!;
    }
    for (let j = 0; j < columns; j++) row[j]! /= entry(i, i);
  }
  b.data.set(x);
}
