import { convergenceStudy, studyCsv } from '@kfac/pinn';
import type { PinnSpecInput, Study } from '@kfac/pinn';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds } from './kinds.ts';
import { startServer } from './start.ts';
import { Client } from './testing/client.ts';
import { realServer } from './testing/real-server.ts';

let real: Awaited<ReturnType<typeof realServer>>;
beforeAll(async () => {
  real = await realServer();
}, 60_000);
afterAll(() => real?.close(), 60_000);

const decay: PinnSpecInput = {
  domain: { x: [0, 1] },
  equations: ['u_x = -u'],
  conditions: [{ on: 'x = 0', equation: 'u = 1' }],
  exact: { u: 'exp(-x)' },
  network: { hidden: [6] },
  sampling: { interior: 12, conditions: 1 },
  stop: { steps: 8 },
};

async function create(spec: object, rest: object = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${real.client.address}/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'study', spec, ...rest }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Without what a clock says. */
const untimed = ({ rows, levels, ...rest }: Study) => ({
  ...rest,
  rows: rows.map((row) => ({ ...row, seconds: 0 })),
  levels: levels.map((level) => ({ ...level, seconds: 0 })),
});

test('a study is the one that the library makes; its rows come one by one and leave as CSV', async () => {
  const { status, body } = await create({ problem: decay, points: [3, 6], seeds: [1, 2] }, { name: 'decay' });
  expect(status).toBe(201);
  expect(body).toMatchObject({ kind: 'study', totalSteps: 4, spec: { problem: decay, points: [3, 6], seeds: [1, 2] } });
  const id = String(body['id']);
  const events = await real.client.events(id);
  const run = await real.client.run(id);
  expect(run).toMatchObject({ status: 'succeeded', stopReason: 'levels', step: 4 });
  const study = run.result as unknown as Study;
  const own = await convergenceStudy(decay, { points: [3, 6] }, [1, 2]);
  const { engine: _, ...expected } = untimed(own);
  expect(untimed(study)).toMatchObject(expected);

  const points = events
    .filter(({ event }) => event === 'metrics')
    .flatMap(({ data }) => data['points'] as { step: number; metrics: Record<string, number> }[]);
  expect(points.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  expect(points.map(({ metrics }) => metrics)).toMatchObject(
    study.rows.map((row) => ({
      loss: row.loss,
      'study/level': row.level,
      'study/seed': row.seed,
      'study/rel_l2': row.relativeL2,
      'study/residual': row.residual,
    })),
  );
  expect(points[3]!.metrics).toMatchObject({
    'study/median': study.levels[1]!.relativeL2,
    'study/rate': study.levels[1]!.rate,
  });
  expect(events.filter(({ event }) => event === 'checkpoint').map(({ data }) => data['step'])).toEqual([1, 2, 3, 4]);

  const file = (format: string): Promise<Response> =>
    fetch(`${real.client.address}/v1/runs/${id}/export?format=${format}`);
  const csv = await file('csv');
  expect(csv.headers.get('content-disposition')).toContain('study.csv');
  expect(await csv.text()).toBe(studyCsv(study));
  expect((await file('json')).status).toBe(404);
  // A study leaves no network to start from, and cannot start from one.
  expect(await create({ problem: decay, widths: [2, 3] }, { startFrom: id })).toMatchObject({
    status: 404,
    body: { code: 'EXPORT_NOT_FOUND' },
  });
});

test('every fault stands at its place in the study', async () => {
  const pointers = async (spec: object): Promise<unknown> => {
    const { status, body } = await create(spec);
    expect(status).toBe(422);
    return (body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
  };
  const levels = { points: [3, 6] };
  const faulty = await create({ problem: { ...decay, equations: ['u_x = -u)'] }, ...levels });
  expect(faulty).toMatchObject({ status: 422, body: { code: 'KFAC_EQUATION' } });
  expect(faulty.body['errors']).toEqual([
    { pointer: '/spec/problem/equations/0', detail: expect.stringContaining('at character 9 in "u_x = -u)"') },
  ]);
  expect(await pointers({ ...levels })).toEqual(['/spec/problem']);
  expect(await pointers({ problem: { ...decay, nonsense: 1 }, ...levels, other: 2 })).toEqual([
    '/spec/other',
    '/spec/problem/nonsense',
  ]);
  expect(await pointers({ problem: decay })).toEqual(['/spec']);
  expect(await pointers({ problem: decay, ...levels, widths: [2, 4] })).toEqual(['/spec']);
  expect(await pointers({ problem: decay, points: [6, 3] })).toEqual(['/spec/points']);
  expect(await pointers({ problem: decay, points: [3] })).toEqual(['/spec/points']);
  expect(await pointers({ problem: decay, widths: [3, 4.5], seeds: [-1] })).toEqual([
    '/spec/widths/1',
    '/spec/seeds/0',
  ]);
  // The largest level does not fit into memory: its place, its kind.
  const large = await create({
    problem: { ...decay, network: { hidden: [1024] }, optimizer: { name: 'adam' } },
    points: [3, 6, 1_000_000],
    seeds: [1],
  });
  expect(large).toMatchObject({ status: 422, body: { code: 'KFAC_LIMIT', errors: [{ pointer: '/spec/points/2' }] } });
}, 60_000);

test('a cancelled study keeps its rows', async () => {
  const { body } = await create({
    problem: { ...decay, optimizer: { name: 'adam' }, stop: { seconds: 600 } },
    points: [3, 6],
  });
  const id = String(body['id']);
  await real.client.until(id, ({ status }) => status === 'running', 60_000);
  await real.client.cancel(id);
  const run = await real.client.ended(id, 60_000);
  expect(run).toMatchObject({ status: 'cancelled', result: { stopReason: 'cancelled', rows: [], levels: [] } });
});

test('a service that goes down keeps the rows that were done, and the study ends as it would have', async () => {
  const spec = {
    problem: { ...decay, stop: { steps: 1500 }, optimizer: { name: 'adam' } },
    points: [3, 6],
    seeds: [1, 2, 3],
  };
  const { body } = await create(spec);
  const id = String(body['id']);
  await real.client.until(id, ({ step }) => step >= 2, 60_000);
  await real.server.close();
  const server = await startServer({
    port: 0,
    host: '127.0.0.1',
    data: join(real.folder, 'data'),
    logLevel: 'silent',
  });
  real = { ...real, server, client: new Client(server.address), close: () => server.close() };
  const run = await real.client.ended(id, 60_000);
  expect(run).toMatchObject({ status: 'succeeded', step: 6, attempt: 2 });
  const { engine: _, ...own } = untimed(
    await convergenceStudy(spec.problem as PinnSpecInput, { points: [3, 6] }, [1, 2, 3]),
  );
  expect(untimed(run.result as unknown as Study)).toMatchObject(own);
}, 120_000);

test('the launches of the documentation are sound', () => {
  const text = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');
  const bodies = [...text.matchAll(/-d '(\{[^']*\})'/g)].map(
    ([, body]) => JSON.parse(body!) as { kind: string; spec: unknown },
  );
  expect(bodies.map(({ kind }) => kind)).toEqual(['pinn', 'study']);
  for (const { kind, spec } of bodies) expect(kinds[kind]!.steps(kinds[kind]!.parse(spec))).toBeGreaterThan(8);
});
