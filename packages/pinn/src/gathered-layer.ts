import { type CapturedLayer, type Engine, type Matrix, type ParameterLayout, dot, matrixOver } from '@kfac/core';

/**
 * One weight matrix as seen by the single example that sums others with given weights: its Jacobian J = Σ_n w_n·J_n
 * [in × out] is formed at once by `gather`, after each linearisation of the parts. vec(J)·vec(J)ᵀ is a Kronecker product
 * only if J has rank one; K-FAC gets A = (in/‖J‖²)·J·Jᵀ and G = (ω/in)·Jᵀ·J, which has the same trace and is exact then,
 * as it is for unknown scalars (in = 1).
 */
export function gatheredLayer(
  engine: Engine,
  parts: CapturedLayer,
  layout: ParameterLayout,
  weights: Float64Array,
): { readonly layer: CapturedLayer; gather(): void } {
  const { inputs, outputs } = layout.block(parts.matrix);
  const vec = new Float64Array(inputs * outputs);
  const jacobian = matrixOver(inputs, outputs, vec);
  const layer: CapturedLayer = {
    matrix: parts.matrix,
    uses: 1,
    gradient([weight], out) {
      for (let k = 0; k < vec.length; k++) out[k]! += weight! * vec[k]!;
    },
    jvp(directions, out) {
      for (const [k, direction] of directions.entries()) out[k]! += dot(vec, direction);
    },
    factors([curvature], a, g) {
      const squared = dot(vec, vec);
      product(a, 'n', 't', squared > 0 ? inputs / squared : 0);
      product(g, 't', 'n', curvature! / inputs);
    },
    exactBlock([curvature], out) {
      const column = matrixOver(vec.length, 1, vec);
      engine.linalg.gemm(curvature!, column, 'n', column, 't', 0, out);
    },
    jacobian([scale], out, row, column, part) {
      const at = row * out.cols + column;
      const { from, count } = part?.inputs ?? { from: 0, count: inputs };
      for (let k = 0; k < count * outputs; k++) out.data[at + k] = scale! * vec[from * outputs + k]!;
    },
  };
  const product = (out: Matrix, left: 'n' | 't', right: 'n' | 't', scale: number): void =>
    engine.linalg.gemm(scale, jacobian, left, jacobian, right, 0, out);
  return {
    layer,
    gather() {
      vec.fill(0);
      parts.gradient(weights, vec);
    },
  };
}
