import { KfacError } from '@kfac/core';
import { pieceOf } from './cumulative.ts';
import type { Primitive } from './shape.ts';
import { type Triangles, readStl } from './stl.ts';

export interface MeshSpec {
  readonly stl: string;
}

/**
 * The body inside a closed triangle mesh. One part, uniform over the triangles. A point is inside if a ray along the first
 * coordinate crosses the mesh an odd number of times; rays through edges and vertices count once, since both triangles at
 * an edge decide by the same arithmetic on which side of it the ray passes. Throws `KFAC_SPEC` with the facet or the edge
 * at fault unless every edge belongs to two triangles that run along it in opposite directions.
 */
export function mesh(name: string, { stl }: MeshSpec): Primitive {
  const triangles = readStl(stl);
  const count = triangles.length / 9;
  const normals = new Float64Array(3 * count);
  const areas = new Float64Array(count + 1);
  let volume = 0;
  for (let k = 0; k < count; k++) {
    const [a, b, c] = [vertex(triangles, 3 * k), vertex(triangles, 3 * k + 1), vertex(triangles, 3 * k + 2)];
    const normal = cross(minus(b, a), minus(c, a));
    const length = Math.hypot(...normal);
    if (!(length > 0)) throw new KfacError('KFAC_SPEC', `facet ${k + 1} of the mesh has no area`);
    normals.set([normal[0] / length, normal[1] / length, normal[2] / length], 3 * k);
    areas[k + 1] = areas[k]! + length / 2;
    const [x, y, z] = cross(b, c);
    volume += (a[0] * x + a[1] * y + a[2] * z) / 6;
  }
  checkClosed(triangles);
  if (volume === 0) throw new KfacError('KFAC_SPEC', 'the mesh has no volume');
  if (volume < 0) for (let k = 0; k < normals.length; k++) normals[k] = -normals[k]!;
  const lower = [0, 1, 2].map((axis) => extreme(triangles, axis, Math.min));
  const upper = [0, 1, 2].map((axis) => extreme(triangles, axis, Math.max));
  const rays = new RayTable(triangles, lower, upper);
  const surface = areas[count]!;
  return {
    dimensions: 3,
    measure: Math.abs(volume),
    lower,
    upper,
    contains: (point) => rays.crossings(point) % 2 === 1,
    parts: [
      {
        name,
        dimensions: 2,
        measure: surface,
        share: 1,
        map(unit, point, normal) {
          const area = unit[0]! * surface;
          const k = pieceOf(areas, area);
          // What is left of the first number after the choice of a triangle is uniform again.
          const root = Math.sqrt((area - areas[k]!) / (areas[k + 1]! - areas[k]!));
          const weight = unit[1]!;
          for (let axis = 0; axis < 3; axis++) {
            const at = 9 * k + axis;
            point[axis] =
              (1 - root) * triangles[at]! + root * ((1 - weight) * triangles[at + 3]! + weight * triangles[at + 6]!);
            normal[axis] = normals[3 * k + axis]!;
          }
          return true;
        },
      },
    ],
  };
}

type Point = readonly [number, number, number];

function vertex(triangles: Triangles, k: number): Point {
  return [triangles[3 * k]!, triangles[3 * k + 1]!, triangles[3 * k + 2]!];
}

