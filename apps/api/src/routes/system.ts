import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Services } from '../app.ts';
import { engineSchema, problems } from './schemas.ts';

const tags = ['system'];

const catalogueSchema = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      title: z.string(),
      description: z.string(),
      spec: z.record(z.string(), z.unknown()),
    }),
  ),
  schemas: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .describe('By kind the JSON Schema of a specification'),
});

/** What can be trained here, and on what. */
export const systemRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (app, { services }) => {
  const { kinds } = services;
  const catalogue = {
    items: Object.entries(kinds).flatMap(([kind, { catalogue: entries }]) =>
      entries.map(({ name, title, description, spec }) => ({
        kind,
        name,
        title,
        description,
        spec: spec as Record<string, unknown>,
      })),
    ),
    schemas: Object.fromEntries(
      Object.entries(kinds).map(([kind, { schema }]) => [kind, schema as Record<string, unknown>]),
    ),
  };

  app.get(
    '/catalogue',
    {
      schema: {
        tags,
        summary: 'Ready problems, and the JSON Schemas of all',
        response: { 200: catalogueSchema, ...problems() },
      },
    },
    async () => catalogue,
  );

  app.get(
    '/capabilities',
    {
      schema: {
        tags,
        summary: 'Engine, version and size of this service',
        response: {
          200: z.object({
            engine: engineSchema,
            version: z.string(),
            cores: z.number(),
            threadsPerRun: z.number(),
            concurrency: z.number().describe('Runs that train at the same time'),
          }),
          ...problems(),
        },
      },
    },
    async () => {
      const engine = await services.engine();
      return { ...services.capacity, engine: { ...engine, reasons: [...engine.reasons] } };
    },
  );
};
