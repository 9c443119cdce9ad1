import { type PolygonSpec, polygon } from './polygon.ts';
import type { Primitive } from './shape.ts';

type Vertex = PolygonSpec['vertices'][number];

export interface TriangleSpec {
  readonly vertices: readonly [Vertex, Vertex, Vertex];
  readonly edges?: readonly [string, string, string] | undefined;
}

/** The triangle with three vertices in either sense. A part for each edge, as of a polygon. */
export function triangle(name: string, spec: TriangleSpec): Primitive {
  return polygon(name, spec);
}
