import { PhiloxStream } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { randomPermutation } from './permutation.ts';
import type { PointSet } from './point-set.ts';
import { r3 } from './r3.ts';
import { rad, radProbabilities } from './rad.ts';
import { rar } from './rar.ts';
import type { Surroundings } from './refinement.ts';

/** Points of one coordinate in [0, 1], the residual given as a function of it. */
function surroundings(residual: (x: number) => number, seed: number, past = 0): Surroundings {
  const fresh = new PhiloxStream(seed, 1);
  return {
    past,
    stream: new PhiloxStream(seed, 2),
    uniform(count) {
      const data = new Float64Array(count);
      fresh.uniforms(data);
      return { data, count };
    },
    magnitude: ({ data }) => data.map(residual),
  };
}

const grid = (count: number): PointSet => ({ data: Float64Array.from({ length: count }, (_, n) => n / count), count });
const isSubset = (part: Float64Array, whole: Float64Array): boolean => part.every((x) => whole.includes(x));

describe('rad', () => {
  test('oracle pinn §8.13: probabilities p ∝ |e|^k/mean|e|^k + c sum to 1', () => {
    const e = Float64Array.of(0, 1, 2, 5);
    const p = radProbabilities(e, 2, 0.5);
    const raw = [0, 1, 4, 25].map((square) => square / 7.5 + 0.5);
    const sum = raw.reduce((total, value) => total + value, 0);
    raw.forEach((value, n) => expect(p[n]).toBeCloseTo(value / sum, 15));
    expect(p.reduce((total, value) => total + value, 0)).toBeCloseTo(1, 15);
    // Scale-free, also where powers would overflow; uniform where there is nothing to follow.
    expect(radProbabilities(Float64Array.of(0, 1e200, 2e200, 5e200), 2, 0.5)[3]).toBeCloseTo(p[3]!, 14);
    expect([...radProbabilities(new Float64Array(4), 2, 0)]).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  test('draws from the pool without replacement, by those probabilities', () => {
    let right = 0;
    const pulls = 400;
    for (let seed = 0; seed < pulls; seed++) {
      const points = grid(4);
      const pool: Float64Array[] = [];
      const around = surroundings((x) => (x < 0.5 ? 1 : 3), seed);
      rad({ pool: 2000, exponent: 1, constant: 0 })(points, {
        ...around,
        uniform(count) {
          const set = around.uniform(count);
          pool.push(set.data);
          return set;
        },
      });
      expect(isSubset(points.data, pool[0]!)).toBe(true);
      expect(new Set(points.data).size).toBe(4);
      right += points.data.filter((x) => x >= 0.5).length;
    }
    // p of the right half is ¾: standard deviation √(0.75·0.25/1600) = 0.011.
    expect(Math.abs(right / (4 * pulls) - 0.75)).toBeLessThan(0.035);
  });

  test('a pool of as many points as are needed is taken whole', () => {
    const points = grid(8);
    const around = surroundings((x) => x, 3);
    rad({ pool: 8, exponent: 1, constant: 1 })(points, around);
    expect(points.data.toSorted()).toEqual(
      surroundings((x) => x, 3)
        .uniform(8)
        .data.toSorted(),
    );
  });
});

describe('rar', () => {
  const permutation = (length: number) => randomPermutation(length, new PhiloxStream(9, 3));

  test('the worst of the pool take the places in turn; the others stay, and so does N', () => {
    const refine = rar({ pool: 500, add: 0.1, share: 0.25 }, permutation);
    const points = grid(20);
    const seen: Float64Array[] = [points.data.slice()];
    for (let past = 0; past < 3; past++) {
      refine(
        points,
        surroundings((x) => x, past + 1, past),
      );
      seen.push(points.data.slice());
    }
    const changed = (a: number, b: number): number[] => [...seen[a]!.keys()].filter((n) => seen[a]![n] !== seen[b]![n]);
    // Two at a time into five places: 0 1 | 2 3 | 4 0.
    const places = [...permutation(20).subarray(0, 5)];
    const sorted = (list: number[]) => list.toSorted((a, b) => a - b);
    expect(changed(0, 1)).toEqual(sorted([places[0]!, places[1]!]));
    expect(changed(1, 2)).toEqual(sorted([places[2]!, places[3]!]));
    expect(changed(2, 3)).toEqual(sorted([places[4]!, places[0]!]));
    const worst = surroundings((x) => x, 1)
      .uniform(500)
      .data.toSorted()
      .slice(-2);
    expect(
      changed(0, 1)
        .map((n) => seen[1]![n]!)
        .toSorted((a, b) => a - b),
    ).toEqual([...worst]);
  });
});

describe('r3', () => {
  test('oracle pinn §8.13: points of at least the mean residual stay, the others are fresh, N stays', () => {
    const points = grid(100);
    const before = points.data.slice();
    r3()(
      points,
      surroundings((x) => x, 4),
    );
    expect(points.data).toHaveLength(100);
    // The mean of n/100 is 0.495.
    before.forEach((x, n) => expect(points.data[n] === x).toBe(x >= 0.495));
  });

  test('equal residuals keep all points', () => {
    const points = grid(7);
    r3()(
      points,
      surroundings(() => 2, 4),
    );
    expect(points).toEqual(grid(7));
  });
});
