import type { Captured, Matrix } from '../engine.ts';

/** Products with captured pairs, summed in f64 in the order of the rows. Arguments are taken as checked. */
export function referenceCaptured(): Captured {
  return {
    gradient(z, g, uses, weights, out) {
      for (let i = 0; i < weights.length; i++) addJacobian(z, g, uses, i, weights[i]!, out);
    },

    jvp(z, g, uses, directions, out) {
      const batch = z.rows / uses;
      directions.forEach((direction, k) => {
        for (let row = 0; row < z.rows; row++) {
          let sum = 0;
          for (let a = 0; a < z.cols; a++) {
            let inner = 0;
            for (let b = 0; b < g.cols; b++) inner += direction[a * g.cols + b]! * g.data[row * g.cols + b]!;
            sum += z.data[row * z.cols + a]! * inner;
          }
          out[k * batch + Math.floor(row / uses)]! += sum;
        }
      });
    },

    jacobian(z, g, uses, scale, out, row, column) {
      const size = z.cols * g.cols;
      for (let i = 0; i < scale.length; i++) {
        const start = (row + i) * out.cols + column;
        const target = (out.data as Float64Array).subarray(start, start + size).fill(0);
        addJacobian(z, g, uses, i, scale[i]!, target);
      }
    },
  };
}

/** out += factor·J_i. */
function addJacobian(z: Matrix, g: Matrix, uses: number, i: number, factor: number, out: Float64Array): void {
  for (let row = i * uses; row < (i + 1) * uses; row++) {
    for (let a = 0; a < z.cols; a++) {
      const left = factor * z.data[row * z.cols + a]!;
      for (let b = 0; b < g.cols; b++) out[a * g.cols + b]! += left * g.data[row * g.cols + b]!;
    }
  }
}
