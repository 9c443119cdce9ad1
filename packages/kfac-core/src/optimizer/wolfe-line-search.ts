/** L and dL/dα at θ + α·d. */
export interface Trial {
  readonly alpha: number;
  readonly loss: number;
  readonly slope: number;
}

/** Where a line search ended; α = 0 if no trial lies below the start. */
export interface LineSearchResult extends Trial {
  readonly evaluations: number;
}

/** c₁ of L(α) ≤ L(0) + c₁·α·L′(0), sufficient decrease. */
const DECREASE = 1e-4;
/** c₂ of |L′(α)| ≤ c₂·|L′(0)|, the strong curvature condition: yᵀs > 0 follows. */
const CURVATURE = 0.9;
const MAX_EVALUATIONS = 25;
/** A bracket is cut at least this share away from either end. */
const MARGIN = 0.1;
/** Most by which a step grows before a minimum is bracketed. */
const GROWTH = 10;

/**
 * Strong Wolfe line search (Nocedal & Wright 2006, algorithms 3.5 and 3.6) with c₁ = 1e-4, c₂ = 0.9 and cubic interpolation:
 * grows α from `first` until a minimum is bracketed, then narrows the bracket, at most 25 evaluations in all. Losses that
 * are not finite count as too far. Without a Wolfe point it gives the lowest trial seen that decreases the loss
 * sufficiently, which need not satisfy the curvature condition; without any such trial α = 0. The last call of `evaluate`
 * is the one at the α that is returned, unless that is 0.
 */
export function wolfeLineSearch(evaluate: (alpha: number) => Trial, start: Trial, first: number): LineSearchResult {
  let evaluations = 0;
  let last = start;
  const at = (alpha: number): Trial => {
    evaluations += 1;
    last = evaluate(alpha);
    return last;
  };
  const isTooHigh = ({ alpha, loss, slope }: Trial): boolean =>
    !Number.isFinite(loss) || !Number.isFinite(slope) || loss > start.loss + DECREASE * alpha * start.slope;
  const isFlat = ({ slope }: Trial): boolean => Math.abs(slope) <= -CURVATURE * start.slope;

  // low: the lowest trial of sufficient decrease, or the start; a Wolfe point lies between it and high.
  let low = start;
  let high: Trial | null = null;
  for (let alpha = first; high === null && evaluations < MAX_EVALUATIONS;) {
    const trial = at(alpha);
    if (isTooHigh(trial) || trial.loss >= low.loss) high = trial;
    else if (isFlat(trial)) return { ...trial, evaluations };
    else {
      const minimum = cubicMinimum(low, trial);
      if (trial.slope > 0) high = low;
      // Without a minimum ahead the curve bends down.
      else alpha *= minimum > trial.alpha ? clamp(minimum / trial.alpha, 1 + MARGIN, GROWTH) : GROWTH;
      low = trial;
    }
  }

  let width = Number.POSITIVE_INFINITY;
  while (high !== null && evaluations < MAX_EVALUATIONS) {
    const span: number = high.alpha - low.alpha;
    const minimum: number = (cubicMinimum(low, high) - low.alpha) / span;
    // An interpolation that did not take a third off the bracket is followed by a bisection.
    const share = Math.abs(span) > (2 / 3) * width ? 0.5 : Number.isNaN(minimum) ? MARGIN : minimum;
    width = Math.abs(span);
    const alpha: number = low.alpha + clamp(share, MARGIN, 1 - MARGIN) * span;
    if (alpha === low.alpha || alpha === high.alpha) break;
    const trial = at(alpha);
    if (isTooHigh(trial) || trial.loss >= low.loss) high = trial;
    else if (isFlat(trial)) return { ...trial, evaluations };
    else {
      if (trial.slope * span >= 0) high = low;
      low = trial;
    }
  }
  if (!(low.alpha > 0 && low.loss < start.loss)) return { ...start, alpha: 0, evaluations };
  if (last.alpha !== low.alpha) at(low.alpha);
  return { ...low, evaluations };
}

function clamp(value: number, lower: number, upper: number): number {
  return Math.min(Math.max(value, lower), upper);
}

/** The minimiser of the cubic through two losses and slopes (Nocedal & Wright, equation 3.59); NaN if it has none. */
function cubicMinimum(a: Trial, b: Trial): number {
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.alpha - b.alpha);
  const d2 = Math.sign(b.alpha - a.alpha) * Math.sqrt(d1 * d1 - a.slope * b.slope);
  return b.alpha - ((b.alpha - a.alpha) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
}
