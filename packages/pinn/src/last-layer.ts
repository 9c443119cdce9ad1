import { type Engine, type Objective, dot, matrix, rowsAtOnce, succeeds } from '@kfac/core';
import { HEAD } from './network.ts';

/** λ relative to the mean squared column of the last layer's Jacobian: below it weights grow large, and training slow. */
const RELATIVE_RIDGE = 1e-5;
/** Most Gauss–Newton steps; a linear problem needs one. */
const MAX_STEPS = 10;
/** A step that gains a smaller share of the value than this is the last one. */
const LEAST_GAIN = 1e-3;

/**
 * Fits the last layer a [n], weights and biases, with the hidden layers as they are: minimises L(a) + ½λ‖a‖² by
 * Gauss–Newton, (JᵀJ + λI)δ = −(∇L + λa) with J = √ω·∂e/∂a and λ = 1e-5·tr(JᵀJ)/n at the start. One step is exact where the
 * residuals are linear in a. A step that would raise the value is not taken. Overwrites the last layer in `theta`.
 */
export function fitLastLayer(engine: Engine, objective: Objective, theta: Float64Array): void {
  const layout = objective.parameters;
  const block = layout.block(HEAD);
  const a = layout.view(theta, block);
  const n = a.length;
  const square = matrix(n, n);
  const column = matrix(n, 1);
  const delta = column.data as Float64Array;
  let ridge = 0;
  for (let k = 0; k < MAX_STEPS; k++) {
    const { loss, terms } = objective.linearize(theta);
    const slope = new Float64Array(n);
    square.data.fill(0);
    for (const term of terms) {
      const layer = term.layers.find((captured) => captured.matrix === block.name);
      if (!layer) continue;
      const roots = term.curvature.map(Math.sqrt);
      const step = rowsAtOnce(roots.length, n);
      for (let from = 0; from < roots.length; from += step) {
        const part = roots.subarray(from, from + step);
        const rows = matrix(part.length, n);
        layer.jacobian(part, rows, 0, 0, { from });
        engine.linalg.gram(1, rows, null, 1, 1, square);
      }
      layer.gradient(term.slope, slope);
    }
    if (k === 0) ridge = (RELATIVE_RIDGE * trace(square.data, n)) / n;
    for (let i = 0; i < n; i++) {
      square.data[i * n + i]! += ridge;
      slope[i]! += ridge * a[i]!;
    }
    delta.set(slope);
    // Fails where the last layer moves no residual, or where the loss is not finite: then nothing is to be fitted.
    if (!succeeds(() => engine.linalg.cholesky(square))) return;
    engine.linalg.choleskySolve(square, column);
    const predicted = 0.5 * dot(slope, delta);
    const value = loss + 0.5 * ridge * dot(a, a);
    const before = Float64Array.from(a);
    for (let i = 0; i < n; i++) a[i]! -= delta[i]!;
    const gain = value - objective.loss(theta) - 0.5 * ridge * dot(a, a);
    if (!(gain > 0)) {
      a.set(before);
      return;
    }
    const wasLinear = Math.abs(gain - predicted) <= 1e-6 * predicted;
    if (wasLinear || gain < LEAST_GAIN * value) return;
  }
}

function trace(square: ArrayLike<number>, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += square[i * n + i]!;
  return sum;
}
