import { PhiloxStream } from '@kfac/core';
import { expect, test } from 'vitest';
import { SAMPLERS, SAMPLING_METHODS, type SamplingMethod } from './methods.ts';

const N = 256;
const DIMENSIONS = 2;

/**
 * The square of the L2 star discrepancy of points in the unit square, by the formula of Warnock (1972):
 * 3⁻ᵈ − 2^(1−d)/N·Σ_n Π_j (1 − x_nj²) + N⁻²·Σ_nm Π_j (1 − max(x_nj, x_mj)).
 */
function squaredDiscrepancy(points: Float64Array): number {
  let single = 0;
  let pairs = 0;
  for (let n = 0; n < N; n++) {
    const [x, y] = points.subarray(2 * n, 2 * n + 2);
    single += (1 - x! * x!) * (1 - y! * y!);
    for (let m = 0; m < N; m++) pairs += (1 - Math.max(x!, points[2 * m]!)) * (1 - Math.max(y!, points[2 * m + 1]!));
  }
  return 1 / 9 - single / (2 * N) + pairs / (N * N);
}

/** Mean over 40 seeds. */
function meanSquaredDiscrepancy(method: SamplingMethod): number {
  const seeds = Array.from({ length: 40 }, (_, k) => k);
  const points = new Float64Array(DIMENSIONS * N);
  return (
    seeds.reduce((sum, seed) => {
      SAMPLERS[method](N, DIMENSIONS, new PhiloxStream(seed, 9), points);
      return sum + squaredDiscrepancy(points);
    }, 0) / seeds.length
  );
}

/** E D² = (2⁻ᵈ − 3⁻ᵈ)/N for independent uniform points. */
const EXPECTED_UNIFORM = (1 / 4 - 1 / 9) / N;

test('independent uniform points have the discrepancy of theory', () => {
  expect(meanSquaredDiscrepancy('uniform') / EXPECTED_UNIFORM).toBeGreaterThan(0.7);
  expect(meanSquaredDiscrepancy('uniform') / EXPECTED_UNIFORM).toBeLessThan(1.3);
});

test.each<[SamplingMethod, number]>([
  ['latin-hypercube', 0.5],
  ['halton', 0.05],
  ['sobol', 0.05],
])('%s points have less: D² below %d of it', (method, share) => {
  expect(meanSquaredDiscrepancy(method)).toBeLessThan(share * EXPECTED_UNIFORM);
});

test('every method is deterministic, strictly inside the cube, and takes few numbers', () => {
  for (const method of SAMPLING_METHODS) {
    for (const [count, dimensions] of [
      [1, 1],
      [777, 3],
      [50, 10],
      [1, 0],
    ] as const) {
      const points = new Float64Array(count * dimensions);
      const stream = new PhiloxStream(4, 2);
      SAMPLERS[method](count, dimensions, stream, points);
      expect(points.every((value) => value > 0 && value < 1)).toBe(true);
      expect(stream.position).toBeLessThanOrEqual(2 * count * dimensions + 1024);
      const again = new Float64Array(points.length);
      SAMPLERS[method](count, dimensions, new PhiloxStream(4, 2), again);
      expect(again).toEqual(points);
    }
  }
});
