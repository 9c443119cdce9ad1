import fastifyStatic from '@fastify/static';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { sendNotFound } from './problem.ts';

/** Where the build of the dashboard puts its files. */
export const DASHBOARD = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));

const MISSING =
  'The dashboard is not built. `npm run setup` in the folder of the project builds it; the REST interface is described at /docs.\n';

/** Serves the dashboard at /, every address that a browser opens and that is nothing else included. */
export const dashboardPlugin = fastifyPlugin(async (app: FastifyInstance, { folder }: { folder: string }) => {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', { schema: { hide: true } as object }, (_request, reply) => reply.type('text/plain').send(MISSING));
    app.setNotFoundHandler(sendNotFound);
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    wildcard: false,
    cacheControl: false,
    schemaHide: true,
    setHeaders: (reply, path) =>
      void reply.header(
        'cache-control',
        path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      ),
  });
  app.setNotFoundHandler((request, reply) => {
    const page =
      request.method === 'GET' &&
      !/^\/(v1|docs)(\/|$)/.test(request.url) &&
      (request.headers.accept ?? '').includes('text/html');
    return page ? reply.header('cache-control', 'no-cache').sendFile('index.html') : sendNotFound(request, reply);
  });
});
