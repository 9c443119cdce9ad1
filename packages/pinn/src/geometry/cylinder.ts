import { KfacError } from '@kfac/core';
import type { BoundaryPart, Primitive } from './shape.ts';

type Point = readonly [number, number, number];

export interface CylinderSpec {
  readonly from: Point;
  readonly to: Point;
  readonly radius: number;
}

/**
 * The circular cylinder around the segment between the middles of its ends. Parts `from`, `to` and `side`. Throws
 * `KFAC_SPEC` if the ends are one point.
 */
export function cylinder(name: string, { from, to, radius }: CylinderSpec): Primitive {
  const height = Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
  if (!(height > 0)) throw new KfacError('KFAC_SPEC', `the ends of the cylinder are one point, (${from.join(', ')})`);
  const axis: Point = [(to[0] - from[0]) / height, (to[1] - from[1]) / height, (to[2] - from[2]) / height];
  const [u, v] = perpendiculars(axis);
  const cap = (end: 'from' | 'to'): BoundaryPart => ({
    name: `${name}.${end}`,
    dimensions: 2,
    measure: Math.PI * radius * radius,
    share: 1,
    map(unit, point, normal) {
      const across = radius * Math.sqrt(unit[0]!);
      const c = across * Math.cos(2 * Math.PI * unit[1]!);
      const s = across * Math.sin(2 * Math.PI * unit[1]!);
      const middle = end === 'from' ? from : to;
      for (let k = 0; k < 3; k++) {
        point[k] = middle[k]! + c * u[k]! + s * v[k]!;
        normal[k] = end === 'from' ? -axis[k]! : axis[k]!;
      }
      return true;
    },
  });
  const reach = axis.map((component) => radius * Math.sqrt(Math.max(0, 1 - component * component)));
  return {
    dimensions: 3,
    measure: Math.PI * radius * radius * height,
    lower: reach.map((r, k) => Math.min(from[k]!, to[k]!) - r),
    upper: reach.map((r, k) => Math.max(from[k]!, to[k]!) + r),
    contains(point) {
      const [x, y, z] = [point[0]! - from[0], point[1]! - from[1], point[2]! - from[2]];
      const along = x * axis[0] + y * axis[1] + z * axis[2];
      if (!(along >= 0 && along <= height)) return false;
      return (x - along * axis[0]) ** 2 + (y - along * axis[1]) ** 2 + (z - along * axis[2]) ** 2 <= radius * radius;
    },
    parts: [
      cap('from'),
      cap('to'),
      {
        name: `${name}.side`,
        dimensions: 2,
        measure: 2 * Math.PI * radius * height,
        share: 1,
        map(unit, point, normal) {
          const c = Math.cos(2 * Math.PI * unit[1]!);
          const s = Math.sin(2 * Math.PI * unit[1]!);
          for (let k = 0; k < 3; k++) {
            normal[k] = c * u[k]! + s * v[k]!;
            point[k] = from[k]! + unit[0]! * height * axis[k]! + radius * normal[k]!;
          }
          return true;
        },
      },
    ],
  };
}

/** Two unit vectors perpendicular to a unit vector and to each other. */
function perpendiculars(axis: Point): [Point, Point] {
  const smallest = axis.map(Math.abs).indexOf(Math.min(...axis.map(Math.abs)));
  const other = [0, 1, 2].map((k) => (k === smallest ? 1 : 0)) as unknown as Point;
  const u = cross(axis, other);
  const norm = Math.hypot(...u);
  const unit: Point = [u[0] / norm, u[1] / norm, u[2] / norm];
  return [unit, cross(axis, unit)];
}

function cross(a: Point, b: Point): Point {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
