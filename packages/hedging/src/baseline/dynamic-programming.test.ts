import { expect, test } from 'vitest';

interface Grid {
  readonly spots: number;
  readonly positions: number;
  readonly normals: number;
}

/**
 * Entropic seller's price of an at-the-money call under exponential utility with proportional cost: exact dynamic
 * programming on (S, position) for Black–Scholes without drift, spot 100 (Davis, Panas, Zariphopoulou 1993). Q is the log
 * of the least expected e^{−a·future P&L}; wealth drops out. The last position is not unwound.
 */
function optimalPrice(cost: number, { spots, positions, normals }: Grid): number {
  const [spot, strike, sigma, years, steps, aversion] = [100, 100, 0.2, 30 / 365, 30, 1];
  const sd = sigma * Math.sqrt(years / steps);
  const width = (12 * sigma * Math.sqrt(years)) / (spots - 1);
  const price = (j: number): number => spot * Math.exp((j - (spots - 1) / 2) * width);
  const lowest = -0.15;
  const gap = 1.3 / (positions - 1);
  let next = new Float64Array(spots * positions);
  let now = new Float64Array(spots * positions);
  const sum = new Float64Array(positions);
  const centre = new Float64Array(positions);
  const right = new Float64Array(positions);

  for (let t = steps - 1; t >= 0; t--) {
    const points = t === steps - 1 ? 20 * (normals - 1) + 1 : normals;
    const z = Float64Array.from({ length: points }, (_, k) => -7.5 + (15 * k) / (points - 1));
    const total = z.reduce((s, v) => s + Math.exp((-v * v) / 2), 0);
    for (let j = 0; j < spots; j++) {
      const here = price(j);
      // The middle point z = 0 first: its exponent is subtracted from all others.
      const order = [(points - 1) / 2, ...Array.from(z.keys())];
      sum.fill(0);
      for (const [n, k] of order.entries()) {
        const move = -(sd * sd) / 2 + sd * z[k]!;
        const gain = here * Math.expm1(move);
        const logWeight = (-z[k]! * z[k]!) / 2 - Math.log(total);
        const payoff = Math.max(here + gain - strike, 0);
        const at = Math.min(Math.max(j + move / width, 0), spots - 1);
        const row = Math.min(Math.max(Math.floor(at) - 1, 0), spots - 4);
        const u = at - row;
        const w0 = -((u - 1) * (u - 2) * (u - 3)) / 6;
        const w1 = (u * (u - 2) * (u - 3)) / 2;
        const w2 = -(u * (u - 1) * (u - 3)) / 2;
        const w3 = (u * (u - 1) * (u - 2)) / 6;
        const base = row * positions;
        for (let d = 0; d < positions; d++) {
          const future =
            t === steps - 1
              ? aversion * payoff
              : w0 * next[base + d]! +
                w1 * next[base + positions + d]! +
                w2 * next[base + 2 * positions + d]! +
                w3 * next[base + 3 * positions + d]!;
          const exponent = future - aversion * (lowest + d * gap) * gain;
          if (n === 0) centre[d] = exponent;
          else sum[d]! += Math.exp(exponent - centre[d]! + logWeight);
        }
      }
      const value = (d: number): number => Math.log(sum[d]!) + centre[d]!;
      const slope = aversion * cost * here;
      let least = Infinity;
      for (let d = positions - 1; d >= 0; d--) {
        const held = lowest + d * gap;
        least = Math.min(least, value(d) + slope * held);
        right[d] = least - slope * held;
      }
      least = Infinity;
      for (let d = 0; d < positions; d++) {
        const held = lowest + d * gap;
        least = Math.min(least, value(d) - slope * held);
        now[j * positions + d] = Math.min(right[d]!, least + slope * held);
      }
    }
    [next, now] = [now, next];
  }
  const at = -lowest / gap;
  const d = Math.min(Math.floor(at), positions - 2);
  const middle = ((spots - 1) / 2) * positions + d;
  return (next[middle]! * (d + 1 - at) + next[middle + 1]! * (at - d)) / aversion;
}

const grid: Grid = { spots: 201, positions: 321, normals: 41 };

test.each([
  [0, 2.3533],
  [1e-4, 2.3746],
  [1e-3, 2.5249],
])('oracle hedging §13: the exact optimum at cost %s is %s', (cost, expected) => {
  // Half a unit of the last digit, and 1e-4 for a grid coarser than the table’s.
  expect(Math.abs(optimalPrice(cost, grid) - expected)).toBeLessThan(1.5e-4);
});
