/** Nodes and weights of a quadrature rule, ∫ f(z) e^{−z²} dz ≈ Σ weights·f(nodes). */
export interface QuadratureRule {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/**
 * Gauss–Hermite rule with n nodes, 1 ≤ n ≤ 200: the nodes are the eigenvalues of the Jacobi matrix with off-diagonal
 * √(k/2), found by bisection on the Sturm sequence; the weight of a node is 1/Σ p_k² over the orthonormal polynomials
 * (Golub and Welsch 1969).
 */
export function gaussHermite(n: number): QuadratureRule {
  const bound = Math.sqrt(2 * n + 2);
  const nodes = Float64Array.from({ length: n }, (_, k) => eigenvalue(n, k, -bound, bound));
  return { nodes, weights: nodes.map((node) => weight(n, node)) };
}

/** The k-th smallest eigenvalue. */
function eigenvalue(n: number, k: number, lower: number, upper: number): number {
  for (let halving = 0; halving < 70; halving++) {
    const middle = (lower + upper) / 2;
    if (countBelow(n, middle) > k) upper = middle;
    else lower = middle;
  }
  return (lower + upper) / 2;
}

/** Number of eigenvalues below x. */
function countBelow(n: number, x: number): number {
  let count = 0;
  let pivot = 1;
  for (let k = 0; k < n; k++) {
    pivot = -x - (k === 0 ? 0 : k / 2 / pivot);
    if (pivot === 0) pivot = 1e-300;
    if (pivot < 0) count++;
  }
  return count;
}

function weight(n: number, x: number): number {
  let previous = 0;
  let current = Math.PI ** -0.25;
  let sum = current * current;
  for (let k = 0; k < n - 1; k++) {
    const next = (x * current - Math.sqrt(k / 2) * previous) / Math.sqrt((k + 1) / 2);
    previous = current;
    current = next;
    sum += current * current;
  }
  return 1 / sum;
}
