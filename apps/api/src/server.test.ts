import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from './testing/client.ts';
import type { RunJson } from './testing/client.ts';
import { temporaryFolder } from './testing/database.ts';
import { ServiceProcess, freePort, isAlive } from './testing/service-process.ts';

/** Poisson's equation by K-FAC: small steps, a checkpoint every hundred. */
const P2 = {
  domain: { x: [0, 1], y: [0, 1] },
  equations: ['-(u_xx + u_yy) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  exact: { u: 'sin(pi*x)*sin(pi*y)' },
  network: { hidden: [24] },
  sampling: { interior: 200, conditions: 40, resampleEvery: 7 },
  optimizer: { name: 'kfac' },
  stop: { steps: 900 },
};

const folder = temporaryFolder();
let port: number;
let client: Client;
let service: ServiceProcess;

beforeAll(async () => {
  port = await freePort();
  client = new Client(`http://127.0.0.1:${port}`);
  service = await ServiceProcess.start(port, folder.path);
}, 60_000);
afterAll(async () => {
  await service.end('SIGTERM');
  folder.remove();
}, 30_000);

/** Everything of a report that a clock has no part in. */
function numbers(report: unknown): unknown {
  return JSON.parse(
    JSON.stringify(report, (key, value: unknown) => (key === 'seconds' || key.startsWith('time/') ? undefined : value)),
  );
}

async function series(id: string): Promise<Record<string, { step: number; value: number | null }[]>> {
  const all = await client.series(id);
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => !key.startsWith('time/'))
      .map(([key, points]) => [key, points.map(({ step, value }) => ({ step, value }))]),
  );
}

async function killService(): Promise<void> {
  const children = service.children();
  expect(children.length).toBeGreaterThan(0);
  await service.end('SIGKILL');
  const end = performance.now() + 10_000;
  while (children.some(isAlive) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(children.filter(isAlive)).toEqual([]);
}

describe('a real training survives', () => {
  let whole: RunJson;

  test('undisturbed, it succeeds and leaves one idle process', async () => {
    whole = await client.ended((await client.create('pinn', P2)).id, 120_000);
    expect(whole).toMatchObject({ status: 'succeeded', step: 900, attempt: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(service.children()).toHaveLength(1);
  }, 180_000);

  test('the death of its process: interrupted, then continued to the same bits', async () => {
    const { id } = await client.create('pinn', P2);
    await client.until(id, ({ step }) => step > 230, 60_000);
    for (const pid of service.children()) process.kill(pid, 'SIGKILL');
    const run = await client.ended(id, 120_000);
    expect(run).toMatchObject({ status: 'succeeded', attempt: 2 });
    const events = await client.events(id);
    const states = events.filter(({ event }) => event === 'state').map(({ data }) => data['status']);
    expect(states).toEqual([
      'queued',
      'claimed',
      'running',
      'interrupted',
      'queued',
      'claimed',
      'running',
      'succeeded',
    ]);
    expect(numbers(run.result)).toEqual(numbers(whole.result));
    expect(await series(id)).toEqual(await series(whole.id));
  }, 180_000);

  test('two deaths of the service: it starts at once, loses no confirmed point and ends with the same bits', async () => {
    const { id } = await client.create('pinn', P2);
    const queued = [(await client.create('pinn', P2)).id, (await client.create('pinn', P2)).id];
    const confirmed = new Set<string>();
    for (const step of [150, 420]) {
      await client.until(id, (run) => run.step > step, 60_000);
      for (const { step: at, value } of (await series(id))['loss']!) confirmed.add(`${at} ${value}`);
      await killService();
      service = await ServiceProcess.start(port, folder.path);
      expect(['queued', 'claimed', 'running']).toContain((await client.run(id)).status);
    }
    const run = await client.ended(id, 120_000);
    expect(run).toMatchObject({ status: 'succeeded', attempt: 3, error: null });
    expect(numbers(run.result)).toEqual(numbers(whole.result));
    const after = await series(id);
    expect(after).toEqual(await series(whole.id));
    const points = new Set(after['loss']!.map(({ step, value }) => `${step} ${value}`));
    expect([...confirmed].filter((point) => !points.has(point))).toEqual([]);
    const events = await client.events(id);
    expect(events.map(({ id: seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    const rewinds = events.filter(({ event }) => event === 'rewind').map(({ data }) => Number(data['step']));
    expect(rewinds).toHaveLength(2);
    expect(rewinds[0]).toBeGreaterThanOrEqual(100);
    for (const other of queued) {
      const ended = await client.ended(other, 120_000);
      expect(numbers(ended.result)).toEqual(numbers(whole.result));
    }
  }, 300_000);

  test('a service that is asked to end: exit code 0, and the next one continues', async () => {
    const { id } = await client.create('pinn', P2);
    await client.until(id, ({ step }) => step > 120, 60_000);
    expect(await service.end('SIGTERM')).toBe(0);
    service = await ServiceProcess.start(port, folder.path);
    const run = await client.ended(id, 120_000);
    expect(run).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(numbers(run.result)).toEqual(numbers(whole.result));
  }, 180_000);
});

describe('the program', () => {
  test.each([
    [{ KFAC_PORT: 'many' }, /KFAC_PORT: Expected an integer, got "many"/],
    [{ KFAC_HOST: '0.0.0.0', KFAC_PORT: '0' }, /loopback/],
  ])('refuses %o in one line', async (environment, message) => {
    const other = ServiceProcess.spawn({
      KFAC_DATA: `${folder.path}/other`,
      ...(environment as Record<string, string>),
    });
    expect(await other.exitCode()).toBe(1);
    expect(other.output.trim().split('\n')).toHaveLength(1);
    expect(other.output).toMatch(message);
  });
});
