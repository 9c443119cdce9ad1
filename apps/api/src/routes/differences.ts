import { KfacError } from '@kfac/core';
import type { Solution } from '@kfac/pinn';
import { loadSolution } from '@kfac/pinn';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Services } from '../app.ts';
import { ProblemError } from '../problem.ts';
import { UUID_PATTERN } from '../runs/id.ts';
import { readNetwork } from '../runs/saved-network.ts';
import { idParams, problems } from './schemas.ts';

/** Networks larger than this are not evaluated in the service's own process, which must go on answering. */
const MAX_PARAMETERS = 100_000;

const byUnknown = z.record(z.string(), z.number());
const differenceSchema = z.object({
  points: z.number().describe('Uniform points of the domain'),
  rms: byUnknown.describe('Root mean square of the difference'),
  relativeL2: byUnknown.describe('Relative to the first run'),
  max: byUnknown.describe('Largest magnitude'),
});

/** How far the solutions of two runs are apart: of two seeds of one problem an estimate of the error. */
export const differenceRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (app, { services }) => {
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
      try {
        return one.difference(other);
      } catch (error) {
        if (error instanceof KfacError && error.code === 'KFAC_SPEC')
          throw new ProblemError('KFAC_SPEC', error.message, { cause: error });
        throw error;
      }
    },
  );
};
