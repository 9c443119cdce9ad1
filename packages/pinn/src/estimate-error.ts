import type { TrainingOptions } from '@kfac/core';
import type { SolutionDifference } from './difference.ts';
import type { Solution } from './solution.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

/** A solution, the same problem solved from the next seed, and how far the two are apart. */
export interface ErrorEstimate {
  readonly solution: Solution;
  /** Null if the first run did not finish. */
  readonly twin: Solution | null;
  /**
   * Of `solution` and `twin`: an estimate of the error, not a bound. At least one of the two is off by half of it; what
   * both have in common (too few points, a network that is too small, a second solution) it does not see. Null unless
   * both runs finished.
   */
  readonly difference: SolutionDifference | null;
}

/**
 * Estimates the error of a solution that nothing exact is known of: solves the problem twice, from independent seeds
 * (the specification's and the next: other initial weights, other points), and compares. Options as for `solve`; those
 * about progress and checkpoints concern the first run alone. Throws like `solve`.
 *
 * @example
 * const { solution, difference } = await estimateError({
 *   domain: { x: [0, 1] },
 *   equations: ['u_x = -u'],
 *   conditions: [{ on: 'x = 0', equation: 'u = 1' }],
 * });
 * difference?.rms.u; // about the size of |u_θ − u|
 */
export async function estimateError(json: PinnSpecInput, options: TrainingOptions = {}): Promise<ErrorEstimate> {
  const solution = await solve(json, options);
  if (solution.status !== 'finished') return { solution, twin: null, difference: null };
  const { engine, signal, onNote } = options;
  const seed = solution.spec.seed + 1;
  onNote?.(`solves it once more, from seed ${seed}, to estimate the error`);
  const twin = await solve({ ...json, seed }, { ...(engine && { engine }), ...(signal && { signal }) });
  return { solution, twin, difference: twin.status === 'finished' ? solution.difference(twin) : null };
}
