/** Nodes and weights of an n-point Gauss–Legendre rule on (0, 1), by Newton's method on the Legendre recurrence. */
export function gaussLegendre(n: number): { nodes: Float64Array; weights: Float64Array } {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let x = Math.cos((Math.PI * (k + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 100; iteration++) {
      let previous = 1;
      let value = x;
      for (let degree = 2; degree <= n; degree++) {
        [previous, value] = [value, ((2 * degree - 1) * x * value - (degree - 1) * previous) / degree];
      }
      slope = (n * (x * value - previous)) / (x * x - 1);
      const step = value / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    nodes[k] = (1 - x) / 2;
    weights[k] = 1 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}
