import { jacobian } from '../derivatives.ts';
import type { Matrix } from '../engine/engine.ts';
import { KfacError } from '../errors.ts';
import type { Linearization } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';

/** N: the examples of all terms. */
export function examplesOf({ terms }: Linearization): number {
  return terms.reduce((sum, term) => sum + term.residual.length, 0);
}

/**
 * rows[n, …] ← [J | r]·(n-th example), r = slope/√ω and J = √ω·∂e/∂θ, so that L = ½‖r‖² and ∇L = Jᵀr; all terms one below
 * the other, the first `N` rows of a matrix with P + 1 columns. Throws `KFAC_SPEC` for centred terms: those are no sum
 * of squares.
 */
export function leastSquaresRows(layout: ParameterLayout, { terms }: Linearization, rows: Matrix): void {
  const { cols } = rows;
  let row = 0;
  for (const term of terms) {
    if (term.centred)
      throw new KfacError(
        'KFAC_SPEC',
        `Gauss–Newton needs a sum of squares; the term "${term.name}" has a centred curvature`,
      );
    const root = term.curvature.map(Math.sqrt);
    jacobian(layout, term, root, rows, row);
    for (let i = 0; i < root.length; i++) {
      rows.data[(row + i) * cols + cols - 1] = root[i]! > 0 ? term.slope[i]! / root[i]! : 0;
    }
    row += root.length;
  }
}
