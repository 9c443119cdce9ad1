import {
  type Engine,
  type Linearization,
  type ParameterLayout,
  jacobian,
  jacobianVectorProducts,
  matrix,
  rowsAtOnce,
  succeeds,
} from '@kfac/core';
import { GAUSS_NEWTON_PARAMETERS } from './auto.ts';

/** Relative to the largest diagonal entry of JᵀJ: directions in θ that nothing determines. */
const RELATIVE_RIDGE = 1e-12;

/** Most parameters for which standard errors are computed: they need the whole Gauss–Newton matrix. */
export const STANDARD_ERROR_PARAMETERS = GAUSS_NEWTON_PARAMETERS;

/**
 * Standard errors of the last `count` components of θ [count], from one linearisation: the roots of the diagonal of
 * (N/(N − P))·H⁻¹(Σ_i r_i²·J_iᵀJ_i)H⁻¹ with r = slope/√ω, rows J = √ω·∂e/∂θ and H = JᵀJ, the heteroscedasticity-consistent
 * covariance of nonlinear least squares (White 1980; the factor: MacKinnon & White 1985, HC1). Exact measurements and
 * equations with small residuals may stand beside noisy data. Null for N ≤ P, or if H cannot be factorised.
 */
export function standardErrors(
  engine: Engine,
  layout: ParameterLayout,
  { terms }: Linearization,
  count: number,
): Float64Array | null {
  const size = layout.size;
  const examples = terms.reduce((sum, { residual }) => sum + residual.length, 0);
  if (examples <= size) return null;
  const square = matrix(size, size);
  for (const term of terms) {
    const roots = term.curvature.map(Math.sqrt);
    const step = rowsAtOnce(roots.length, size);
    for (let from = 0; from < roots.length; from += step) {
      const part = roots.subarray(from, from + step);
      const rows = matrix(part.length, size);
      jacobian(layout, term, part, rows, 0, from);
      engine.linalg.gram(1, rows, null, 1, 1, square);
    }
  }
  let largest = 0;
  for (let i = 0; i < size; i++) largest = Math.max(largest, square.data[i * size + i]!);
  for (let i = 0; i < size; i++) square.data[i * size + i]! += RELATIVE_RIDGE * largest;
  if (!succeeds(() => engine.linalg.cholesky(square))) return null;
  return Float64Array.from({ length: count }, (_, k) => {
    const column = matrix(size, 1);
    column.data[size - count + k] = 1;
    engine.linalg.choleskySolve(square, column);
    let sum = 0;
    for (const term of terms) {
      const products = new Float64Array(term.residual.length);
      jacobianVectorProducts(layout, term, [column.data as Float64Array], products);
      // r_i·√ω_i is the slope.
      for (let i = 0; i < products.length; i++) sum += (term.slope[i]! * products[i]!) ** 2;
    }
    return Math.sqrt((sum * examples) / (examples - size));
  });
}
