import type { Progress } from '@kfac/core';

/** Every step is kept up to here, then about half as many per doubling as this. */
const DENSE_STEPS = 1000;

/** True for the steps that are kept: all up to 1000, every 2nd up to 2000, every 4th up to 4000 and so on. */
export function isOnGrid(step: number): boolean {
  let stride = 1;
  for (let end = DENSE_STEPS; step > end; end *= 2) stride *= 2;
  return step % stride === 0;
}

/** Metrics that every step has; others were measured. */
const OF_EVERY_STEP = /^(loss$|opt\/|time\/)/;

/**
 * Chooses the points of a long training that are stored: the grid, evaluations and what is not finite. The choice depends
 * on the point alone, so that an attempt that repeats steps after an interruption stores the same points again: in the
 * end none is missing and none is there that an undisturbed training would not have.
 */
export function isKept({ step, metrics }: Progress): boolean {
  return (
    isOnGrid(step) ||
    Object.entries(metrics).some(([key, value]) => !OF_EVERY_STEP.test(key) || !Number.isFinite(value))
  );
}
