import { denseCapturedLayer } from './captured-layer.ts';
import { requireInteger, requireVector } from './engine/check.ts';
import type { Engine, LagMoments, Matrix } from './engine/engine.ts';
import { matrix } from './engine/matrix.ts';
import { lagCounts } from './curvature/recurrent-lags.ts';
import type { CapturedLayer } from './linearization.ts';

/**
 * A captured layer over plain matrices whose uses are steps in time: rows i·steps + s of inputs Z [B·steps × in] and
 * gradients G [B·steps × out] belong to step s of example i. `lengths` [B] says how many steps an example has, 0 … steps;
 * rows behind them are not read. Z of a recurrent matrix is the state before the step, G the total derivative, what flows
 * back through later steps included. Throws `KFAC_SHAPE` for other sizes or lengths.
 */
export function sequenceCapturedLayer(
  engine: Engine,
  name: string,
  inputs: Matrix,
  gradients: Matrix,
  steps: number,
  lengths?: Float64Array,
): CapturedLayer {
  requireInteger(steps, 1, 2 ** 24, 'steps');
  const examples = Math.floor(inputs.rows / steps);
  if (lengths) {
    requireVector(lengths, examples, 'lengths');
    lengths.forEach((length, i) => requireInteger(length, 0, steps, `lengths[${i}]`));
  }
  const lengthOf = (i: number): number => lengths?.[i] ?? steps;
  const [z, g] = [inputs, gradients].map((m) => (lengths ? masked(m, steps, lengthOf) : m)) as [Matrix, Matrix];
  const base = denseCapturedLayer(engine, name, z, g, steps);
  const counts = lagCounts(
    Float64Array.from({ length: examples }, (_, i) => lengthOf(i)),
    steps,
  );
  const total = counts[0]! * examples;
  let used = 0;
  for (let i = 0; i < examples; i++) if (lengthOf(i) > 0) used += 1;

  const moments = (m: Matrix, weights: Float64Array | null, scale: number, { lag0, lag1 }: LagMoments): void => {
    engine.linalg.gram(scale, m, weights, steps, 0, lag0);
    const [later, earlier] = [shifted(m, steps, 1, null), shifted(m, steps, 0, weights)];
    engine.linalg.gemm(scale, later, 't', earlier, 'n', 0, lag1);
  };

  return {
    ...base,
    factors(curvature, a, gOut) {
      engine.linalg.gram(1 / total, z, null, steps, 0, a);
      engine.linalg.gram(1 / steps, g, curvature, steps, 0, gOut);
    },
    sequence: {
      counts,
      moments(curvature, a, gOut) {
        moments(z, null, 1 / total, a);
        moments(g, curvature, 1 / counts[0]!, gOut);
      },
      reduced(curvature, a, gOut) {
        const means = summed(z, steps, (i) => (lengthOf(i) > 0 ? 1 / lengthOf(i) : 0));
        engine.linalg.gram(1 / used, means, null, 1, 0, a);
        engine.linalg.gram(
          1,
          summed(g, steps, () => 1),
          curvature,
          1,
          0,
          gOut,
        );
      },
    },
  };
}

/** A copy with zeros in the rows behind the length of each example. */
function masked(m: Matrix, steps: number, lengthOf: (example: number) => number): Matrix {
  const copy = matrix(m.rows, m.cols, m.dtype);
  for (let first = 0, i = 0; first < m.rows; first += steps, i++) {
    const [begin, end] = [first * m.cols, (first + lengthOf(i)) * m.cols];
    copy.data.set(m.data.subarray(begin, end), begin);
  }
  return copy;
}

/** Rows offset … offset + steps − 2 of every example times its weight [B·(steps−1) × n], f64. */
function shifted(m: Matrix, steps: number, offset: 0 | 1, weights: Float64Array | null): Matrix {
  const examples = m.rows / steps;
  const span = (steps - 1) * m.cols;
  const out = matrix(examples * (steps - 1), m.cols);
  for (let i = 0; i < examples; i++) {
    const from = (i * steps + offset) * m.cols;
    const weight = weights?.[i] ?? 1;
    for (let k = 0; k < span; k++) out.data[i * span + k] = weight * m.data[from + k]!;
  }
  return out;
}

/** scale_i times the sum of an example's rows [B × n], f64. */
function summed(m: Matrix, steps: number, scale: (example: number) => number): Matrix {
  const out = matrix(m.rows / steps, m.cols);
  for (let row = 0; row < m.rows; row++) {
    const example = Math.floor(row / steps);
    for (let k = 0; k < m.cols; k++)
      out.data[example * m.cols + k] = out.data[example * m.cols + k]! + m.data[row * m.cols + k]!;
  }
  for (let k = 0; k < out.data.length; k++) out.data[k] = out.data[k]! * scale(Math.floor(k / m.cols));
  return out;
}
