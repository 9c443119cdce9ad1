import { KfacError } from '@kfac/core';
import type { Solid } from './shape.ts';

export type Operation = 'union' | 'intersection' | 'difference';

/**
 * Union, intersection, or the first operand without the others. The bounding box is that of the operands: of a
 * difference the first one's. Throws `KFAC_SPEC` if the boxes of an intersection have no common point.
 */
export function combine(operation: Operation, operands: readonly Solid[]): Solid {
  const [first, ...others] = operands as [Solid, ...Solid[]];
  const { dimensions } = first;
  const bounds = (lower: (...values: number[]) => number, upper: (...values: number[]) => number) => ({
    lower: first.lower.map((_, axis) => lower(...operands.map((solid) => solid.lower[axis]!))),
    upper: first.upper.map((_, axis) => upper(...operands.map((solid) => solid.upper[axis]!))),
  });
  switch (operation) {
    case 'union':
      return {
        dimensions,
        ...bounds(Math.min, Math.max),
        contains: (point) => operands.some((solid) => solid.contains(point)),
      };
    case 'intersection': {
      const { lower, upper } = bounds(Math.max, Math.min);
      if (lower.some((low, axis) => !(low < upper[axis]!)))
        throw new KfacError('KFAC_SPEC', 'the intersection is empty: the bounding boxes of its shapes do not overlap');
      return { dimensions, lower, upper, contains: (point) => operands.every((solid) => solid.contains(point)) };
    }
    case 'difference':
      return {
        dimensions,
        lower: first.lower,
        upper: first.upper,
        contains: (point) => first.contains(point) && !others.some((solid) => solid.contains(point)),
      };
  }
}
