import { z } from 'zod';
import { RUN_STATUSES } from '../runs/state.ts';
import { UUID_PATTERN } from '../runs/id.ts';

const integer = z.number();
const time = z.string().describe('ISO 8601, UTC');
const json = z.record(z.string(), z.unknown());

export const engineSchema = z
  .object({
    kind: z.enum(['native', 'reference']),
    simd: z.string(),
    threads: integer,
    version: z.string(),
    reasons: z.array(z.string()).describe('Why a better engine was not chosen'),
  })
  .describe('The engine that does the arithmetic');

const summary = {
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  status: z.enum(RUN_STATUSES),
  createdAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  attempt: integer.describe('Child processes that tried the run so far'),
  step: integer,
  totalSteps: integer.nullable().describe('Steps after which the run stops; null if another rule stops it'),
  seconds: z.number().describe('Seconds of training, interruptions excluded'),
  stopReason: z.string().nullable(),
  loss: z.number().nullable(),
  engine: engineSchema.nullable(),
};

export const runSummarySchema = z.object(summary).describe('A run without its specification and result');
export const runSchema = z
  .object({
    ...summary,
    spec: json.describe('The effective specification, every default filled'),
    result: json.nullable().describe('The report of the trainer'),
    error: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .describe('Why the run failed, or what interrupted it last'),
  })
  .describe('A run');

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: integer,
    detail: z.string(),
    code: z.string().describe('Stable name of the problem'),
    instance: z.string().describe('Id of the request in the log'),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })),
  })
  .describe('A problem document (RFC 9457)');

export const distributionSchema = z
  .object({
    name: z.string(),
    edges: z.array(z.number()),
    counts: z.array(z.number()),
    mean: z.number().nullable(),
    variance: z.number().nullable(),
    sharpe: z.number().nullable(),
    var95: z.number().nullable(),
    cvar95: z.number().nullable(),
    cvar99: z.number().nullable(),
  })
  .describe('A histogram of profit and loss');

const axis = z.object({ name: z.string(), values: z.array(z.number()) });
export const fieldInfoSchema = z.object({
  name: z.string(),
  shape: z.array(integer),
  axes: z.array(axis),
  range: z.tuple([z.number(), z.number()]).describe('Smallest and largest finite value'),
});
export const fieldSchema = z
  .object({
    name: z.string(),
    shape: z.array(integer),
    axes: z.array(axis),
    values: z.array(z.number().nullable()).describe('C order, the first axis slowest; null if not finite'),
    step: integer,
  })
  .describe('Values on a grid');

export const seriesPointSchema = z.object({
  step: integer,
  seconds: z.number(),
  value: z.number().nullable(),
  nonfinite: z.enum(['NaN', '+Inf', '-Inf']).optional().describe('What the value was, if it was not finite'),
});

/** The schemas that have a name in the OpenAPI description. */
export const namedSchemas = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries({
  RunSummary: runSummarySchema,
  Run: runSchema,
  Problem: problemSchema,
  Distribution: distributionSchema,
  FieldInfo: fieldInfoSchema,
  Field: fieldSchema,
  SeriesPoint: seriesPointSchema,
  Engine: engineSchema,
})) {
  namedSchemas.add(schema, { id });
}

export const idParams = z.strictObject({
  id: z.string().regex(UUID_PATTERN, 'Expected the id of a run (a UUID of version 7)'),
});
export const nameParams = z.strictObject({ ...idParams.shape, name: z.string().min(1).max(64) });

/** A number in a query: its decimal text within bounds. The empty string is no number. */
export function queryInteger(minimum: number, maximum: number): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  const detail = `Expected an integer from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, detail)
    .transform((text, context) => {
      const value = Number(text);
      if (value < minimum || value > maximum) context.addIssue({ code: 'custom', message: `${detail}, got ${text}` });
      return value;
    });
}

const problem = { content: { 'application/problem+json': { schema: problemSchema } } };

/** Problem documents for the OpenAPI description: every route can answer with these. */
export function problems(...statuses: (400 | 404 | 406 | 409 | 413 | 415 | 422 | 429 | 500 | 503)[]) {
  return Object.fromEntries(
    [...statuses, 500 as const].map((status) => [status, { description: 'A problem document', ...problem }]),
  );
}
