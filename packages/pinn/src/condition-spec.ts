import { z } from 'zod';
import { MAX_TEXT } from './equation/gate.ts';
import { IN_DESCRIPTION, MAX_IN } from './regions/region-spec.ts';
import { section } from './section.ts';

/** Most conditions, and most rows of one condition's data. */
export const CONDITION_LIMITS = { conditions: 64, rows: 1_000_000 } as const;

const placeCondition = section({
  on: z
    .string()
    .min(1)
    .max(1024)
    .describe(
      'boundary, coordinate = number, a part of the geometry, the boundary of a region, or several joined by or',
    ),
  in: z.string().min(1).max(MAX_IN).optional().describe(`${IN_DESCRIPTION}: what of the place is there`),
  equation: z
    .string()
    .min(1)
    .max(MAX_TEXT)
    .describe(
      'An equation in the unknowns, their derivatives up to order 4, coordinates, constants and parameters; on sides, parts of a geometry and boundaries of regions also dn(u), the derivative along the outward normal, and its components n_x, n_y, …',
    ),
});

const periodicCondition = section({
  periodic: z
    .string()
    .describe('A coordinate: values, and derivatives up to the order of the equations − 1, agree at both ends'),
});

const column = z
  .array(z.number(), {
    error: ({ input }) =>
      typeof input === 'string'
        ? 'expected an array of numbers (the command line reads a file of data, as does readDataFiles; nothing else opens one)'
        : undefined,
  })
  .min(1)
  .max(CONDITION_LIMITS.rows);

const dataCondition = section({
  data: z
    .record(z.string(), column)
    .describe('Columns of equal length by name: every coordinate, and the unknowns that were measured'),
  noise: z
    .union([z.number().positive(), z.record(z.string(), z.number().positive())])
    .optional()
    .describe('Standard deviation of the measurements, or of those of each unknown: their misfit is divided by it'),
});

export const conditionSchema = z.union([placeCondition, periodicCondition, dataCondition]);

export type ConditionSpec = z.output<typeof conditionSchema>;
export type DataSpec = z.output<typeof dataCondition>;
