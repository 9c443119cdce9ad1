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
 * rows[n, …] ← [J | r] of example from + n, r = slope/√ω and J = √ω·∂e/∂θ, so that L = ½‖r‖² and ∇L = Jᵀr; the examples of
 * all terms one after the other, `count` of them, by default all from `from` on. `rows` has P + 1 columns and at least so
 * many rows. Throws `KFAC_SPEC` for centred terms.
 */
export function leastSquaresRows(
  layout: ParameterLayout,
  linearization: Linearization,
  rows: Matrix,
  from = 0,
  count = examplesOf(linearization) - from,
): void {
  requireSumOfSquares(linearization);
  const { cols } = rows;
  let start = 0;
  for (const term of linearization.terms) {
    // The term's examples [first, last) are in the block.
    const first = Math.max(from - start, 0);
    const last = Math.min(from + count - start, term.residual.length);
    if (first < last) {
      const row = start + first - from;
      jacobian(layout, term, term.curvature.subarray(first, last).map(Math.sqrt), rows, row, first);
      for (let i = first; i < last; i++) rows.data[(row + i - first) * cols + cols - 1] = scaledResidual(term, i);
    }
    start += term.residual.length;
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
