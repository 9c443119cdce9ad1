import type { Matrix } from '../../engine.ts';

/** C ← α·Zᵀ·diag(w)·Z + β·C, both triangles; weight i belongs to the rows i·uses … (i+1)·uses−1. */
export function gram(
  alpha: number,
  z: Matrix,
  weights: Float64Array | null,
  uses: number,
  beta: number,
  c: Matrix,
): void {
  const n = z.cols;
  const sum = new Float64Array(n * n);
  for (let r = 0; r < z.rows; r++) {
    const weight = weights === null ? 1 : weights[Math.floor(r / uses)]!;
    const row = z.data.subarray(r * n, (r + 1) * n);
    for (let i = 0; i < n; i++) {
      const left = weight * row[i]!;
      for (let j = 0; j <= i; j++) sum[i * n + j]! += left * row[j]!;
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = alpha * sum[i * n + j]! + (beta === 0 ? 0 : beta * c.data[i * n + j]!);
      c.data[i * n + j] = value;
      c.data[j * n + i] = value;
    }
  }
}
