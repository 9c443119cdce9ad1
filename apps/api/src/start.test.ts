import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ATTEMPT_TIMES } from './runs/attempt.ts';
import { startServer } from './start.ts';
import type { Server, ServerParts } from './start.ts';
import { Client } from './testing/client.ts';
import { temporaryFolder } from './testing/database.ts';
import { orbitKinds } from './testing/kinds.ts';
import { orbit } from './testing/trainer.ts';

const PARTS: ServerParts = {
  kinds: orbitKinds,
  worker: new URL('./testing/worker.ts', import.meta.url),
  times: { ...ATTEMPT_TIMES, heartbeatMs: 200, graceMs: 500, killMs: 300, watchdogMs: 1500, retryMs: 20 },
};

let folder: ReturnType<typeof temporaryFolder>;
let server: Server;
let client: Client;

async function start(threads?: number): Promise<void> {
  server = await startServer(
    {
      port: 0,
      host: '127.0.0.1',
      data: folder.path,
      logLevel: 'silent',
      ...(threads === undefined ? {} : { threads }),
    },
    PARTS,
  );
  client = new Client(server.address);
}

beforeEach(async () => {
  folder = temporaryFolder();
  await start();
}, 60_000);
afterEach(async () => {
  await server.close();
  folder.remove();
}, 60_000);

const statuses = async (id: string) =>
  (await client.events(id)).filter(({ event }) => event === 'state').map(({ data }) => data['status']);

