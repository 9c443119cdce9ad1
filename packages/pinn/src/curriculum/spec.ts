import { z } from 'zod';
import { section } from '../section.ts';

/** Most stages of a curriculum. */
const MAX_STAGES = 64;

const continuation = section({
  constant: z.string().min(1).max(64).describe('Name of one of the constants'),
  values: z
    .array(z.number())
    .min(2)
    .max(MAX_STAGES)
    .describe('Its values, one a stage, from the easy problem to the one that is asked for: the last is its own value'),
  steps: z.int().min(1).max(100_000_000).default(100).describe('Steps of every stage before the last'),
}).describe('Easier problems first: each value of a constant starts from the network of the one before');

const windows = z
  .union([
    z.int().min(2).max(MAX_STAGES).describe('Number of windows of equal length'),
    z
      .array(z.number())
      .min(1)
      .max(MAX_STAGES - 1)
      .describe('Times at which a window ends and the next begins, ascending'),
  ])
  .describe('Time piece by piece: a network for each window, from the initial data that the one before it leaves');

const pseudoTime = section({
  every: z.int().min(1).max(100_000_000).default(10).describe('Steps between two measurements of the rate'),
  steps: z
    .int()
    .min(1)
    .max(100_000_000)
    .optional()
    .describe('Steps in pseudo-time, the others without; all by default'),
  of: z
    .array(z.string().max(33).nullable())
    .min(1)
    .max(32)
    .optional()
    .describe(
      'The unknown that each equation is solved for, "-u" for the other sign, null for none; by default the unknowns in their order',
    ),
}).describe('Steps as steps in a pseudo-time, e + rate*(u - u before the step), against solutions that are none');

export const curriculumSchema = section({
  continuation: continuation.optional(),
  windows: windows.optional(),
  pseudoTime: pseudoTime.optional(),
}).describe('Stages of the training, each with a fresh optimizer, by continuation or windows; steps in pseudo-time');

export type CurriculumSpec = z.output<typeof curriculumSchema>;
