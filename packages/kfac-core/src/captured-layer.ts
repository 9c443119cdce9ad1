import type { Engine, Matrix } from './engine/engine.ts';
import { matrix } from './engine/matrix.ts';
import { KfacError } from './errors.ts';
import type { CapturedLayer } from './linearization.ts';

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
    jacobian(scale, out, row, column) {
      engine.captured.jacobian(inputs, gradients, uses, scale, out, row, column);
    },
  };
}
