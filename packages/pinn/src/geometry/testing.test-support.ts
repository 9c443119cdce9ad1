import type { Fault } from '@kfac/core';
import { samplePoints } from '../sampling/sample.ts';
import type { SamplingMethod } from '../sampling/methods.ts';
import { type Box, boxOf } from './box.ts';
import { buildGeometry } from './build.ts';
import type { Geometry } from './geometry.ts';
import { placeOfPart } from './place.ts';
import { type GeometryInput, geometrySchema } from './shape-spec.ts';

/** A box with a geometry. */
export type ShapedBox = Box & { readonly geometry: Geometry };

/** For tests: a box with a geometry; throws all faults with their pointers. */
export function boxWith(shape: GeometryInput, domain: Readonly<Record<string, readonly [number, number]>>): ShapedBox {
  const faults: Fault[] = [];
  const box = boxOf(domain);
  const geometry = buildGeometry(geometrySchema.parse(shape), box, faults);
  if (!geometry) throw new Error(faults.map(({ pointer, detail }) => `${pointer} ${detail}`).join('\n'));
  return { ...box, geometry };
}

/** For tests: points inside (null) or on a part, with normals. */
export function sampled(
  box: ShapedBox,
  part: string | null,
  count: number,
  method: SamplingMethod = 'sobol',
): { point: number[]; normal: number[] }[] {
  const d = box.names.length;
  const data = new Float64Array(d * count);
  const normals = new Float64Array(d * count);
  const place =
    part === null
      ? null
      : placeOfPart(
          box,
          box.geometry.parts.find(({ name }) => name === part)!,
        );
  const key = { seed: 1, purpose: 'interior', place: 0, refresh: 0 } as const;
  samplePoints(method, key, box, place, { data, stride: count, from: 0, count }, normals);
  const column = (from: Float64Array, n: number): number[] => box.names.map((_, axis) => from[axis * count + n]!);
  return Array.from({ length: count }, (_, n) => ({ point: column(data, n), normal: column(normals, n) }));
}
