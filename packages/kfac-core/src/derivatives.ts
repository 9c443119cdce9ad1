import type { Matrix } from './engine/engine.ts';
import type { Linearization, LossTerm, ModelTerm } from './linearization.ts';
import type { ParameterLayout } from './parameters.ts';

/** out ← ∇L = Σ over terms of Jᵀ·slope; out [P]. */
export function gradient(layout: ParameterLayout, linearization: Linearization, out: Float64Array): void {
  out.fill(0);
  for (const term of linearization.terms) addTransposedProduct(layout, term, term.slope, out);
}

/** out += Jᵀ·w of one term, w [B], out [P]: Σ over layers of weighted sums of per-example Jacobians. */
export function addTransposedProduct(
  layout: ParameterLayout,
  term: LossTerm,
  w: Float64Array,
  out: Float64Array,
): void {
  for (const layer of term.layers) layer.gradient(w, layout.view(out, layout.block(layer.matrix)));
}

/** out[k·B + i] ← ⟨∂e_i/∂θ, V_k⟩ of one term for K directions in parameter space (each [P]); out [K·B]. */
export function jacobianVectorProducts(
  layout: ParameterLayout,
  term: Pick<ModelTerm, 'layers'>,
  directions: readonly Float64Array[],
  out: Float64Array,
): void {
  out.fill(0);
  for (const layer of term.layers) {
    const block = layout.block(layer.matrix);
    layer.jvp(
      directions.map((direction) => layout.view(direction, block)),
      out,
    );
  }
}

/**
 * out[row + i, 0 … P) ← scale_i·∂e_{from+i}/∂θ of as many examples of one term as there are scales; out has at least P
 * columns and is f64. Matrices that the term does not use get zeros.
 */
export function jacobian(
  layout: ParameterLayout,
  term: LossTerm,
  scale: Float64Array,
  out: Matrix,
  row: number,
  from = 0,
): void {
  const captured = new Set(term.layers.map((layer) => layer.matrix));
  for (const layer of term.layers) layer.jacobian(scale, out, row, layout.block(layer.matrix).offset, { from });
  for (const block of layout.blocks) {
    if (captured.has(block.name)) continue;
    for (let i = 0; i < scale.length; i++) {
      const at = (row + i) * out.cols + block.offset;
      out.data.fill(0, at, at + block.inputs * block.outputs);
    }
  }
}

/**
 * The Gauss–Newton form of one term between directions given by their Jacobian products u_j, u_k [B]:
 * Σ ω u_j u_k − [centred] (Σ ω u_j)(Σ ω u_k)/Σ ω.
 */
export function gaussNewtonForm(term: ModelTerm, uj: Float64Array, uk: Float64Array): number {
  let both = 0;
  let j = 0;
  let k = 0;
  let total = 0;
  const { curvature } = term;
  for (let i = 0; i < curvature.length; i++) {
    const w = curvature[i]!;
    both += w * uj[i]! * uk[i]!;
    j += w * uj[i]!;
    k += w * uk[i]!;
    total += w;
  }
  return term.centred && total > 0 ? both - (j * k) / total : both;
}
