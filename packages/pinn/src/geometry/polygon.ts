import { KfacError } from '@kfac/core';
import type { BoundaryPart, Primitive } from './shape.ts';

type Vertex = readonly [number, number];

export interface PolygonSpec {
  readonly vertices: readonly Vertex[];
  /** Names of the edges, the first from vertex 1 to vertex 2; default 1, 2, … after the name of the shape. */
  readonly edges?: readonly string[] | undefined;
}

/** Area relative to the squared diameter below which a polygon counts as flat. */
const FLAT = 1e-12;

/**
 * A polygon without holes, its vertices in either sense. A part for each edge. Throws `KFAC_SPEC` with the vertices at
 * fault if edges meet elsewhere than at their common vertex, or if it has no area.
 */
export function polygon(name: string, { vertices, edges }: PolygonSpec): Primitive {
  const count = vertices.length;
  if (edges && edges.length !== count)
    throw new KfacError('KFAC_SPEC', `expected a name for each of the ${count} edges, got ${edges.length}`);
  checkSimple(vertices);
  const lower = [0, 1].map((axis) => Math.min(...vertices.map((vertex) => vertex[axis]!)));
  const upper = [0, 1].map((axis) => Math.max(...vertices.map((vertex) => vertex[axis]!)));
  const area = signedArea(vertices);
  if (!(Math.abs(area) > FLAT * ((upper[0]! - lower[0]!) ** 2 + (upper[1]! - lower[1]!) ** 2)))
    throw new KfacError('KFAC_SPEC', `the polygon of ${count} vertices has no area`);
  const sense = Math.sign(area);
  return {
    dimensions: 2,
    measure: Math.abs(area),
    lower,
    upper,
    contains(point) {
      let inside = false;
      for (let k = 0; k < count; k++) {
        const [ax, ay] = vertices[k]!;
        const [bx, by] = vertices[(k + 1) % count]!;
        if (ay > point[1]! !== by > point[1]! && point[0]! < ax + ((point[1]! - ay) / (by - ay)) * (bx - ax))
          inside = !inside;
      }
      return inside;
    },
    parts: vertices.map((from, k) => edge(edges?.[k] ?? `${name}.${k + 1}`, from, vertices[(k + 1) % count]!, sense)),
  };
}

/** A straight part; the shape lies to the left of its direction for sense 1. */
function edge(name: string, [ax, ay]: Vertex, [bx, by]: Vertex, sense: number): BoundaryPart {
  const measure = Math.hypot(bx - ax, by - ay);
  const nx = (sense * (by - ay)) / measure;
  const ny = (sense * (ax - bx)) / measure;
  return {
    name,
    dimensions: 1,
    measure,
    share: 1,
    map(unit, point, normal) {
      point[0] = ax + unit[0]! * (bx - ax);
      point[1] = ay + unit[0]! * (by - ay);
      normal[0] = nx;
      normal[1] = ny;
      return true;
    },
  };
}

/** ½ Σ (x_k − x₁)(y_{k+1} − y₁) − …: positive for vertices counterclockwise. */
function signedArea(vertices: readonly Vertex[]): number {
  const [x, y] = vertices[0]!;
  return vertices.reduce((sum, [ax, ay], k) => {
    const [bx, by] = vertices[(k + 1) % vertices.length]!;
    return sum + ((ax - x) * (by - y) - (bx - x) * (ay - y)) / 2;
  }, 0);
}

function checkSimple(vertices: readonly Vertex[]): void {
  const count = vertices.length;
  const at = (k: number): Vertex => vertices[k % count]!;
  const said = (k: number): string => `${(k % count) + 1} (${at(k).join(', ')})`;
  for (let i = 0; i < count; i++) {
    if (at(i)[0] === at(i + 1)[0] && at(i)[1] === at(i + 1)[1])
      throw new KfacError('KFAC_SPEC', `vertex ${said(i + 1)} repeats vertex ${said(i)}`);
  }
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const meet =
        j === i + 1
          ? foldsBack(at(i), at(i + 1), at(i + 2))
          : (j + 1) % count === i
            ? foldsBack(at(j), at(i), at(i + 1))
            : segmentsMeet(at(i), at(i + 1), at(j), at(j + 1));
      if (meet) {
        throw new KfacError(
          'KFAC_SPEC',
          `the polygon intersects itself: the edge from vertex ${said(i)} to ${said(i + 1)} meets the edge from ${said(j)} to ${said(j + 1)}`,
        );
      }
    }
  }
}

/** Twice the area of a triangle, with sign. */
function turn(a: Vertex, b: Vertex, c: Vertex): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** Does the edge b → c run back over a → b? */
function foldsBack(a: Vertex, b: Vertex, c: Vertex): boolean {
  return turn(a, b, c) === 0 && (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) > 0;
}

function segmentsMeet(a: Vertex, b: Vertex, c: Vertex, d: Vertex): boolean {
  const [abc, abd, cda, cdb] = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  if (abc * abd < 0 && cda * cdb < 0) return true;
  const lies = (p: Vertex, q: Vertex, r: Vertex): boolean =>
    Math.min(p[0], q[0]) <= r[0] &&
    r[0] <= Math.max(p[0], q[0]) &&
    Math.min(p[1], q[1]) <= r[1] &&
    r[1] <= Math.max(p[1], q[1]);
  return (
    (abc === 0 && lies(a, b, c)) ||
    (abd === 0 && lies(a, b, d)) ||
    (cda === 0 && lies(c, d, a)) ||
    (cdb === 0 && lies(c, d, b))
  );
}
