import { describe, expect, test } from 'vitest';
import { Causal, causalWeights } from './causal.ts';
import type { WeightedTerm } from './point-scheme.ts';
import { residualBased } from './residual-based.ts';
import { SelfAdaptive } from './self-adaptive.ts';

/** A term of which the schemes see residuals, weights and the points' times. */
function termOf(kind: 'interior' | 'conditions', e: readonly number[], times: readonly number[] = []): WeightedTerm {
  const residual = Float64Array.from(e);
  const curvature = new Float64Array(e.length).fill(0.5);
  const batches = [{ coordinates: Float64Array.from(times), points: e.length }];
  return { name: kind, kind, residual, slope: residual, curvature, centred: false, layers: [], batches } as never;
}

const ones = (...counts: number[]): Float64Array[] => counts.map((count) => new Float64Array(count).fill(1));

describe.each([
  { mask: 'square', start: 1, m: (s: number) => s ** 2, slope: (s: number) => 2 * s },
  {
    mask: 'logistic',
    start: 0,
    m: (s: number) => 1000 / (1 + 999 * Math.exp(-s)),
    slope: (s: number) => (1000 * 999 * Math.exp(-s)) / (1 + 999 * Math.exp(-s)) ** 2,
  },
] as const)('self-adaptive, $mask mask', ({ mask, start, m, slope }) => {
  test('ascent by Adam on ς', () => {
    const scheme = new SelfAdaptive({ every: 1, learningRate: 0.1, mask });
    const terms = [termOf('interior', [2, 0]), termOf('conditions', [1e-5])];
    const multipliers = ones(2, 1);
    const want = [2, 0, 1e-5].map((e) => ({ e, sigma: start as number, first: 0, second: 0 }));
    for (let k = 1; k <= 3; k++) {
      // ω at its start is ½: L = ½·½·m·e².
      terms.forEach((term, i) => term.curvature.forEach((_, n) => (term.curvature[n] = 0.5 * multipliers[i]![n]!)));
      scheme.update(terms, multipliers);
      for (const point of want) {
        const g = 0.25 * slope(point.sigma) * point.e ** 2;
        point.first = 0.9 * point.first + 0.1 * g;
        point.second = 0.999 * point.second + 0.001 * g * g;
        point.sigma += (0.1 * (point.first / (1 - 0.9 ** k))) / (Math.sqrt(point.second / (1 - 0.999 ** k)) + 1e-8);
      }
      const got = [...multipliers[0]!, ...multipliers[1]!];
      want.forEach(({ sigma }, n) => expect(got[n]).toBeCloseTo(m(sigma), 11));
    }
    expect(multipliers[0]![0]).toBeGreaterThan(1.3);
    expect(multipliers[0]![1]).toBeCloseTo(1, 14);
  });

  test('rises towards 1000, and never beyond', () => {
    const scheme = new SelfAdaptive({ every: 1, learningRate: 1, mask });
    const [term, multipliers] = [termOf('interior', [3]), ones(1)];
    const seen = Array.from({ length: 100 }, () => {
      term.curvature[0] = 0.5 * multipliers[0]![0]!;
      scheme.update([term], multipliers);
      return multipliers[0]![0]!;
    });
    for (const [k, value] of seen.entries()) expect(value).toBeGreaterThanOrEqual(seen[k - 1] ?? 1);
    expect(seen.at(-1)).toBeGreaterThan(999);
    expect(seen.at(-1)).toBeLessThanOrEqual(1000);
  });
});

test('residual-based attention: ς ← γς + η·|e|/max|e| term by term, m = ς²', () => {
  const multipliers = [Float64Array.of(1, 4, 1), Float64Array.of(1)];
  const scheme = residualBased({ every: 1, decay: 0.9, rate: 0.2 });
  scheme.update([termOf('interior', [-2, 1, 0]), termOf('conditions', [1e-9])], multipliers);
  [(0.9 + 0.2) ** 2, (0.9 * 2 + 0.1) ** 2, 0.9 ** 2].forEach((m, n) => expect(multipliers[0]![n]).toBeCloseTo(m, 14));
  expect(multipliers[1]![0]).toBeCloseTo(1.1 ** 2, 14);
  // A term that is solved exactly keeps its weights.
  const before = multipliers[1]!.slice();
  scheme.update([termOf('interior', [1, 1, 1]), termOf('conditions', [0])], multipliers);
  expect(multipliers[1]).toEqual(before);
});

describe('oracle pinn §8.13: causal weights', () => {
  test('are exp(−ε·sum of the losses before), the first 1, never rising', () => {
    const losses = Float64Array.of(0.5, 0, 2, 1e-3, 7);
    const weights = causalWeights(losses, 0.5);
    [0, 0.5, 0.5, 2.5, 2.501].forEach((sum, k) => expect(weights[k]).toBeCloseTo(Math.exp(-0.5 * sum), 15));
    expect(weights[0]).toBe(1);
    for (let k = 1; k < 5; k++) expect(weights[k]).toBeLessThanOrEqual(weights[k - 1]!);
  });

  test('go to the points by time, in chunks of equally many, over all equations; conditions keep 1', () => {
    const times = [0.9, 0.1, 0.5, 0.2, 0.7, 0.4];
    const terms = [
      termOf('interior', [1, 2, 3, 4, 5, 6], times),
      termOf('interior', [0, 1, 0, 1, 0, 1], times),
      termOf('conditions', [9, 9]),
    ];
    const multipliers = ones(6, 6, 2);
    new Causal({ every: 1, chunks: 3, epsilon: 0.1 }, 0).update(terms, multipliers);
    // In order of time: points 1, 3 | 5, 2 | 4, 0.
    const first = (0.5 * (4 + 16)) / 2 + (0.5 * (1 + 1)) / 2;
    const second = (0.5 * (36 + 9)) / 2 + (0.5 * 1) / 2;
    const [middle, late] = [Math.exp(-0.1 * first), Math.exp(-0.1 * (first + second))];
    const want = [late, 1, middle, 1, late, middle];
    for (const m of multipliers.slice(0, 2)) want.forEach((value, n) => expect(m[n]).toBeCloseTo(value, 14));
    expect([...multipliers[2]!]).toEqual([1, 1]);
  });

  test('a list of ε is gone through as the weights settle, and kept in the state', () => {
    const scheme = new Causal({ every: 1, chunks: 2, epsilon: [1e-2, 1, 100] }, 0);
    const step = (e: number): number => {
      scheme.update([termOf('interior', [e, e], [0, 1])], ones(2));
      return scheme.metrics()['pinn/weight/epsilon']!;
    };
    expect(step(10)).toBe(1e-2);
    expect(step(1)).toBe(1);
    expect(step(1)).toBe(1);
    expect(step(0.1)).toBe(100);
    expect(step(0)).toBe(100);
    const other = new Causal({ every: 1, chunks: 2, epsilon: [1e-2, 1, 100] }, 0);
    other.restore(scheme.save());
    expect(other.metrics()).toEqual(scheme.metrics());
  });
});
