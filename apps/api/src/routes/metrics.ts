import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Services } from '../app.ts';
import { decimate } from '../runs/decimate.ts';
import { idParams, problems, queryInteger, seriesPointSchema } from './schemas.ts';

const querySchema = z.strictObject({
  keys: z.string().min(1).max(2000).optional().describe('Keys separated by commas; all without it'),
  maxPoints: queryInteger(2, 2000).optional().describe('At most so many points per series, 1000 without it'),
  scale: z.enum(['linear', 'log']).optional().describe('The axis for which points are chosen'),
});

/** The metric series of a run. */
export const metricRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (app, { services }) => {
  app.get(
    '/runs/:id/metrics',
    {
      schema: {
        tags: ['runs'],
        summary: 'Metric series, thinned so that their shape remains',
        params: idParams,
        querystring: querySchema,
        response: {
          200: z.object({ series: z.record(z.string(), z.array(seriesPointSchema)) }),
          ...problems(400, 404),
        },
      },
    },
    async ({ params, query }) => {
      await services.runs.get(params.id);
      const series = await services.store.series(params.id, query.keys?.split(',') ?? null);
      const thinned = [...series].map(([key, points]) => [key, decimate(points, query.maxPoints ?? 1000, query.scale)]);
      return { series: Object.fromEntries(thinned) };
    },
  );
};
