import type { Matrix, Op } from '../../engine.ts';

/** C ← α·op(A)·op(B) + β·C, summed in f64 whatever the dtype; with β = 0 the old C is not read. */
export function gemm(alpha: number, a: Matrix, opA: Op, b: Matrix, opB: Op, beta: number, c: Matrix): void {
  const inner = opA === 'n' ? a.cols : a.rows;
  const left = rowMajor(a, opA);
  const right = rowMajor(b, opB);
  const { rows, cols, data } = c;
  const row = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    row.fill(0);
    for (let k = 0; k < inner; k++) {
      const factor = left[i * inner + k]!;
      for (let j = 0; j < cols; j++) row[j]! += factor * right[k * cols + j]!;
    }
    for (let j = 0; j < cols; j++) {
      data[i * cols + j] = alpha * row[j]! + (beta === 0 ? 0 : beta * data[i * cols + j]!);
    }
  }
}

/** op(M) as consecutive rows. */
function rowMajor({ rows, cols, data }: Matrix, op: Op): Matrix['data'] {
  if (op === 'n') return data;
  const transposed = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) transposed[j * rows + i] = data[i * cols + j]!;
  }
  return transposed;
}
