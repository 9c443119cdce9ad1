import { z } from 'zod';
import { section } from '../section.ts';
import type { Operation } from './combine.ts';

/** Sizes beyond which a shape is refused. */
const MOST_VERTICES = 1000;
const MOST_OPERANDS = 64;
/** Of a file's content: 16 MiB. */
const MOST_CHARACTERS = 2 ** 24;

type Pair = [number, number];
type Triple = [number, number, number];

/** What every primitive has. */
interface Named {
  name?: string | undefined;
}

/** A shape, every default filled in. */
export type ShapeSpec =
  | (Named & { type: 'disk'; center: Pair; radius: number })
  | (Named & { type: 'ellipse'; center: Pair; radii: Pair; angle: number })
  | (Named & { type: 'annulus'; center: Pair; inner: number; outer: number })
  | (Named & { type: 'triangle'; vertices: [Pair, Pair, Pair]; edges?: [string, string, string] | undefined })
  | (Named & { type: 'polygon'; vertices: Pair[]; edges?: string[] | undefined })
  | (Named & { type: 'box'; lower: number[]; upper: number[] })
  | (Named & { type: 'ball'; center: Triple; radius: number })
  | (Named & { type: 'cylinder'; from: Triple; to: Triple; radius: number })
  | (Named & { type: 'mesh'; stl: string })
  | { type: Operation; of: ShapeSpec[] };

/** A shape as a user writes it. */
export type ShapeInput =
  | Exclude<ShapeSpec, { type: 'ellipse' | Operation }>
  | (Omit<Extract<ShapeSpec, { type: 'ellipse' }>, 'angle'> & { angle?: number | undefined })
  | { type: Operation; of: ShapeInput[] };

type CloudSpec = Named & { type: 'cloud'; interior: string; boundary?: string | undefined };
/** A shape, or given points. */
export type GeometrySpec = ShapeSpec | CloudSpec;
export type GeometryInput = ShapeInput | CloudSpec;

const label = z
  .string()
  .regex(
    /^(?!(?:boundary|or)$)[A-Za-z][A-Za-z0-9_-]{0,31}$/,
    'expected a name of letters, digits, _ and - that begins with a letter and is neither boundary nor or',
  );
const name = label.optional().describe('For conditions; without one the type, with a number where there are several');
const pair = z.tuple([z.number(), z.number()]);
const triple = z.tuple([z.number(), z.number(), z.number()]);
const radius = z.number().positive();
const corner = z.array(z.number()).min(1).max(100);

const disk = section({ type: z.literal('disk'), name, center: pair, radius }).describe('In two dimensions');
const ellipse = section({
  type: z.literal('ellipse'),
  name,
  center: pair,
  radii: z.tuple([radius, radius]).describe('The two half axes'),
  angle: z.number().default(0).describe('In radians, of the first half axis to the first coordinate'),
}).describe('In two dimensions');
const annulus = section({
  type: z.literal('annulus'),
  name,
  center: pair,
  inner: radius.describe('Inner radius'),
  outer: radius.describe('Outer radius'),
}).describe('In two dimensions; parts NAME.inner and NAME.outer');
const triangle = section({
  type: z.literal('triangle'),
  name,
  vertices: z.tuple([pair, pair, pair]),
  edges: z.tuple([label, label, label]).optional().describe('A name for each edge, the first from vertex 1 to 2'),
}).describe('In two dimensions; parts NAME.1, NAME.2 and NAME.3, or as the edges are named');
const polygon = section({
  type: z.literal('polygon'),
  name,
  vertices: z.array(pair).min(3).max(MOST_VERTICES).describe('In order along the boundary, in either sense'),
  edges: z.array(label).min(3).max(MOST_VERTICES).optional().describe('A name for each edge, the first from 1 to 2'),
}).describe('In two dimensions; parts NAME.1, NAME.2, … or as the edges are named');
const box = section({
  type: z.literal('box'),
  name,
  lower: corner.describe('Lower ends of all coordinates but t'),
  upper: corner.describe('Upper ends of all coordinates but t'),
}).describe('In any dimension; parts NAME.x.lower, NAME.x.upper, …');
const ball = section({ type: z.literal('ball'), name, center: triple, radius }).describe('In three dimensions');
const cylinder = section({
  type: z.literal('cylinder'),
  name,
  from: triple.describe('Middle of one end'),
  to: triple.describe('Middle of the other end'),
  radius,
}).describe('In three dimensions; parts NAME.from, NAME.to and NAME.side');

const file = (what: string): z.ZodString =>
  z
    .string({
      error: `expected the content of ${what}; { "file": PATH } is for the command line and readGeometryFiles`,
    })
    .min(1)
    .max(MOST_CHARACTERS);
const mesh = section({
  type: z.literal('mesh'),
  name,
  stl: file('an STL file').describe('Content of an STL file: text, or base64: and the bytes of a binary one'),
}).describe('In three dimensions: the body inside a closed triangle mesh');

const operands = z
  .array(z.lazy(() => shapeSchema))
  .min(2)
  .max(MOST_OPERANDS);
const union = section({ type: z.literal('union'), of: operands }).describe('All of several shapes');
const intersection = section({ type: z.literal('intersection'), of: operands }).describe('What several shapes share');
const difference = section({ type: z.literal('difference'), of: operands }).describe('The first without the others');
const cloud = section({
  type: z.literal('cloud'),
  name,
  interior: file('a CSV file').describe('CSV text with a column for each coordinate but t: points inside'),
  boundary: file('a CSV file')
    .optional()
    .describe('CSV text with a column for each coordinate but t, columns n_x, n_y, … of normals, and perhaps part'),
}).describe('Given points in up to three dimensions');

const shapes = [
  disk,
  ellipse,
  annulus,
  triangle,
  polygon,
  box,
  ball,
  cylinder,
  mesh,
  union,
  intersection,
  difference,
] as const;

/** A tree of shapes. */
export const shapeSchema: z.ZodType<ShapeSpec, ShapeInput> = z.discriminatedUnion('type', shapes);

/** The JSON that restricts the space coordinates: a tree of shapes, or given points. */
export const geometrySchema: z.ZodType<GeometrySpec, GeometryInput> = z
  .discriminatedUnion('type', [...shapes, cloud])
  .describe('A shape that all coordinates but t are restricted to');
