import type { BoundaryPart } from './shape.ts';

/** A circle as boundary; `outward` is −1 where the shape lies outside it. */
export function circle(
  name: string,
  [x, y]: readonly [number, number],
  radius: number,
  outward: 1 | -1 = 1,
): BoundaryPart {
  return {
    name,
    dimensions: 1,
    measure: 2 * Math.PI * radius,
    share: 1,
    map(unit, point, normal) {
      const cosine = Math.cos(2 * Math.PI * unit[0]!);
      const sine = Math.sin(2 * Math.PI * unit[0]!);
      point[0] = x + radius * cosine;
      point[1] = y + radius * sine;
      normal[0] = outward * cosine;
      normal[1] = outward * sine;
      return true;
    },
  };
}