describe('a run', () => {
  test('is trained by a process of its own to its end, with result, metrics, fields, distributions and events', async () => {
    const { id } = await client.create('orbit', { stop: { steps: 95 } });
    const run = await client.ended(id);
    expect(run).toMatchObject({ status: 'succeeded', step: 95, attempt: 1, stopReason: 'steps', error: null });
    expect(run.result).toMatchObject({ steps: 95, final: orbit(0.3, 95) });
    const series = await client.series(id);
    expect(series['loss']!.map(({ step }) => step)).toEqual(Array.from({ length: 95 }, (_, i) => i + 1));
    expect(series['loss']!.map(({ value }) => value)).toEqual(
      (run.result!['history'] as { loss: number }[]).map(({ loss }) => loss),
    );
    expect(series['orbit/tenth']!.map(({ step }) => step)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
    const events = await client.events(id);
    expect(events.map(({ id: seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(await statuses(id)).toEqual(['queued', 'claimed', 'running', 'succeeded']);
    expect(events.find(({ event }) => event === 'log')!.data).toEqual({ message: 'begins at step 0' });
    expect(events.filter(({ event }) => event === 'checkpoint').map(({ data }) => data['step'])).toEqual([
      20, 40, 60, 80,
    ]);
    expect(await client.json(`/v1/runs/${id}/fields`)).toMatchObject({
      step: 95,
      fields: [{ name: 'u', shape: [3], range: [Math.fround(orbit(0.3, 95)), 95] }],
    });
    const raw = await fetch(`${client.address}/v1/runs/${id}/fields/u`);
    expect(Object.fromEntries(raw.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-shape': '3',
      'x-step': '95',
    });
    const bytes = new DataView(await raw.arrayBuffer());
    expect([bytes.getFloat32(0, true), bytes.getFloat32(4, true), bytes.getFloat32(8, true)]).toEqual([
      95,
      Math.fround(orbit(0.3, 95)),
      NaN,
    ]);
    const json = await client.json(`/v1/runs/${id}/fields/u`, { headers: { accept: 'application/json' } });
    expect(json).toMatchObject({ name: 'u', shape: [3], step: 95, values: [95, Math.fround(orbit(0.3, 95)), null] });
    expect(await client.json(`/v1/runs/${id}/distributions`)).toMatchObject({
      step: 95,
      distributions: [{ name: 'policy', counts: [95, 1], sharpe: null }],
    });
    expect(await client.json(`/v1/runs/${id}/distributions/policy`)).toMatchObject({ edges: [0, 1, 2] });
    const file = await fetch(`${client.address}/v1/runs/${id}/export?format=csv`);
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="orbit.csv"',
      'x-content-type-options': 'nosniff',
    });
    expect(await file.text()).toBe(`x\n${orbit(0.3, 95)}\n`);
    expect(readdirSync(join(folder.path, 'runs', id)).sort()).toEqual([
      'checkpoint-1-60.kfac',
      'checkpoint-1-80.kfac',
      'export-1.csv',
      'snapshot-1-95.f32',
      'snapshot-1-95.json',
    ]);
  });

  test('that diverges says where and by which metric', async () => {
    const { id } = await client.create('orbit', { diverge: 33 });
    const run = await client.ended(id);
    expect(run).toMatchObject({
      status: 'diverged',
      error: { code: 'DIVERGED', message: 'loss was not finite at step 33.' },
    });
    expect((await client.events(id)).find(({ event }) => event === 'diverged')!.data).toEqual({
      step: 33,
      metric: 'loss',
    });
    expect((await client.series(id))['loss']!.at(-1)).toMatchObject({ step: 33, value: null, nonfinite: 'NaN' });
  });

  test('whose process is killed is interrupted and goes on from its checkpoint, bit for bit', async () => {
    const { id } = await client.create('orbit', { crash: 57, stop: { steps: 90 } });
    const run = await client.ended(id);
    expect(run).toMatchObject({ status: 'succeeded', attempt: 2, result: { final: orbit(0.3, 90) } });
    expect(readdirSync(join(folder.path, 'runs', id)).filter((name) => name.startsWith('export'))).toEqual([
      'export-2.csv',
    ]);
    expect(await statuses(id)).toEqual([
      'queued',
      'claimed',
      'running',
      'interrupted',
      'queued',
      'claimed',
      'running',
      'succeeded',
    ]);
    const events = await client.events(id);
    expect(
      events.find(({ event, data }) => event === 'state' && data['status'] === 'interrupted')!.data['error'],
    ).toMatchObject({ code: 'CHILD_ENDED' });
    expect(events.filter(({ event }) => event === 'rewind').map(({ data }) => data)).toEqual([{ step: 40 }]);
    const { loss } = await client.series(id);
    expect(loss!.map(({ value }) => value)).toEqual(
      (run.result!['history'] as { loss: number }[]).map(({ loss: value }) => value),
    );
  });

  test('whose process always dies before a checkpoint is given up after three attempts', async () => {
    const { id } = await client.create('orbit', { crash: 5 });
    expect(await client.ended(id)).toMatchObject({
      status: 'failed',
      attempt: 3,
      stopReason: 'lease-lost',
      error: { code: 'CHILD_ENDED' },
    });
  });

  test('whose newest checkpoint was damaged goes on from the one before', async () => {
    const { id } = await client.create('orbit', { stepMs: 5, stop: { steps: 200 } });
    await client.until(id, ({ step }) => step > 70);
    await server.close();
    const files = readdirSync(join(folder.path, 'runs', id)).filter((name) => name.startsWith('checkpoint'));
    const newest = files
      .sort((a, b) => Number(a.match(/-(\d+)\.kfac/)![1]) - Number(b.match(/-(\d+)\.kfac/)![1]))
      .at(-1)!;
    writeFileSync(join(folder.path, 'runs', id, newest), 'damaged');
    await start();
    expect(await client.ended(id)).toMatchObject({ status: 'succeeded', result: { final: orbit(0.3, 200) } });
    const messages = (await client.events(id))
      .filter(({ event }) => event === 'log')
      .map(({ data }) => String(data['message']));
    expect(messages.some((message) => /cannot be used: it has 7 bytes/.test(message))).toBe(true);
  });

  test('that makes no more steps is ended by the watchdog', async () => {
    const { id } = await client.create('orbit', { hang: 7 });
    await client.until(id, ({ attempt }) => attempt === 2);
    const interrupted = (
      await client.events(id, 0, (events) => events.some(({ data }) => data['status'] === 'interrupted'))
    ).at(-1)!;
    expect(interrupted.data['error']).toMatchObject({ code: 'HUNG' });
    await client.cancel(id);
    expect(await client.ended(id)).toMatchObject({ status: 'cancelled' });
  });
});

describe('cancel', () => {
  test('while running: a checkpoint, the partial result, cancelled', async () => {
    const { id } = await client.create('orbit', { stepMs: 5, stop: { steps: 10_000 } });
    await client.until(id, ({ step }) => step > 3);
    expect(await client.cancel(id)).toMatchObject({ status: 'cancelling' });
    const run = await client.ended(id);
    expect(run).toMatchObject({ status: 'cancelled', stopReason: 'cancelled', result: { status: 'cancelled' } });
    expect(await statuses(id)).toEqual(['queued', 'claimed', 'running', 'cancelling', 'cancelled']);
    expect(existsSync(join(folder.path, 'runs', id, `checkpoint-1-${run.step}.kfac`))).toBe(true);
  });

  test('of a process that does not listen: it is killed after the time of grace', async () => {
    const { id } = await client.create('orbit', { stepMs: 5, deaf: true, stop: { steps: 10_000 } });
    await client.until(id, ({ step }) => step > 3);
    await client.cancel(id);
    expect(await client.ended(id)).toMatchObject({ status: 'cancelled' });
  });

  test('while queued, and straight after the request', async () => {
    const busy = [];
    for (let i = 0; i < 12; i++) busy.push((await client.create('orbit', { stepMs: 5, stop: { steps: 10_000 } })).id);
    for (const id of busy.reverse()) await client.cancel(id);
    for (const id of busy) expect(await client.ended(id)).toMatchObject({ status: 'cancelled' });
  });
});

describe('the service', () => {
  test('going down lets runs write a checkpoint; the next one continues them, nothing counts against them', async () => {
    const { id } = await client.create('orbit', { stepMs: 4, stop: { steps: 1000 } });
    for (let restart = 0; restart < 4; restart++) {
      // `step` outlives an attempt: only one that is running has something to interrupt.
      await client.until(
        id,
        ({ status, attempt, step }) => status === 'running' && attempt === restart + 1 && step > 5 + 20 * restart,
      );
      let opened = () => undefined as void;
      const open = new Promise<void>((resolve) => (opened = resolve));
      const stream = client.events(id, 0, () => (opened(), false));
      await open;
      await server.close();
      expect((await stream).length).toBeGreaterThan(0);
      await start();
    }
    const run = await client.ended(id, 60_000);
    expect(run).toMatchObject({ status: 'succeeded', attempt: 5, result: { final: orbit(0.3, 1000) } });
    const rewinds = (await client.events(id)).filter(({ event }) => event === 'rewind');
    expect(rewinds).toHaveLength(4);
    expect((await client.series(id))['loss']!.map(({ step }) => step)).toEqual(
      Array.from({ length: 1000 }, (_, i) => i + 1),
    );
  }, 120_000);

  test('going down before a run trains costs an attempt, takes nothing back and counts against nothing', async () => {
    const { id } = await client.create('orbit', { stop: { steps: 60 } });
    for (let restart = 0; restart < 4; restart++) {
      await client.until(id, ({ status, attempt }) => attempt === restart + 1 && status !== 'queued');
      await server.close();
      await start();
      if ((await client.run(id)).status === 'succeeded') break;
    }
    const run = await client.ended(id);
    expect(run).toMatchObject({ status: 'succeeded', result: { final: orbit(0.3, 60) } });
    const events = await client.events(id);
    const trained = events.filter(({ event, data }) => event === 'state' && data['status'] === 'running');
    const rewinds = events.filter(({ event }) => event === 'rewind');
    expect(rewinds.length).toBe(trained.filter(({ data }) => Number(data['attempt']) > 1).length);
    expect((await client.series(id))['loss']!.map(({ step }) => step)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
  }, 120_000);

  test('trains as many runs at once as fit on the cores', async () => {
    const { concurrency } = await client.json<{ concurrency: number }>('/v1/capabilities');
    const ids = [];
    for (let i = 0; i < concurrency + 2; i++)
      ids.push((await client.create('orbit', { stepMs: 5, stop: { steps: 10_000 } })).id);
    await client.until(ids[concurrency - 1]!, ({ status }) => status === 'running');
    await sleep(600);
    const { items } = await client.json<{ items: { status: string }[] }>('/v1/runs?status=queued,running');
    expect(items.filter(({ status }) => status === 'running')).toHaveLength(concurrency);
    expect(items.filter(({ status }) => status === 'queued')).toHaveLength(2);
    for (const id of ids) await client.cancel(id);
    for (const id of ids) await client.ended(id);
  });

  test('holds its folder for itself', async () => {
    await expect(
      startServer({ port: 0, host: '127.0.0.1', data: folder.path, logLevel: 'silent' }, PARTS),
    ).rejects.toThrow(/is in use by another service \(process \d+\)/);
  });

  test('does not listen where other machines reach it', async () => {
    for (const host of ['0.0.0.0', '192.168.1.5', '::', 'example.org', '127.0.0.1.evil.org']) {
      await expect(startServer({ port: 0, host, data: join(folder.path, 'x') }, PARTS)).rejects.toThrow(/loopback/);
    }
    expect(existsSync(join(folder.path, 'x'))).toBe(false);
  });

  test('tells what it trains on', async () => {
    expect(await client.json('/v1/capabilities')).toMatchObject({
      version: '0.1.0',
      threadsPerRun: 1,
      engine: { threads: 1 },
    });
  });
});

describe('event streams', () => {
  test('that break and go on with Last-Event-ID see every event once', async () => {
    const { id } = await client.create('orbit', { stepMs: 3, stop: { steps: 200 } });
    const whole = client.events(id);
    const seen: number[] = [];
    for (let size = 1; ; size = (size * 7) % 11) {
      const part = await client.events(id, seen.at(-1) ?? 0, (events) => events.length >= size);
      if (part.length === 0) break;
      seen.push(...part.map(({ id: seq }) => seq));
    }
    const events = await whole;
    expect(seen).toEqual(events.map(({ id: seq }) => seq));
    const points = events
      .filter(({ event }) => event === 'metrics')
      .flatMap(({ data }) => data['points'] as { step: number }[]);
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(events.at(-1)!.data).toMatchObject({ status: 'succeeded' });
  });
});
