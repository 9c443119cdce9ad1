import type { QuadratureRule } from './hermite.ts';

/** Gauss–Legendre rule with n nodes on [−1, 1]: Newton's method on the Legendre polynomial from Chebyshev-like starts. */
export function gaussLegendre(n: number): QuadratureRule {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let x = -Math.cos((Math.PI * (k + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let iteration = 0; iteration < 8; iteration++) {
      let previous = 1;
      let current = x;
      for (let j = 2; j <= n; j++)
        [previous, current] = [current, ((2 * j - 1) * x * current - (j - 1) * previous) / j];
      slope = (n * (previous - x * current)) / (1 - x * x);
      x -= current / slope;
    }
    nodes[k] = x;
    weights[k] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}