function minus(a: Point, b: Point): Point {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function cross(a: Point, b: Point): Point {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function extreme(triangles: Triangles, axis: number, of: (a: number, b: number) => number): number {
  let value = triangles[axis]!;
  for (let k = axis; k < triangles.length; k += 3) value = of(value, triangles[k]!);
  return value;
}

/** Every edge must be run along once in each direction; vertices are the same where their numbers are. */
function checkClosed(triangles: Triangles): void {
  const facetOf = new Map<string, number>();
  const text = (point: Point): string => point.map((value) => value + 0).join(', ');
  const edges = (k: number): [Point, Point][] =>
    [0, 1, 2].map((j) => [vertex(triangles, 3 * k + j), vertex(triangles, 3 * k + ((j + 1) % 3))]);
  const count = triangles.length / 9;
  for (let k = 0; k < count; k++) {
    for (const [from, to] of edges(k)) {
      const edge = `(${text(from)}) to (${text(to)})`;
      const other = facetOf.get(edge);
      if (other !== undefined) {
        throw new KfacError(
          'KFAC_SPEC',
          `the mesh is inconsistent: facets ${other + 1} and ${k + 1} both run along the edge from ${edge}, so one is turned over or the edge belongs to more than two`,
        );
      }
      facetOf.set(edge, k);
    }
  }
  for (let k = 0; k < count; k++) {
    for (const [from, to] of edges(k)) {
      if (!facetOf.has(`(${text(to)}) to (${text(from)})`))
        throw new KfacError(
          'KFAC_SPEC',
          `the mesh is open: no other facet has the edge from (${text(from)}) to (${text(to)}) of facet ${k + 1}`,
        );
    }
  }
}

/** Cells that a triangle may stand in, in the mean. */
const MOST_ENTRIES = 16;

/** The triangles by the cells of a grid across the rays, which run along the first coordinate. */
class RayTable {
  readonly #triangles: Triangles;
  #size: number;
  readonly #lower: readonly number[];
  readonly #lengths: readonly number[];
  readonly #cells: readonly number[][];

  constructor(triangles: Triangles, lower: readonly number[], upper: readonly number[]) {
    const count = triangles.length / 9;
    this.#triangles = triangles;
    this.#lower = lower;
    this.#lengths = lower.map((low, axis) => upper[axis]! - low);
    this.#size = Math.max(1, Math.ceil(Math.sqrt(count / 2)));
    // Slivers across the whole mesh would stand in very many cells.
    while (this.#size > 1 && this.#entries(count) > MOST_ENTRIES * count) this.#size = Math.ceil(this.#size / 2);
    this.#cells = Array.from({ length: this.#size ** 2 }, () => []);
    for (let k = 0; k < count; k++) {
      const [[y0, y1], [z0, z1]] = [this.#range(1, k), this.#range(2, k)];
      for (let i = y0; i <= y1; i++) for (let j = z0; j <= z1; j++) this.#cells[i * this.#size + j]!.push(k);
    }
  }

  #entries(count: number): number {
    let entries = 0;
    for (let k = 0; k < count; k++) {
      const [[y0, y1], [z0, z1]] = [this.#range(1, k), this.#range(2, k)];
      entries += (y1 - y0 + 1) * (z1 - z0 + 1);
    }
    return entries;
  }

  /** First and last cell of a triangle along an axis. */
  #range(axis: 1 | 2, k: number): [number, number] {
    const t = this.#triangles;
    const [a, b, c] = [t[9 * k + axis]!, t[9 * k + 3 + axis]!, t[9 * k + 6 + axis]!];
    return [this.#cell(axis, Math.min(a, b, c)), this.#cell(axis, Math.max(a, b, c))];
  }

  #cell(axis: 1 | 2, value: number): number {
    const cell = Math.floor(((value - this.#lower[axis]!) / this.#lengths[axis]!) * this.#size);
    return Math.min(this.#size - 1, Math.max(0, cell));
  }

  /** Triangles that the ray from a point towards larger first coordinates passes. */
  crossings(point: ArrayLike<number>): number {
    const [x, y, z] = [point[0]!, point[1]!, point[2]!];
    const t = this.#triangles;
    let crossings = 0;
    for (const k of this.#cells[this.#cell(1, y) * this.#size + this.#cell(2, z)]!) {
      let passes = false;
      for (let j = 0; j < 3; j++) if (isLeftOf(t, 9 * k + 3 * j, 9 * k + 3 * ((j + 1) % 3), y, z)) passes = !passes;
      if (passes && planeAt(t, 9 * k, y, z) > x) crossings++;
    }
    return crossings;
  }
}

/**
 * Does the half line from (y, z) towards larger y cross the edge between two vertices, both seen along the first
 * coordinate? The same bits in either direction of the edge.
 */
function isLeftOf(t: Triangles, a: number, b: number, y: number, z: number): boolean {
  const isRising = t[a + 2]! < t[b + 2]!;
  const [low, high] = isRising ? [a, b] : [b, a];
  if (!(t[low + 2]! <= z && z < t[high + 2]!)) return false;
  const part = (z - t[low + 2]!) / (t[high + 2]! - t[low + 2]!);
  return y < t[low + 1]! + part * (t[high + 1]! - t[low + 1]!);
}

/** First coordinate of the plane of a triangle over (y, z). */
function planeAt(t: Triangles, k: number, y: number, z: number): number {
  const [by, bz] = [t[k + 4]! - t[k + 1]!, t[k + 5]! - t[k + 2]!];
  const [cy, cz] = [t[k + 7]! - t[k + 1]!, t[k + 8]! - t[k + 2]!];
  const [py, pz] = [y - t[k + 1]!, z - t[k + 2]!];
  const determinant = by * cz - bz * cy;
  const beta = (py * cz - pz * cy) / determinant;
  const gamma = (by * pz - bz * py) / determinant;
  return t[k]! + beta * (t[k + 3]! - t[k]!) + gamma * (t[k + 6]! - t[k]!);
}
