import { z } from 'zod';
import { section } from '../section.ts';
import type { Operation } from './combine.ts';

/** Sizes beyond which a shape is refused. */
const MOST_VERTICES = 1000;
const MOST_OPERANDS = 64;

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
  | { type: Operation; of: ShapeSpec[] };

/** A shape as a user writes it. */
export type ShapeInput =
  | Exclude<ShapeSpec, { type: 'ellipse' | Operation }>
  | (Omit<Extract<ShapeSpec, { type: 'ellipse' }>, 'angle'> & { angle?: number | undefined })
  | { type: Operation; of: ShapeInput[] };

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
const corner = z.array(z.number()).min(1).max(10);

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

/** A tree of shapes: the JSON that restricts the space coordinates. */
export const shapeSchema: z.ZodType<ShapeSpec, ShapeInput> = z
  .discriminatedUnion('type', [
    disk,
    ellipse,
    annulus,
    triangle,
    polygon,
    box,
    ball,
    cylinder,
    section({
      type: z.enum(['union', 'intersection', 'difference']),
      of: z
        .array(z.lazy(() => shapeSchema))
        .min(2)
        .max(MOST_OPERANDS)
        .describe('Of a difference: the first without the others'),
    }),
  ])
  .describe('A shape that all coordinates but t are restricted to');
