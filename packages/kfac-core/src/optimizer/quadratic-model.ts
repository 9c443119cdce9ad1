import { gaussNewtonForm } from '../derivatives.ts';
import type { ModelTerm } from '../linearization.ts';
import { dot } from '../vector.ts';

/** The step that minimises the damped quadratic model over span{Δ, δ_prev}. */
export interface ModelStep {
  /** Coefficients of the directions: δ = Σ w_i·v_i. */
  readonly coefficients: readonly number[];
  /** q(w) = ½wᵀMw + wᵀb, undamped: the predicted change of L. */
  readonly predicted: number;
  /** ½wᵀb: the minimum of the damped model. */
  readonly predictedDamped: number;
}

/**
 * Learning rate and momentum from the exact quadratic model (Martens & Grosse 2015, §7): M_jk = v_j·G·v_k by
 * Jacobian products, b_j = ⟨v_j, ∇L⟩, w = −(M + λD)⁻¹b with D = VᵀV. Columns are scaled to unit length first; a second
 * direction that is zero, parallel (condition > 1e12) or makes the system indefinite is dropped.
 *
 * @param products u_j = J·v_j per term: products[term] holds the K columns [K·B].
 */
export function quadraticModelStep(
  terms: readonly ModelTerm[],
  gradient: Float64Array,
  directions: readonly Float64Array[],
  products: readonly Float64Array[],
  lambda: number,
): ModelStep {
  const count = directions.length;
  const lengths = directions.map((direction) => Math.sqrt(dot(direction, direction)));
  const m: number[][] = directions.map(() => new Array<number>(count).fill(0));
  const d: number[][] = directions.map(() => new Array<number>(count).fill(0));
  for (let j = 0; j < count; j++) {
    for (let k = 0; k <= j; k++) {
      const scale = 1 / (lengths[j]! * lengths[k]!);
      let form = 0;
      terms.forEach((term, t) => {
        const n = term.curvature.length;
        const u = products[t]!;
        form += gaussNewtonForm(term, u.subarray(j * n, (j + 1) * n), u.subarray(k * n, (k + 1) * n));
      });
      m[j]![k] = m[k]![j] = form * scale;
      d[j]![k] = d[k]![j] = dot(directions[j]!, directions[k]!) * scale;
    }
  }
  const b = directions.map((direction, j) => dot(direction, gradient) / lengths[j]!);
  const first = m[0]![0]! + lambda * d[0]![0]!;
  let scaled = [first > 0 ? -b[0]! / first : Number.NaN, ...directions.slice(1).map(() => 0)];
  if (count === 2 && lengths[1]! > 0) {
    const cross = m[0]![1]! + lambda * d[0]![1]!;
    const second = m[1]![1]! + lambda * d[1]![1]!;
    const determinant = first * second - cross * cross;
    if (determinant > 1e-12 * first * second) {
      scaled = [(-b[0]! * second + b[1]! * cross) / determinant, (-b[1]! * first + b[0]! * cross) / determinant];
    }
  }
  let predicted = 0;
  let predictedDamped = 0;
  for (let j = 0; j < count; j++) {
    if (scaled[j] === 0) continue;
    predicted += scaled[j]! * b[j]!;
    predictedDamped += 0.5 * scaled[j]! * b[j]!;
    for (let k = 0; k < count; k++) if (scaled[k] !== 0) predicted += 0.5 * scaled[j]! * m[j]![k]! * scaled[k]!;
  }
  return {
    coefficients: scaled.map((w, j) => (w === 0 ? 0 : w / lengths[j]!)),
    predicted,
    predictedDamped,
  };
}
