import type { Engine, Matrix } from './engine/engine.ts';
import { matrix, matrixOver } from './engine/matrix.ts';
import { KfacError } from './errors.ts';
import type { CapturedLayer, JacobianPart } from './linearization.ts';

/** Examples whose columns of Z are copied at once where only some rows of J_i are wanted. */
const COPIED_EXAMPLES = 512;

/**
 * A captured layer over plain matrices: inputs Z [B·uses × in] and gradients G [B·uses × out] of one dtype, row i·uses + s
 * belonging to use s of example i. Throws `KFAC_SHAPE` if their rows differ or are not a multiple of `uses`.
 */
export function denseCapturedLayer(
  engine: Engine,
  name: string,
  inputs: Matrix,
  gradients: Matrix,
  uses = 1,
): CapturedLayer {
  if (inputs.rows !== gradients.rows || inputs.rows % uses !== 0) {
    throw new KfacError(
      'KFAC_SHAPE',
      `layer "${name}": expected inputs and gradients of the same number of rows, a multiple of ${uses} uses; got ${inputs.rows} and ${gradients.rows}`,
    );
  }
  const examples = inputs.rows / uses;
  const size = inputs.cols * gradients.cols;
  const ones = new Float64Array(examples).fill(1);
  let rows: Matrix | null = null;
  return {
    matrix: name,
    uses,
    gradient(weights, out) {
      engine.captured.gradient(inputs, gradients, uses, weights, out);
    },
    jvp(directions, out) {
      engine.captured.jvp(inputs, gradients, uses, directions, out);
    },
    factors(curvature, a, g) {
      engine.linalg.gram(1 / inputs.rows, inputs, null, uses, 0, a);
      engine.linalg.gram(1 / uses, gradients, curvature, uses, 0, g);
    },
    exactBlock(curvature, out) {
      rows ??= matrix(examples, size);
      engine.captured.jacobian(inputs, gradients, uses, ones, rows, 0, 0);
      engine.linalg.gram(1, rows, curvature, 1, 0, out);
    },
    jacobian(scale, out, row, column, part) {
      if (!part) {
        engine.captured.jacobian(inputs, gradients, uses, scale, out, row, column);
        return;
      }
      requirePart(name, part, scale.length, examples, inputs.cols);
      const step = part.inputs ? COPIED_EXAMPLES : scale.length;
      for (let first = 0; first < scale.length; first += step) {
        const count = Math.min(step, scale.length - first);
        const from = (part.from + first) * uses;
        const z = rowsOf(inputs, from, count * uses);
        const own = part.inputs ? columnsOf(z, part.inputs) : z;
        const g = rowsOf(gradients, from, count * uses);
        engine.captured.jacobian(own, g, uses, scale.subarray(first, first + count), out, row + first, column);
      }
    },
  };
}

/** Throws `KFAC_SHAPE` for a part that the layer does not have. */
function requirePart(name: string, part: JacobianPart, count: number, examples: number, rows: number): void {
  const { from, inputs } = part;
  if (!(from >= 0 && from + count <= examples)) {
    throw new KfacError(
      'KFAC_SHAPE',
      `layer "${name}": expected a part of ${examples} examples, got ${count} from ${from}`,
    );
  }
  if (inputs && !(inputs.from >= 0 && inputs.count >= 0 && inputs.from + inputs.count <= rows)) {
    throw new KfacError(
      'KFAC_SHAPE',
      `layer "${name}": expected a part of ${rows} inputs, got ${inputs.count} from ${inputs.from}`,
    );
  }
}

/** A view of consecutive rows. */
function rowsOf({ cols, data }: Matrix, from: number, count: number): Matrix {
  return matrixOver(count, cols, data.subarray(from * cols, (from + count) * cols));
}

/** A copy of consecutive columns. */
function columnsOf({ rows, cols, dtype, data }: Matrix, { from, count }: { from: number; count: number }): Matrix {
  const out = matrix(rows, count, dtype);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < count; k++) out.data[i * count + k] = data[i * cols + from + k]!;
  }
  return out;
}
