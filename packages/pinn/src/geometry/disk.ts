import { circle } from './circle.ts';
import type { Primitive } from './shape.ts';

export interface DiskSpec {
  readonly center: readonly [number, number];
  readonly radius: number;
}

/** The disk |p − center| ≤ radius. One part. */
export function disk(name: string, { center, radius }: DiskSpec): Primitive {
  const [x, y] = center;
  return {
    dimensions: 2,
    measure: Math.PI * radius * radius,
    lower: [x - radius, y - radius],
    upper: [x + radius, y + radius],
    contains: (point) => (point[0]! - x) ** 2 + (point[1]! - y) ** 2 <= radius * radius,
    parts: [circle(name, center, radius)],
  };
}
