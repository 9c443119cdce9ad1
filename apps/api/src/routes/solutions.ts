import { KfacError } from '@kfac/core';
import type { Field } from '@kfac/core';
import type { Solution } from '@kfac/pinn';
import { loadSolution } from '@kfac/pinn';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Services } from '../app.ts';
import { ProblemError } from '../problem.ts';
import { UUID_PATTERN } from '../runs/id.ts';
import { readNetwork } from '../runs/saved-network.ts';
import { fieldSchema, idParams, problems, queryInteger } from './schemas.ts';

/** Networks larger than this are not evaluated in the service's own process, which must go on answering. */
const MAX_PARAMETERS = 100_000;

const SLICE_RESOLUTION = 65;

const byUnknown = z.record(z.string(), z.number());
const differenceSchema = z.object({
  points: z.number().describe('Uniform points of the domain'),
  rms: byUnknown.describe('Root mean square of the difference'),
  relativeL2: byUnknown.describe('Relative to the first run'),
  max: byUnknown.describe('Largest magnitude'),
});

const sliceQuery = z.strictObject({
  axes: z.string().max(200).describe('One or two coordinates, separated by a comma'),
  at: z
    .string()
    .max(1000)
    .regex(/^\w+:[-+.\deE]+(,\w+:[-+.\deE]+)*$/, 'Expected coordinate:value, several separated by commas')
    .optional()
    .describe('Values of the others, as t:0.5,z:1; those that are missing are at the middle of their intervals'),
  resolution: queryInteger(2, 129).optional().describe('Points along an axis; 65 by default'),
});

/** What is asked of the solutions of runs that have ended: how far two are apart, slices through one. */
export const solutionRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (app, { services }) => {
  const load = async (id: string): Promise<Solution> => {
    const run = await services.runs.get(id);
    const network = await readNetwork(services.folder, run);
    const report = JSON.parse(run.result!) as Parameters<typeof loadSolution>[0];
    if (report.parameters > MAX_PARAMETERS)
      throw new ProblemError(
        'KFAC_LIMIT',
        `Expected at most ${MAX_PARAMETERS} parameters for a comparison in the service, run ${id} has ${report.parameters}.`,
      );
    return loadSolution(report, network);
  };
  app.get(
    '/runs/:id/difference',
    {
      schema: {
        tags: ['runs'],
        summary: 'How far the solution of another run is from that of this one',
        description:
          'Both runs have ended and solve for the same unknowns on the same domain. Of two runs of one problem that differ in the seed this is an estimate of the error, not a bound.',
        params: idParams,
        querystring: z.strictObject({ to: z.string().regex(UUID_PATTERN).describe('The other run') }),
        response: { 200: differenceSchema, ...problems(400, 404, 422) },
      },
    },
    async ({ params, query }) => {
      const [one, other] = [await load(params.id), await load(query.to)];
      return answered(() => one.difference(other));
    },
  );

  app.get(
    '/runs/:id/slice',
    {
      schema: {
        tags: ['runs'],
        summary: 'The fields of a solution over one or two coordinates, the others at given values',
        description:
          'Value, residual and, where they are known, exact values and error, as in the last snapshot, but over any coordinates; once the run has ended.',
        params: idParams,
        querystring: sliceQuery,
        response: { 200: z.object({ fields: z.array(fieldSchema) }), ...problems(400, 404, 422) },
      },
    },
    async ({ params, query }) => {
      const axes = query.axes.split(',').map((name) => name.trim());
      if (axes.length > 2) throw new ProblemError('KFAC_SPEC', `Expected one or two axes, got ${axes.length}.`);
      const at = Object.fromEntries(
        (query.at?.split(',') ?? []).map((part) => {
          const [name = '', value = ''] = part.split(':');
          return [name, Number(value)] as const;
        }),
      );
      const solution = await load(params.id);
      const resolution = query.resolution ?? SLICE_RESOLUTION;
      const fields = answered(() => solution.slice(axes, at, resolution));
      return { fields: fields.map((field) => toJson(field, solution.steps)) };
    },
  );
};

function answered<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof KfacError && error.code === 'KFAC_SPEC')
      throw new ProblemError('KFAC_SPEC', error.message, { cause: error });
    throw error;
  }
}

function toJson({ name, shape, axes, values }: Field, step: number): z.output<typeof fieldSchema> {
  return {
    name,
    shape: [...shape],
    axes: axes.map((axis) => ({ name: axis.name, values: [...axis.values] })),
    values: Array.from(values, (value) => (Number.isFinite(value) ? value : null)),
    step,
  };
}
