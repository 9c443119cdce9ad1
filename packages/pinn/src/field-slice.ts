import { KfacError } from '@kfac/core';
import type { Box } from './geometry/box.ts';

/** Which part of the domain a grid of fields spans. */
export interface GridSlice {
  /** Coordinates by number, at most three, the slowest first. */
  readonly axes: readonly number[];
  /** A value for every coordinate; those of `axes` are not used. */
  readonly at: readonly number[];
}

const middles = ({ lower, upper }: Box): number[] => lower.map((low, axis) => (low + upper[axis]!) / 2);

/** The first coordinates, the others at the middle of their intervals. */
export function firstAxes(box: Box, most: 2 | 3 = 2): GridSlice {
  const axes = box.names.slice(0, most).map((_, axis) => axis);
  return { axes, at: middles(box) };
}

/**
 * The slice over the coordinates named by `axes`, the others at given values, or else at the middle of their intervals.
 * Throws `KFAC_SPEC` for no axis, more than three, repeated or unknown coordinates, and values outside the domain.
 */
export function sliceOf(box: Box, axes: readonly string[], at: Readonly<Record<string, number>>): GridSlice {
  const numberOf = (name: string): number => {
    const axis = box.names.indexOf(name);
    if (axis < 0) throw new KfacError('KFAC_SPEC', `expected a coordinate (${box.names.join(', ')}), got "${name}"`);
    return axis;
  };
  const shown = axes.map(numberOf);
  if (shown.length < 1 || shown.length > 3 || new Set(shown).size < shown.length)
    throw new KfacError('KFAC_SPEC', `expected one to three different coordinates to show, got "${axes.join(', ')}"`);
  const values = middles(box);
  for (const [name, value] of Object.entries(at)) {
    const axis = numberOf(name);
    if (shown.includes(axis))
      throw new KfacError('KFAC_SPEC', `expected no value of ${name}, which is one of the coordinates that are shown`);
    if (!(value >= box.lower[axis]! && value <= box.upper[axis]!))
      throw new KfacError('KFAC_SPEC', `expected ${name} in [${box.lower[axis]}, ${box.upper[axis]}], got ${value}`);
    values[axis] = value;
  }
  return { axes: shown, at: values };
}
