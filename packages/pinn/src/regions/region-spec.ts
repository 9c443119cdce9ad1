import { z } from 'zod';
import { type ShapeInput, type ShapeSpec, shapeSchema } from '../geometry/shape-spec.ts';

/** Most regions of a problem. */
export const MOST_REGIONS = 16;
/** Longest text that names a part of the domain. */
export const MAX_IN = 1024;
export const IN_DESCRIPTION = 'The part of the domain: a region, or "outside" and a region, or several joined by and';

/** Intervals of some coordinates but t; the others are not restricted. */
export type IntervalsSpec = Record<string, [number, number]>;
export type RegionSpec = ShapeSpec | IntervalsSpec;
export type RegionInput = ShapeInput | IntervalsSpec;

const regionName = z
  .string()
  .regex(
    /^(?!(?:boundary|or|and|in|outside)$)[A-Za-z][A-Za-z0-9]{0,31}$/,
    'expected a name of letters and digits, at most 32 long, that begins with a letter and is none of boundary, or, and, in, outside',
  );
const intervals: z.ZodType<IntervalsSpec, IntervalsSpec> = z
  .record(z.string(), z.tuple([z.number(), z.number()]).describe('Lower and upper end'))
  .describe('Intervals of some coordinates but t');
const regionSchema: z.ZodType<RegionSpec, RegionInput> = z.union([shapeSchema, intervals]);

/** Named parts of the space coordinates. */
export const regionsSchema = z
  .record(regionName, regionSchema)
  .describe('Parts of the domain by name, for equations that hold in them and conditions on their interfaces');

/** Is it a shape rather than intervals? */
export function isShape(region: RegionSpec): region is ShapeSpec {
  return 'type' in region && typeof region.type === 'string';
}
