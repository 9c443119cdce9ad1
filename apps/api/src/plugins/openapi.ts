import swagger from '@fastify/swagger';
import type { SwaggerTransformObject } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { namedSchemas } from '../routes/schemas.ts';

type OpenApi = Extract<ReturnType<SwaggerTransformObject>, { openapi?: string }>;

/** The OpenAPI 3.1 description at /openapi.json, and its page at /docs. */
export const openapiPlugin = fastifyPlugin(async (app: FastifyInstance, { version }: { version: string }) => {
  const named = createJsonSchemaTransformObject({ schemaRegistry: namedSchemas });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'K-FAC training service',
        version,
        description: 'Solves differential equations and trains hedging policies with second-order optimization.',
      },
      tags: [
        { name: 'runs', description: 'Trainings: create, watch, stop' },
        { name: 'system', description: 'What this service offers and how it is' },
      ],
    },
    transform: createJsonSchemaTransform({ schemaRegistry: namedSchemas, skipList: [] }),
    transformObject: (document) => withoutInputTwins(named(document) as OpenApi),
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
});

/** The provider describes each named schema twice, as input and as output; requests here have no named schemas. */
function withoutInputTwins(document: OpenApi): OpenApi {
  const { components = {} } = document;
  const schemas = Object.fromEntries(
    Object.entries(components.schemas ?? {}).filter(([name]) => !name.endsWith('Input')),
  );
  return { ...document, components: { ...components, schemas } } as OpenApi;
}
