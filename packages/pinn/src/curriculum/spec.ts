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

export const curriculumSchema = section({
  continuation: continuation.optional(),
  windows: windows.optional(),
}).describe('Stages of the training, each with a fresh optimizer: either continuation or windows');

export type CurriculumSpec = z.output<typeof curriculumSchema>;
