import { KfacError } from '@kfac/core';
import { circle } from './circle.ts';
import type { Primitive } from './shape.ts';

export interface AnnulusSpec {
  readonly center: readonly [number, number];
  readonly inner: number;
  readonly outer: number;
}

/** The ring inner ≤ |p − center| ≤ outer. Parts `inner` and `outer`. Throws `KFAC_SPEC` unless inner < outer. */
export function annulus(name: string, { center, inner, outer }: AnnulusSpec): Primitive {
  if (!(inner < outer))
    throw new KfacError('KFAC_SPEC', `expected inner < outer, got the radii inner ${inner} and outer ${outer}`);
  const [x, y] = center;
  return {
    dimensions: 2,
    measure: Math.PI * (outer * outer - inner * inner),
    lower: [x - outer, y - outer],
    upper: [x + outer, y + outer],
    contains(point) {
      const square = (point[0]! - x) ** 2 + (point[1]! - y) ** 2;
      return square >= inner * inner && square <= outer * outer;
    },
    parts: [circle(`${name}.inner`, center, inner, -1), circle(`${name}.outer`, center, outer)],
  };
}
