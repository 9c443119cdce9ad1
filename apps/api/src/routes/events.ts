import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Services } from '../app.ts';
import { ProblemError } from '../problem.ts';
import { isTerminal } from '../runs/state.ts';
import { eventFrames } from '../sse.ts';
import { idParams, problems } from './schemas.ts';

const MAX_STREAMS = 200;
/** Longer than any run: the server's own limit cannot be switched off for one route. */
const ENDLESS_MS = 2 ** 31 - 1;

const headersSchema = z.looseObject({
  'last-event-id': z
    .string()
    .regex(/^\d{0,15}$/, 'Expected the id of an event, a number')
    .optional()
    .describe('The stream goes on after this event'),
});

/** The live stream of a run. */
export const eventRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (app, { services }) => {
  const { runs, store, closing } = services;
  let open = 0;

  app.get(
    '/runs/:id/events',
    {
      handlerTimeout: ENDLESS_MS,
      exposeHeadRoute: false,
      schema: {
        tags: ['runs'],
        summary: 'What happens to a run, as server-sent events',
        description:
          'Every event so far (or after Last-Event-ID), then each as it happens, until the run has ended. Kinds: state, metrics, log, checkpoint, snapshot, rewind, diverged. Answers 204, which stops an EventSource, if the run has ended and nothing is left to send.',
        params: idParams,
        headers: headersSchema,
        response: {
          200: { description: 'The stream', content: { 'text/event-stream': { schema: z.string() } } },
          204: z.null().describe('The run has ended and every event was sent before'),
          ...problems(400, 404, 429),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { status } = await runs.get(id);
      const after = Number(request.headers['last-event-id'] ?? 0);
      if (isTerminal(status) && (await store.events(id, after, 1)).length === 0) return reply.code(204).send(null);
      if (open >= MAX_STREAMS) {
        throw new ProblemError('TOO_MANY_STREAMS', `Expected at most ${MAX_STREAMS} open event streams.`, {
          headers: { 'retry-after': '5' },
        });
      }
      open += 1;
      const gone = new AbortController();
      const stream = Readable.from(eventFrames(store, id, after, AbortSignal.any([gone.signal, closing])), {
        objectMode: false,
      });
      stream.once('close', () => {
        open -= 1;
        gone.abort();
      });
      request.raw.once('close', () => gone.abort());
      return reply
        .headers({ 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no', connection: 'close' })
        .serializer((body: string) => body)
        .type('text/event-stream')
        .send(stream as never);
    },
  );
};
