import { KfacError } from '@kfac/core';
import type { BoundaryPart, Primitive } from './shape.ts';

export interface CuboidSpec {
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

/**
 * A box as a shape: lower ≤ p ≤ upper. Parts `x.lower`, `x.upper` and so on for every coordinate. Throws `KFAC_SPEC` for
 * corners of different dimensions or in the wrong order.
 */
export function cuboid(name: string, { lower, upper }: CuboidSpec, coordinates: readonly string[]): Primitive {
  const d = coordinates.length;
  if (lower.length !== d || upper.length !== d) {
    throw new KfacError(
      'KFAC_SPEC',
      `expected corners of ${d} numbers (${coordinates.join(', ')}), got ${lower.length} and ${upper.length}`,
    );
  }
  const lengths = lower.map((low, axis) => upper[axis]! - low);
  for (const [axis, length] of lengths.entries()) {
    if (!(length > 0))
      throw new KfacError(
        'KFAC_SPEC',
        `expected lower < upper along ${coordinates[axis]}, got ${lower[axis]} and ${upper[axis]}`,
      );
  }
  const face = (fixed: number, side: 'lower' | 'upper'): BoundaryPart => ({
    name: `${name}.${coordinates[fixed]}.${side}`,
    dimensions: d - 1,
    measure: lengths.reduce((product, length, axis) => (axis === fixed ? product : product * length), 1),
    share: 1,
    map(unit, point, normal) {
      for (let axis = 0, k = 0; axis < d; axis++) {
        normal[axis] = 0;
        if (axis !== fixed) point[axis] = lower[axis]! + lengths[axis]! * unit[k++]!;
      }
      point[fixed] = side === 'lower' ? lower[fixed]! : upper[fixed]!;
      normal[fixed] = side === 'lower' ? -1 : 1;
      return true;
    },
  });
  return {
    dimensions: d,
    measure: lengths.reduce((product, length) => product * length),
    lower,
    upper,
    contains(point) {
      for (let axis = 0; axis < d; axis++)
        if (!(point[axis]! >= lower[axis]! && point[axis]! <= upper[axis]!)) return false;
      return true;
    },
    parts: coordinates.flatMap((_, axis) => [face(axis, 'lower'), face(axis, 'upper')]),
  };
}
