import { KfacError } from '@kfac/core';
import { type Columns, readColumns } from './csv-columns.ts';
import type { Geometry } from './geometry.ts';
import type { BoundaryPart } from './shape.ts';

export interface CloudSpec {
  readonly name?: string | undefined;
  readonly interior: string;
  readonly boundary?: string | undefined;
}

/** Most coordinates of a cloud. */
const MOST_DIMENSIONS = 3;
/** How near a point of the cloud must be for a place to count as inside, in mean distances of the points. */
const REACH = 1.5;

/**
 * A cloud of given points in place of a shape: CSV texts with a column for each space coordinate, of the boundary also
 * with the outward normal (`n_x`, `n_y`, …, of any length) and, if it has several parts, their names in a column `part`.
 * Samples are points of the cloud, in turn where more are asked for than there are; measures are numbers of points. What
 * lies between is inside where a point of the cloud is within 1.5·(V/n)^(1/d), V the volume of the bounding box: this
 * concerns pictures alone. Throws `KFAC_SPEC` with the text and the line at fault.
 */
export function cloud({ name = 'cloud', interior, boundary }: CloudSpec, space: readonly string[]): Geometry {
  const d = space.length;
  if (d > MOST_DIMENSIONS)
    throw new KfacError('KFAC_SPEC', `expected at most ${MOST_DIMENSIONS} coordinates besides t for a cloud, got ${d}`);
  const inner = named('interior', () => readColumns(interior, space, []));
  const normalNames = space.map((coordinate) => `n_${coordinate}`);
  const outer =
    boundary === undefined
      ? null
      : named('boundary', () => readColumns(boundary, [...space, ...normalNames], ['part']));
  const points = pointsOf(inner, space);
  const surface = outer ? pointsOf(outer, space) : [];
  const all = [...points, ...surface];
  const lower = space.map((_, axis) => all.reduce((low, point) => Math.min(low, point[axis]!), Infinity));
  const upper = space.map((_, axis) => all.reduce((high, point) => Math.max(high, point[axis]!), -Infinity));
  for (const [axis, coordinate] of space.entries()) {
    if (!(lower[axis]! < upper[axis]!))
      throw new KfacError('KFAC_SPEC', `all points of the cloud have the same ${coordinate}, ${lower[axis]}`);
  }
  const volume = lower.reduce((product, low, axis) => product * (upper[axis]! - low), 1);
  return {
    lower,
    upper,
    contains: nearnessTo(all, REACH * (volume / all.length) ** (1 / d)),
    interior: { ...chartOf(points, null), measure: points.length },
    parts: outer ? partsOf(outer, surface, pointsOf(outer, normalNames), name) : [],
    isCloud: true,
  };
}

/** Says in which text a fault is. */
function named<T>(text: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof KfacError)) throw cause;
    throw new KfacError(cause.code, `${text}, ${cause.message}`);
  }
}

function pointsOf({ rows, numbers }: Columns, names: readonly string[]): Float64Array[] {
  return Array.from({ length: rows }, (_, n) => Float64Array.from(names, (name) => numbers.get(name)![n]!));
}

/** Picks one of the points by a number in [0, 1). */
function chartOf(points: readonly Float64Array[], normals: readonly Float64Array[] | null): Omit<BoundaryPart, 'name'> {
  return {
    dimensions: 1,
    share: 1,
    measure: points.length,
    map(unit, point, normal) {
      const n = Math.floor(unit[0]! * points.length);
      point.set(points[n]!);
      if (normals) normal.set(normals[n]!);
      return true;
    },
  };
}

function partsOf(
  table: Columns,
  points: readonly Float64Array[],
  normals: readonly Float64Array[],
  name: string,
): BoundaryPart[] {
  const units = normals.map((normal, n) => {
    const length = Math.hypot(...normal);
    if (!(length > 0))
      throw new KfacError('KFAC_SPEC', `boundary, point ${n + 1}: expected a normal, got a zero vector`);
    return normal.map((value) => value / length);
  });
  const labels = table.words.get('part') ?? points.map(() => '');
  return [...new Set(labels)].map((label) => {
    const members = points.flatMap((_, n) => (labels[n] === label ? [n] : []));
    const chart = chartOf(
      members.map((n) => points[n]!),
      members.map((n) => units[n]!),
    );
    return { name: label || name, ...chart };
  });
}

/** Is one of some points within a distance? The points stand in cells as wide as the distance. */
function nearnessTo(points: readonly Float64Array[], distance: number): (point: ArrayLike<number>) => boolean {
  const cells = new Map<string, Float64Array[]>();
  const cellOf = (value: number): number => Math.floor(value / distance);
  for (const point of points) {
    const key = Array.from(point, cellOf).join();
    const cell = cells.get(key);
    if (cell) cell.push(point);
    else cells.set(key, [point]);
  }
  const isNear = (point: ArrayLike<number>, key: readonly number[]): boolean =>
    (cells.get(key.join()) ?? []).some(
      (other) => other.reduce((sum, value, axis) => sum + (value - point[axis]!) ** 2, 0) <= distance * distance,
    );
  const search = (point: ArrayLike<number>, key: readonly number[]): boolean => {
    if (key.length === point.length) return isNear(point, key);
    const cell = cellOf(point[key.length]!);
    return [cell, cell - 1, cell + 1].some((value) => search(point, [...key, value]));
  };
  return (point) => search(point, []);
}
