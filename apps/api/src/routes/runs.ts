import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ProblemError } from '../problem.ts';
import { RUN_STATUSES } from '../runs/state.ts';
import type { RunStatus } from '../runs/state.ts';
import { readNetwork } from '../runs/saved-network.ts';
import type { StartNetwork } from '../runs/service.ts';
import type { RunFilter } from '../runs/store.ts';
import { START_FILE } from '../worker/files.ts';
import type { Services } from '../app.ts';
import { UUID_PATTERN } from '../runs/id.ts';
import { idParams, problems, queryInteger, runSchema, runSummarySchema } from './schemas.ts';
import { toRunJson, toSummaryJson } from './views.ts';

const tags = ['runs'];

/** Creating, listing, reading, cancelling and resuming runs. */
export const runRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (app, { services }) => {
  const { runs, store, kinds } = services;
  const kind = z.enum(Object.keys(kinds) as [string, ...string[]]);
  const bodySchema = z.strictObject({
    kind,
    spec: z.record(z.string(), z.unknown()).describe('The problem: the schema of its kind stands in the catalogue'),
    name: z.string().trim().min(1).max(200).optional(),
    startFrom: z
      .string()
      .regex(UUID_PATTERN)
      .optional()
      .describe('A pinn run that has ended: training starts from its network instead of random weights'),
  });
  const querySchema = z.strictObject({
    limit: queryInteger(1, 200).optional(),
    cursor: z.string().max(200).optional().describe('nextCursor of the page before'),
    status: z
      .string()
      .optional()
      .describe(`One or more of ${RUN_STATUSES.join(', ')}, separated by commas`),
    kind: kind.optional(),
  });

  app.post(
    '/runs',
    {
      schema: {
        tags,
        summary: 'Check a problem and queue its training',
        body: bodySchema,
        response: { 201: runSchema, ...problems(400, 404, 413, 415, 422, 429) },
      },
    },
    async ({ body }, reply) => {
      const { startFrom } = body;
      const start = startFrom === undefined ? undefined : await startNetwork(services, startFrom);
      const run = await runs.create(body.kind, body.spec, body.name, start);
      return reply.code(201).header('location', `/v1/runs/${run.id}`).send(toRunJson(run));
    },
  );

  app.get(
    '/runs',
    {
      schema: {
        tags,
        summary: 'List runs, the newest first',
        querystring: querySchema,
        response: {
          200: z.object({ items: z.array(runSummarySchema), nextCursor: z.string().nullable() }),
          ...problems(400),
        },
      },
    },
    async ({ query }) => {
      const filter: RunFilter = {
        ...(query.status === undefined ? {} : { status: parseStatuses(query.status) }),
        ...(query.kind === undefined ? {} : { kind: query.kind }),
      };
      const limit = query.limit ?? 50;
      const page = await store.list(
        filter,
        limit + 1,
        query.cursor === undefined ? null : readCursor(query.cursor, filter),
      );
      const items = page.slice(0, limit);
      const last = items.at(-1);
      const nextCursor = page.length > limit && last !== undefined ? writeCursor(last.id, filter) : null;
      return { items: items.map(toSummaryJson), nextCursor };
    },
  );

  app.get(
    '/runs/:id',
    {
      schema: {
        tags,
        summary: 'A run, its specification and its result',
        params: idParams,
        response: { 200: runSchema, ...problems(400, 404) },
      },
    },
    async ({ params }) => toRunJson(await runs.get(params.id)),
  );

  app.post(
    '/runs/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Ask for the end of a run; one that trains writes a checkpoint first',
        params: idParams,
        response: { 202: runSchema, ...problems(400, 404, 409) },
      },
    },
    async ({ params }, reply) => reply.code(202).send(toRunJson(await runs.cancel(params.id))),
  );

  app.post(
    '/runs/:id/resume',
    {
      schema: {
        tags,
        summary: 'Continue an interrupted run from its last checkpoint now instead of at its next turn',
        params: idParams,
        response: { 202: runSchema, ...problems(400, 404, 409) },
      },
    },
    async ({ params }, reply) => reply.code(202).send(toRunJson(await runs.resume(params.id))),
  );
};

/** The network of a run, and how another run gets its own copy. */
async function startNetwork({ runs, folder }: Services, from: string): Promise<StartNetwork> {
  const network = await readNetwork(folder, await runs.get(from));
  return {
    network,
    async keep(id) {
      await mkdir(join(folder, id), { recursive: true });
      await writeFile(join(folder, id, START_FILE), JSON.stringify(network), { flush: true });
    },
  };
}

function parseStatuses(text: string): RunStatus[] {
  const names = text.split(',');
  const unknown = names.find((name) => !(RUN_STATUSES as readonly string[]).includes(name));
  if (unknown === undefined) return names as RunStatus[];
  const detail = `Expected states of ${RUN_STATUSES.join(', ')}, got ${JSON.stringify(unknown)}`;
  throw new ProblemError('INVALID_REQUEST', detail, { issues: [{ pointer: '/status', detail }] });
}

/** A cursor is the last id and a digest of the filter that it belongs to. */
function writeCursor(id: string, filter: RunFilter): string {
  return Buffer.from(`${id} ${digest(filter)}`).toString('base64url');
}

function readCursor(cursor: string, filter: RunFilter): string {
  const [id = '', check] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (UUID_PATTERN.test(id) && check === digest(filter)) return id;
  throw new ProblemError(
    'INVALID_CURSOR',
    'Expected nextCursor of a page with the same filter; begin again without a cursor.',
  );
}

function digest(filter: RunFilter): string {
  return createHash('sha256')
    .update(JSON.stringify([filter.status ?? null, filter.kind ?? null]))
    .digest('hex')
    .slice(0, 16);
}
