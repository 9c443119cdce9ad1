import { pieceOf } from './cumulative.ts';
import type { Primitive } from './shape.ts';

export interface EllipseSpec {
  readonly center: readonly [number, number];
  readonly radii: readonly [number, number];
  readonly angle: number;
}

/** Pieces of the table of arc length. */
const PIECES = 4096;

/**
 * The ellipse with half axes a and b, the first turned from x towards y by `angle` in radians. One part, uniform in arc
 * length: the length up to the parameter φ, where ds/dφ = √(a² sin² φ + b² cos² φ), is tabulated by Simpson's rule on 4096
 * pieces and inverted by linear interpolation: the density is off by less than 4e-4·max(a/b, b/a), relatively.
 */
export function ellipse(name: string, { center: [x, y], radii: [a, b], angle }: EllipseSpec): Primitive {
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  const reach = [Math.hypot(a * cosine, b * sine), Math.hypot(a * sine, b * cosine)] as const;
  const speed = (phi: number): number => Math.hypot(a * Math.sin(phi), b * Math.cos(phi));
  const step = (2 * Math.PI) / PIECES;
  const lengths = new Float64Array(PIECES + 1);
  for (let k = 0; k < PIECES; k++) {
    const simpson = speed(k * step) + 4 * speed((k + 0.5) * step) + speed((k + 1) * step);
    lengths[k + 1] = lengths[k]! + (simpson * step) / 6;
  }
  const circumference = lengths[PIECES]!;
  return {
    dimensions: 2,
    measure: Math.PI * a * b,
    lower: [x - reach[0], y - reach[1]],
    upper: [x + reach[0], y + reach[1]],
    contains(point) {
      const [dx, dy] = [point[0]! - x, point[1]! - y];
      return ((dx * cosine + dy * sine) / a) ** 2 + ((dy * cosine - dx * sine) / b) ** 2 <= 1;
    },
    parts: [
      {
        name,
        dimensions: 1,
        measure: circumference,
        share: 1,
        map(unit, point, normal) {
          const length = unit[0]! * circumference;
          const k = pieceOf(lengths, length);
          const phi = (k + (length - lengths[k]!) / (lengths[k + 1]! - lengths[k]!)) * step;
          const [c, s] = [Math.cos(phi), Math.sin(phi)];
          point[0] = x + a * c * cosine - b * s * sine;
          point[1] = y + a * c * sine + b * s * cosine;
          const norm = Math.hypot(b * c, a * s);
          normal[0] = (b * c * cosine - a * s * sine) / norm;
          normal[1] = (b * c * sine + a * s * cosine) / norm;
          return true;
        },
      },
    ],
  };
}
