import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Services } from '../app.ts';
import { ProblemError } from '../problem.ts';
import type { SnapshotManifest, StoredField } from '../worker/files.ts';
import { distributionSchema, fieldInfoSchema, fieldSchema, idParams, nameParams, problems } from './schemas.ts';

const tags = ['runs'];
const step = z.number().nullable().describe('Step of the snapshot; null if there is none yet');

/** What a run looks like at its last snapshot: fields of a solution, distributions of profit and loss. */
export const snapshotRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (app, { services }) => {
  app.get(
    '/runs/:id/fields',
    {
      schema: {
        tags,
        summary: 'The fields of the last snapshot, without values',
        params: idParams,
        response: { 200: z.object({ step, fields: z.array(fieldInfoSchema) }), ...problems(400, 404) },
      },
    },
    async ({ params }) => {
      const manifest = await currentSnapshot(services, params.id, async (found) => found);
      return { step: manifest?.step ?? null, fields: (manifest?.fields ?? []).map(toInfo) };
    },
  );

  app.get(
    '/runs/:id/fields/:name',
    {
      schema: {
        tags,
        summary: 'The values of one field',
        description:
          'application/octet-stream: 32-bit floats, little-endian, C order; the shape, the step and the range stand in the headers X-Shape, X-Step and X-Range. application/json: the same as numbers.',
        params: nameParams,
        response: {
          200: {
            description: 'The values',
            content: {
              'application/octet-stream': { schema: z.string().meta({ contentEncoding: 'binary' }) },
              'application/json': { schema: fieldSchema },
            },
          },
          ...problems(400, 404, 406),
        },
      },
    },
    async ({ params, headers }, reply) => {
      const type = preferred(headers.accept ?? '*/*');
      const found = await currentSnapshot(services, params.id, async (manifest, folder) => {
        const field = manifest.fields.find(({ name }) => name === params.name);
        return field === undefined
          ? null
          : { field, step: manifest.step, bytes: await readValues(folder, manifest, field) };
      });
      if (found === null)
        throw new ProblemError(
          'FIELD_NOT_FOUND',
          `Run ${params.id} has no field ${JSON.stringify(params.name)} at its last snapshot.`,
        );
      const { field, bytes } = found;
      // The body is encoded here: the zod serializer would look at every value.
      const raw = reply.header('vary', 'accept').serializer((body: string) => body) as FastifyReply;
      if (type === 'application/json') return raw.type(`${type}; charset=utf-8`).send(toJson(field, found.step, bytes));
      return raw
        .headers({
          'x-shape': field.shape.join(','),
          'x-dtype': 'f32',
          'x-step': String(found.step),
          'x-range': field.range.join(','),
        })
        .type(type)
        .send(bytes);
    },
  );

  app.get(
    '/runs/:id/distributions',
    {
      schema: {
        tags,
        summary: 'The distributions of the last snapshot',
        params: idParams,
        response: { 200: z.object({ step, distributions: z.array(distributionSchema) }), ...problems(400, 404) },
      },
    },
    async ({ params }) => {
      const manifest = await currentSnapshot(services, params.id, async (found) => found);
      return { step: manifest?.step ?? null, distributions: (manifest?.distributions ?? []).map(toDistribution) };
    },
  );

  app.get(
    '/runs/:id/distributions/:name',
    {
      schema: {
        tags,
        summary: 'One distribution',
        params: nameParams,
        response: { 200: distributionSchema, ...problems(400, 404) },
      },
    },
    async ({ params }) => {
      const manifest = await currentSnapshot(services, params.id, async (found) => found);
      const found = manifest?.distributions.find(({ name }) => name === params.name);
      if (found !== undefined) return toDistribution(found);
      throw new ProblemError(
        'DISTRIBUTION_NOT_FOUND',
        `Run ${params.id} has no distribution ${JSON.stringify(params.name)} at its last snapshot.`,
      );
    },
  );
};

/**
 * What `use` makes of the current snapshot; null if there is none. A training that goes on replaces its snapshots: if
 * one vanishes while it is read, the run is asked for the next.
 */
async function currentSnapshot<T>(
  { runs, folder }: Services,
  id: string,
  use: (manifest: SnapshotManifest, folder: string) => Promise<T>,
): Promise<T | null> {
  for (let tries = 3; ; tries--) {
    const { snapshot } = await runs.get(id);
    if (snapshot === null) return null;
    try {
      const manifest = JSON.parse(await readFile(join(folder, id, snapshot), 'utf8')) as SnapshotManifest;
      return await use(manifest, join(folder, id));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      if (tries === 0) return null;
    }
  }
}

async function readValues(
  folder: string,
  { values }: SnapshotManifest,
  { offset, bytes }: StoredField,
): Promise<Buffer> {
  const file = await open(join(folder, values), 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
    if (bytesRead !== bytes) throw new Error(`Expected ${bytes} bytes at ${offset} of ${values}, got ${bytesRead}.`);
    return buffer;
  } finally {
    await file.close();
  }
}

/** The media type that the client likes best; of equals the first that it names. */
function preferred(accept: string): 'application/octet-stream' | 'application/json' {
  const wishes = accept.split(',').map((text) => {
    const [type = '', ...parameters] = text
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
  });
  for (const { type } of wishes.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality)) {
    if (type === 'application/json') return type;
    if (['application/octet-stream', 'application/*', '*/*'].includes(type)) return 'application/octet-stream';
  }
  throw new ProblemError(
    'NOT_ACCEPTABLE',
    `Expected to be asked for application/octet-stream or application/json, got ${accept}.`,
  );
}

function toInfo({ name, shape, axes, range }: StoredField): z.output<typeof fieldInfoSchema> {
  return {
    name,
    shape: [...shape],
    axes: axes.map((axis) => ({ name: axis.name, values: [...axis.values] })),
    range: [...range],
  };
}

function toJson({ name, shape, axes }: StoredField, atStep: number, bytes: Buffer): string {
  const values = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  return JSON.stringify({ name, shape, axes, values, step: atStep });
}

/** JSON has turned what is not finite into null already. */
function toDistribution(stored: SnapshotManifest['distributions'][number]): z.output<typeof distributionSchema> {
  return { ...stored, edges: [...stored.edges], counts: [...stored.counts] };
}
