import { KfacError } from '@kfac/core';
import type { BoundaryPart, Chart, Primitive, Solid } from './shape.ts';

/** What the space coordinates are restricted to: its inside and its boundary as named parts. */
export interface Geometry {
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  contains(point: ArrayLike<number>): boolean;
  readonly interior: Chart;
  readonly parts: readonly BoundaryPart[];
  /** Is it known by points alone? Its edge is then where they end, roughly. */
  readonly isCloud: boolean;
}

/** Points by which a share is measured, to a few thousandths. */
const PROBES = 2 ** 14;
/** A primitive may be so many times as large as the whole; of larger ones pieces of the boundary would be missed. */
const LARGEST = 16;
/** Points for the shares of all parts together, and fewest of one part: where there are many, each matters less. */
const ALL_PROBES = 2 ** 18;
const FEWEST_PROBES = 2 ** 6;
/** Step along the normal, relative to the whole or the primitive, the smaller one, that leads from inside to outside. */
export const STEP = 1e-7;

/**
 * The geometry of a shape that is put together from primitives. A point of a primitive's boundary is on that of the whole
 * if a small step along its normal leads from inside to outside, and the way it leads is outward; of surfaces that lie on
 * each other the first primitive's counts. Shares of what remains are measured on a sequence of points; measures of a single
 * primitive are exact. Throws `KFAC_SPEC` if no point is found inside, or
 * for a primitive more than 16 times as large as the whole.
 */
export function geometryOf(solid: Solid, primitives: readonly Primitive[]): Geometry {
  const { lower, upper, contains } = solid;
  checkSizes(solid, primitives);
  const [whole] = primitives.length === 1 ? primitives : [];
  const interior = interiorOf(solid, whole?.measure);
  if (interior.share === 0)
    throw new KfacError('KFAC_SPEC', `the shape is empty: none of ${PROBES} points of its bounding box is inside`);
  return { lower, upper, contains, interior, parts: whole?.parts ?? trimmedParts(solid, primitives), isCloud: false };
}

/** Throws `KFAC_SPEC` for a primitive more than 16 times as large as the whole. */
export function checkSizes(whole: Pick<Solid, 'lower' | 'upper'>, primitives: readonly Primitive[]): void {
  for (const { parts, ...primitive } of primitives) {
    const ratio = sizeOf(primitive) / sizeOf(whole);
    if (ratio > LARGEST) {
      throw new KfacError(
        'KFAC_SPEC',
        `the shape with the part "${parts[0]!.name}" is ${ratio.toPrecision(3)} times as large as the whole, so that its edge would be found in part only; expected at most ${LARGEST} times`,
      );
    }
  }
}

/** What of the primitives' boundaries is on that of the whole and, where a domain is given, inside that. */
export function trimmedParts(solid: Solid, primitives: readonly Primitive[], domain?: Solid): BoundaryPart[] {
  const count = primitives.reduce((sum, primitive) => sum + primitive.parts.length, 0);
  const probes = Math.min(PROBES, Math.max(FEWEST_PROBES, Math.floor(ALL_PROBES / count)));
  return primitives.flatMap((primitive, k) =>
    primitive.parts
      .map((part) => trim(part, primitive, solid, primitives.slice(0, k), probes, domain))
      .filter(({ share }) => share > 0),
  );
}

/** Longest side of the bounding box. */
export function sizeOf({ lower, upper }: Pick<Solid, 'lower' | 'upper'>): number {
  return Math.max(...lower.map((low, axis) => upper[axis]! - low));
}

/** The inside as a share of the bounding box, known by its measure or found out; 0 if no point is found. */
export function interiorOf(solid: Solid, measure?: number): Chart {
  const { dimensions, lower, upper } = solid;
  const lengths = lower.map((low, axis) => upper[axis]! - low);
  const whole = lengths.reduce((product, length) => product * length);
  const map: Chart['map'] = (unit, point) => {
    for (let axis = 0; axis < dimensions; axis++) point[axis] = lower[axis]! + lengths[axis]! * unit[axis]!;
    return solid.contains(point);
  };
  const share = measure === undefined ? shareOf(dimensions, dimensions, map, PROBES) : Math.min(1, measure / whole);
  return { dimensions, share, measure: share * whole, map };
}

function trim(
  part: BoundaryPart,
  primitive: Primitive,
  solid: Solid,
  earlier: readonly Primitive[],
  probes: number,
  domain?: Solid,
): BoundaryPart {
  const { dimensions } = solid;
  const step = STEP * Math.min(sizeOf(solid), sizeOf(primitive));
  const moved = new Float64Array(dimensions);
  const isInside = (of: Solid, point: Float64Array, normal: Float64Array, sign: 1 | -1): boolean => {
    for (let axis = 0; axis < dimensions; axis++) moved[axis] = point[axis]! + sign * step * normal[axis]!;
    return of.contains(moved);
  };
  const map: Chart['map'] = (unit, point, normal) => {
    if (!part.map(unit, point, normal)) return false;
    const ahead = isInside(solid, point, normal, 1);
    if (ahead === isInside(solid, point, normal, -1)) return false;
    if (domain && !(isInside(domain, point, normal, 1) && isInside(domain, point, normal, -1))) return false;
    for (const other of earlier)
      if (isInside(other, point, normal, 1) !== isInside(other, point, normal, -1)) return false;
    if (ahead) for (let axis = 0; axis < dimensions; axis++) normal[axis] = -normal[axis]!;
    return true;
  };
  return refused(part, dimensions, map, probes);
}

/** A part of which `map` refuses some points. */
export function refused(
  { name, dimensions, measure, share: before }: BoundaryPart,
  coordinates: number,
  map: Chart['map'],
  probes = PROBES,
): BoundaryPart {
  const share = shareOf(dimensions, coordinates, map, probes);
  return { name, dimensions, share, measure: (share / before) * measure, map };
}

/**
 * Part of a unit cube that a map accepts, on an additive recurrence x_n = n·(φ⁻¹, φ⁻², …) mod 1 where φ^(d+1) = φ + 1
 * (Roberts 2018); the points of a Sobol sequence would lie in rows along diagonals, where shapes have edges.
 */
export function shareOf(cube: number, dimensions: number, map: Chart['map'], most = PROBES): number {
  const probes = cube === 0 ? 1 : most;
  let phi = 1.5;
  for (let k = 0; k < 64; k++) phi = (1 + phi) ** (1 / (cube + 1));
  const unit = new Float64Array(cube);
  const point = new Float64Array(dimensions);
  const normal = new Float64Array(dimensions);
  let accepted = 0;
  for (let n = 1; n <= probes; n++) {
    for (let j = 0; j < cube; j++) unit[j] = (n * phi ** -(j + 1)) % 1;
    if (map(unit, point, normal)) accepted++;
  }
  return accepted / probes;
}
