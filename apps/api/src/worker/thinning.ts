import type { Progress } from '@kfac/core';

/** Every step is kept up to here, then about half as many per doubling as this. */
const DENSE_STEPS = 1000;

/** True for the steps that are kept: all up to 1000, every 2nd up to 2000, every 4th up to 4000 and so on. */
export function isOnGrid(step: number): boolean {
  let stride = 1;
  for (let end = DENSE_STEPS; step > end; end *= 2) stride *= 2;
  return step % stride === 0;
}

/**
 * Chooses the points of a long training that are stored. The choice depends on steps and metrics alone, never on the
 * clock, so that an attempt that repeats steps after an interruption stores the same points again: none that was
 * confirmed is missing at the end. Beside the grid it keeps the first point, evaluations (a key that the point before
 * lacked) and everything that is not finite.
 */
export class Thinning {
  #before: ReadonlySet<string> | null = null;

  keeps(point: Progress): boolean {
    const { step, metrics } = point;
    const keys = new Set(Object.keys(metrics));
    const before = this.#before;
    this.#before = keys;
    return (
      before === null ||
      isOnGrid(step) ||
      [...keys].some((key) => !before.has(key)) ||
      Object.values(metrics).some((value) => !Number.isFinite(value))
    );
  }
}
