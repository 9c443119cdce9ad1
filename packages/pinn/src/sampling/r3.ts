import { copyPoint } from './point-set.ts';
import type { Refinement } from './refinement.ts';

/**
 * Retain, resample, release (Daw, Bu, Wang, Perdikaris & Karpatne 2023): points with |e| ≥ mean|e| stay, all others are
 * drawn anew, uniformly.
 */
export function r3(): Refinement {
  return (points, { uniform, magnitude }) => {
    const magnitudes = magnitude(points);
    const mean = magnitudes.reduce((sum, e) => sum + e, 0) / magnitudes.length;
    const fresh = uniform(points.count);
    for (let n = 0; n < points.count; n++) if (magnitudes[n]! < mean) copyPoint(fresh, n, points, n);
  };
}
