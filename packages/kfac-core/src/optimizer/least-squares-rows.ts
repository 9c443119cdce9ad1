import { jacobian } from '../derivatives.ts';
import type { Matrix } from '../engine/engine.ts';
import { KfacError } from '../errors.ts';
import type { Linearization, LossTerm } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';

/** N: the examples of all terms. */
export function examplesOf({ terms }: Linearization): number {
  return terms.reduce((sum, term) => sum + term.residual.length, 0);
}

/** Throws `KFAC_SPEC` for centred terms: those are no sum of squares. */
export function requireSumOfSquares({ terms }: Linearization): void {
  const centred = terms.find((term) => term.centred);
  if (centred)
    throw new KfacError(
      'KFAC_SPEC',
      `Gauss–Newton needs a sum of squares; the term "${centred.name}" has a centred curvature`,
    );
}

/**
 * rows[n, …] ← [J | r]·(n-th example), r = slope/√ω and J = √ω·∂e/∂θ, so that L = ½‖r‖² and ∇L = Jᵀr; all terms one below
 * the other, the first `N` rows of a matrix with P + 1 columns. Throws `KFAC_SPEC` for centred terms.
 */
export function leastSquaresRows(layout: ParameterLayout, linearization: Linearization, rows: Matrix): void {
  requireSumOfSquares(linearization);
  const { cols } = rows;
  let row = 0;
  for (const term of linearization.terms) {
    const root = term.curvature.map(Math.sqrt);
    jacobian(layout, term, root, rows, row);
    for (let i = 0; i < root.length; i++) rows.data[(row + i) * cols + cols - 1] = scaledResidual(term, i);
    row += root.length;
  }
}

/** out ← r alone, [N]. */
export function scaledResiduals({ terms }: Linearization, out: Float64Array): void {
  let row = 0;
  for (const term of terms) for (let i = 0; i < term.residual.length; i++) out[row++] = scaledResidual(term, i);
}

function scaledResidual({ slope, curvature }: LossTerm, i: number): number {
  const root = Math.sqrt(curvature[i]!);
  return root > 0 ? slope[i]! / root : 0;
}
