import type { Primitive } from './shape.ts';

export interface BallSpec {
  readonly center: readonly [number, number, number];
  readonly radius: number;
}

/** The ball |p − center| ≤ radius. One part: by Archimedes' theorem z and the longitude are uniform on a sphere. */
export function ball(name: string, { center, radius }: BallSpec): Primitive {
  const [x, y, z] = center;
  return {
    dimensions: 3,
    measure: (4 / 3) * Math.PI * radius ** 3,
    lower: center.map((value) => value - radius),
    upper: center.map((value) => value + radius),
    contains: (point) => (point[0]! - x) ** 2 + (point[1]! - y) ** 2 + (point[2]! - z) ** 2 <= radius * radius,
    parts: [
      {
        name,
        dimensions: 2,
        measure: 4 * Math.PI * radius * radius,
        share: 1,
        map(unit, point, normal) {
          const height = 1 - 2 * unit[0]!;
          const across = 2 * Math.sqrt(unit[0]! * (1 - unit[0]!));
          normal[0] = across * Math.cos(2 * Math.PI * unit[1]!);
          normal[1] = across * Math.sin(2 * Math.PI * unit[1]!);
          normal[2] = height;
          for (let axis = 0; axis < 3; axis++) point[axis] = center[axis]! + radius * normal[axis]!;
          return true;
        },
      },
    ],
  };
}
