import { PhiloxStream } from '@kfac/core';
import { BurgersReference } from '../references/burgers.ts';

/** Observations u at points (t, x), one entry each. */
export interface Observations {
  readonly t: number[];
  readonly x: number[];
  readonly u: number[];
}

/**
 * Observations of Burgers' equation with u(0, x) = −sin πx at independent uniform points of [0, 1] × [−1, 1], with normal
 * errors of `noise` times the standard deviation of u (Raissi, Perdikaris & Karniadakis 2019). A pure function of the seed.
 */
export function burgersObservations(count: number, viscosity: number, noise: number, seed: number): Observations {
  const stream = new PhiloxStream(seed, 0, 0);
  const t = Array.from({ length: count }, () => stream.uniform());
  const x = Array.from({ length: count }, () => 2 * stream.uniform() - 1);
  const exact = new BurgersReference(viscosity, 0, 1).values(null, { cols: count, data: [...t, ...x] });
  const mean = exact.reduce((sum, value) => sum + value / count, 0);
  const deviation = Math.sqrt(exact.reduce((sum, value) => sum + (value - mean) ** 2 / count, 0));
  return { t, x, u: Array.from(exact, (value) => value + noise * deviation * stream.normal()) };
}
