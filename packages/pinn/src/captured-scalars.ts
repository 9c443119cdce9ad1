import { type CapturedLayer, type Engine, type Matrix, denseCapturedLayer, matrix } from '@kfac/core';
import { SCALARS, type Scalars } from './scalars.ts';

/**
 * The unknown scalars as a captured layer: a weight matrix [1 × P] used once by every example, with the input 1 and the
 * gradients ∂e/∂q = ∂e/∂p·dp/dq. Its Kronecker factors are 1 and Σ ω·(∂e/∂q)ᵀ(∂e/∂q), so that even the factored block is
 * the exact one. Always f64.
 */
export class CapturedScalars {
  readonly layer: CapturedLayer;
  readonly #scalars: Scalars;
  /** Ones [N × 1]. */
  readonly inputs: Matrix;
  /** ∂e/∂q [N × P]. */
  readonly gradients: Matrix;
  readonly #slopes: Float64Array;

  constructor(engine: Engine, scalars: Scalars, points: number, uses = 1) {
    this.inputs = matrix(points, 1);
    this.inputs.data.fill(1);
    this.#scalars = scalars;
    this.gradients = matrix(points, scalars.count);
    this.#slopes = new Float64Array(scalars.count);
    this.layer = denseCapturedLayer(engine, SCALARS, this.inputs, this.gradients, uses);
  }

  /** Takes in ∂e/∂p at θ, one row for each scalar [P × N]. */
  set(theta: Float64Array, byParameter: ArrayLike<number>): void {
    const { rows: points, cols: count, data } = this.gradients;
    this.#scalars.slopes(theta, this.#slopes);
    for (let k = 0; k < count; k++) {
      const slope = this.#slopes[k]!;
      for (let n = 0; n < points; n++) data[n * count + k] = slope * byParameter[k * points + n]!;
    }
  }
}
