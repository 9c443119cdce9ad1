import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Services } from '../app.ts';
import { exportNotFound } from '../runs/saved-network.ts';
import { isTerminal } from '../runs/state.ts';
import { exportFile } from '../worker/files.ts';
import { idParams, problems } from './schemas.ts';

const binary = { schema: z.string().meta({ contentEncoding: 'binary' }) };
const text = { schema: z.string() };

/** What a run that has ended leaves as a file; the training process wrote it. */
export const exportRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (app, { services }) => {
  const formats = [...new Set(Object.values(services.kinds).flatMap(({ exports }) => Object.keys(exports)))];
  const querySchema = z.strictObject({ format: z.enum(formats) });
  app.get(
    '/runs/:id/export',
    {
      schema: {
        tags: ['runs'],
        summary: 'The solution of a differential equation, or the rows of a study, as a file, once the run has ended',
        description:
          'csv, npy (NumPy) and vtk (legacy VTK, for ParaView): value, residual and, where they are known, exact values and error on a grid over the first three coordinates. js: an ES module without dependencies that evaluates the solution and its derivatives. json: the network, from which another run can start. A study has csv alone: a row for each of its runs.',
        params: idParams,
        querystring: querySchema,
        response: {
          200: {
            description: 'The file',
            content: {
              'text/csv': text,
              'application/octet-stream': binary,
              'text/javascript': text,
              'application/json': text,
            },
          },
          ...problems(400, 404),
        },
      },
    },
    async ({ params, query }, reply) => {
      const run = await services.runs.get(params.id);
      // A run that will go on may have files of its last interruption.
      const exported = services.kinds[run.kind]?.exports[query.format];
      if (!isTerminal(run.status) || exported === undefined) throw exportNotFound(run, query.format);
      const path = join(services.folder, run.id, exportFile(run.attempt, query.format));
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') throw exportNotFound(run, query.format);
        throw error;
      });
      const { file, mediaType } = exported;
      const raw = reply.serializer((body: string) => body) as FastifyReply;
      return raw.header('content-disposition', `attachment; filename="${file}"`).type(mediaType).send(bytes);
    },
  );
};
