import { describe, expect, test } from 'vitest';
import { BurgersReference } from '../references/burgers.ts';
import { burgersObservations } from './burgers-data.ts';

const VISCOSITY = 0.01 / Math.PI;

describe('observations', () => {
  test('without noise they lie on the solution, at points all over the domain', () => {
    const { t, x, u } = burgersObservations(2000, VISCOSITY, 0, 1);
    const reference = new BurgersReference(VISCOSITY, 0, 1);
    for (let n = 0; n < 2000; n += 97) expect(u[n]).toBe(reference.derivative([t[n]!, x[n]!], [0, 0]));
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value / values.length, 0);
    expect([Math.min(...t) > 0, Math.max(...t) < 1, Math.min(...x) > -1, Math.max(...x) < 1]).not.toContain(false);
    expect(mean(t)).toBeCloseTo(0.5, 1);
    expect(mean(x)).toBeCloseTo(0, 1);
  });

  test('the noise is normal, of the given share of the standard deviation of u; same seed, same numbers', () => {
    const clean = burgersObservations(2000, VISCOSITY, 0, 1).u;
    const noisy = burgersObservations(2000, VISCOSITY, 0.01, 1);
    expect(burgersObservations(2000, VISCOSITY, 0.01, 1)).toEqual(noisy);
    expect(burgersObservations(2000, VISCOSITY, 0.01, 2).u).not.toEqual(noisy.u);
    const spread = (values: readonly number[]): number => {
      const mean = values.reduce((sum, value) => sum + value / values.length, 0);
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0));
    };
    const errors = noisy.u.map((value, n) => value - clean[n]!);
    expect(Math.abs(spread(errors) / (0.01 * spread(clean)) - 1)).toBeLessThan(0.05);
  });
});
