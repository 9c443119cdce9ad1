import type { Linearization, LossTerm } from './linearization.ts';
import type { ParameterLayout } from './parameters.ts';

/** out ← ∇L = Σ over terms and layers of slope-weighted Jacobians; out [P]. */
export function gradient(layout: ParameterLayout, linearization: Linearization, out: Float64Array): void {
  out.fill(0);
  for (const term of linearization.terms) {
    for (const layer of term.layers) layer.gradient(term.slope, layout.view(out, layout.block(layer.matrix)));
  }
}

/** out[k·B + i] ← ⟨∂e_i/∂θ, V_k⟩ of one term for K directions in parameter space (each [P]); out [K·B]. */
export function jacobianVectorProducts(
  layout: ParameterLayout,
  term: LossTerm,
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
 * The Gauss–Newton form of one term between directions given by their Jacobian products u_j, u_k [B]:
 * Σ ω u_j u_k − [centred] (Σ ω u_j)(Σ ω u_k)/Σ ω.
 */
export function gaussNewtonForm(term: LossTerm, uj: Float64Array, uk: Float64Array): number {
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
