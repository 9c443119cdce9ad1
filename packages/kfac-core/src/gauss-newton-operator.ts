import { addTransposedProduct, jacobianVectorProducts } from './derivatives.ts';
import type { Linearization } from './linearization.ts';
import type { ParameterLayout } from './parameters.ts';

/**
 * The damped Gauss–Newton matrix G + λI of one linearisation as an operator on [P], G = Σ over terms of JᵀΩJ, for a
 * centred term Jᵀ(Ω − ωωᵀ/Σω)J. A product is J·v and Jᵀ·w over the captured pairs: no matrix is formed.
 */
export class GaussNewtonOperator {
  readonly #layout: ParameterLayout;
  #linearization: Linearization = { loss: 0, terms: [] };
  #lambda = 0;
  #products: Float64Array[] = [];

  constructor(layout: ParameterLayout) {
    this.#layout = layout;
  }

  /** Products from now on are those of this linearisation, as long as it is valid. */
  set(linearization: Linearization, lambda: number): void {
    this.#linearization = linearization;
    this.#lambda = lambda;
  }

  /** out ← (G + λI)·v. */
  apply(v: Float64Array, out: Float64Array): void {
    for (let i = 0; i < v.length; i++) out[i] = this.#lambda * v[i]!;
    this.#linearization.terms.forEach((term, t) => {
      const { curvature, centred } = term;
      if (this.#products[t]?.length !== curvature.length) this.#products[t] = new Float64Array(curvature.length);
      const u = this.#products[t]!;
      jacobianVectorProducts(this.#layout, term, [v], u);
      const mean = centred ? weightedMean(curvature, u) : 0;
      for (let i = 0; i < u.length; i++) u[i] = curvature[i]! * (u[i]! - mean);
      addTransposedProduct(this.#layout, term, u, out);
    });
  }
}

/** Σ ω_i·u_i / Σ ω_i, 0 without weight. */
function weightedMean(weights: Float64Array, u: Float64Array): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < u.length; i++) {
    sum += weights[i]! * u[i]!;
    total += weights[i]!;
  }
  return total > 0 ? sum / total : 0;
}
