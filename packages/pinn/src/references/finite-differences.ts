/**
 * Weights w_j with f^(order)(z) ≈ Σ_j w_j f(j) for nodes j = 0 … n−1 a unit apart, exact for polynomials of degree below
 * n (Fornberg 1988). Order 0 interpolates.
 */
export function stencilWeights(z: number, n: number, order: number): Float64Array {
  // table[m·n + j]: weight of node j for derivative m on the nodes added so far.
  const table = new Float64Array((order + 1) * n);
  table[0] = 1;
  let product = 1;
  for (let i = 1; i < n; i++) {
    let next = 1;
    for (let j = 0; j < i; j++) {
      const gap = i - j;
      next *= gap;
      for (let m = Math.min(i, order); m >= 0; m--) {
        const lower = m === 0 ? 0 : m * table[(m - 1) * n + j]!;
        if (j === i - 1) {
          const before = m === 0 ? 0 : m * table[(m - 1) * n + i - 1]!;
          table[m * n + i] = (product / next) * (before + (z - (i - 1)) * table[m * n + i - 1]!);
        }
        table[m * n + j] = ((i - z) * table[m * n + j]! - lower) / gap;
      }
    }
    product = next;
  }
  return table.slice(order * n);
}
