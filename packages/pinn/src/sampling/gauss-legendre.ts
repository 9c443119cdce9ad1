import { matrix } from '@kfac/core';
import type { Matrix } from '@kfac/core';
import type { Box } from '../geometry/box.ts';

/** A rule ∫_Ω f ≈ Σ_n w_n·f(x_n). */
export interface Quadrature {
  /** Points [d × N], a row for each coordinate. */
  readonly points: Matrix;
  /** [N], their sum is |Ω|. */
  readonly weights: Float64Array;
}

/**
 * The nodes of the Gauss–Legendre rule on [−1, 1], ascending, and its weights w = 2/((1 − x²)·P_n′(x)²): Newton's method
 * on P_n from Tricomi's approximation (Abramowitz & Stegun 25.4.29). Exact for polynomials of degree 2n − 1.
 */
export function gaussLegendre(n: number): { nodes: Float64Array; weights: Float64Array } {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let x = -Math.cos((Math.PI * (k + 0.75)) / (n + 0.5));
    let slope = 0;
    // Quadratic convergence from an error of O(n⁻⁴): four are enough, the last at rounding.
    for (let iteration = 0; iteration < 6; iteration++) {
      let [before, value] = [0, 1];
      for (let j = 1; j <= n; j++) [before, value] = [value, ((2 * j - 1) * x * value - (j - 1) * before) / j];
      slope = (n * (before - x * value)) / (1 - x * x);
      x -= value / slope;
    }
    nodes[k] = x;
    weights[k] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

/** The tensor product of the rule with n nodes along every axis, on a box. */
export function boxQuadrature({ names, lower, upper }: Box, n: number): Quadrature {
  const rule = gaussLegendre(n);
  const d = names.length;
  const count = n ** d;
  const points = matrix(d, count);
  const weights = new Float64Array(count).fill(1);
  for (let axis = 0; axis < d; axis++) {
    const half = (upper[axis]! - lower[axis]!) / 2;
    const inner = n ** (d - 1 - axis);
    for (let k = 0; k < count; k++) {
      const node = Math.floor(k / inner) % n;
      points.data[axis * count + k] = lower[axis]! + half * (1 + rule.nodes[node]!);
      weights[k]! *= half * rule.weights[node]!;
    }
  }
  return { points, weights };
}
