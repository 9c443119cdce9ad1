import { z } from 'zod';
import { section } from '../section.ts';

const every = z.int().min(1).max(100_000_000).default(100).describe('Steps between two refinements');
const pool = (points: number) =>
  z.int().min(1).max(1_000_000).default(points).describe('Uniform points from which to choose');

const rar = section({
  name: z.literal('rar'),
  every,
  pool: pool(100_000),
  add: z.number().gt(0).max(1).default(0.05).describe('Points that come in at a refinement, as a share of all'),
  share: z.number().gt(0).max(1).default(0.5).describe('Most of the points that may have come in; then the oldest go'),
}).describe('The points of the largest residual come in, others go');

const rad = section({
  name: z.literal('rad'),
  every,
  pool: pool(50_000),
  exponent: z.number().positive().max(8).default(1).describe('k in the density |e|^k/mean|e|^k + c'),
  constant: z.number().min(0).max(1e6).default(1).describe('c in the density: large is uniform'),
}).describe('All points are drawn anew by a density that follows the residual');

const r3 = section({ name: z.literal('r3'), every }).describe(
  'Points of at least the mean residual stay, the others are drawn anew, uniformly',
);

/** Rules by which the points inside follow the residual, by name. */
export const adaptiveSamplingSchema = z.discriminatedUnion('name', [rar, rad, r3]);
export type AdaptiveSamplingSpec = z.output<typeof adaptiveSamplingSchema>;
