import { solve } from '@kfac/pinn';
import type { PinnSpecInput, SavedNetwork } from '@kfac/pinn';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
  network: { hidden: [6] },
  sampling: { interior: 40, conditions: 1 },
  stop: { steps: 8 },
};

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(real.client.address + path, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const create = (body: object): Promise<Answer> =>
  ask('/v1/runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function ended(spec: PinnSpecInput, rest: object = {}): Promise<string> {
  const { status, body } = await create({ kind: 'pinn', spec, ...rest });
  expect(status).toBe(201);
  const id = String(body['id']);
  expect(await real.client.ended(id, 60_000)).toMatchObject({ status: 'succeeded' });
  return id;
}

test('a run starts from the network of another and is the training that the library makes', async () => {
  const first = await ended(decay);
  const network = (await ask(`/v1/runs/${first}/export?format=json`)).body as unknown as SavedNetwork;
  const spec: PinnSpecInput = { ...decay, optimizer: { name: 'kfac' }, sampling: { interior: 60, conditions: 1 } };
  const second = await ended(spec, { startFrom: first });
  const own = await solve(spec, { startFrom: network });
  const { result } = await real.client.run(second);
  expect(result).toMatchObject({ loss: own.loss, startHash: own.report.startHash });
  // The networks are small: the result has their spectrum.
  expect((result!['spectrum'] as { all: number[] }).all).toHaveLength(19);

  const bad = await create({ kind: 'pinn', spec: { ...decay, network: { hidden: [7] } }, startFrom: first });
  expect(bad).toMatchObject({ status: 422, body: { code: 'KFAC_NETWORK' } });
  expect(bad.body['detail']).toContain('/sizes/1: 6 there, 7 here');
  const hedge = await create({
    kind: 'hedging',
    spec: {
      market: { model: 'black-scholes', volatility: 0.2 },
      horizon: { days: 30, steps: 5 },
      liability: { type: 'european-call', strike: 100 },
    },
    startFrom: first,
  });
  expect(hedge).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST', errors: [{ pointer: '/startFrom' }] } });
}, 120_000);

test('the distance of two seeds is an estimate of the error', async () => {
  const one = await ended(decay);
  const other = await ended({ ...decay, seed: 2 });
  const { status, body } = await ask(`/v1/runs/${one}/difference?to=${other}`);
  expect(status).toBe(200);
  const [a, b] = [await solve(decay), await solve({ ...decay, seed: 2 })];
  expect(body).toEqual(a.difference(b));
  const longer = await ended({ ...decay, domain: { x: [0, 2] } });
  const unlike = await ask(`/v1/runs/${one}/difference?to=${longer}`);
  expect(unlike).toMatchObject({ status: 422, body: { code: 'KFAC_SPEC' } });
  expect(unlike.body['detail']).toContain('/domain/0/1/1: 2 there, 1 here');
}, 120_000);

test('a slice over coordinates that the snapshot does not show', async () => {
  const spec: PinnSpecInput = {
    domain: { t: [0, 1], x: [0, 1], y: [0, 2] },
    equations: ['u_t = u_xx + u_yy'],
    conditions: [{ on: 't = 0 or boundary', equation: 'u = x*y' }],
    network: { hidden: [5] },
    sampling: { interior: 40, conditions: 20 },
    stop: { steps: 3 },
  };
  const id = await ended(spec);
  const { status, body } = await ask(`/v1/runs/${id}/slice?axes=x,y&at=t:0.25&resolution=5`);
  expect(status).toBe(200);
  const own = (await solve(spec)).slice(['x', 'y'], { t: 0.25 }, 5);
  expect(body).toEqual({ fields: own.map((field) => ({ ...field, values: [...field.values], step: 3 })) });
  for (const [query, code, refusal] of [
    ['axes=x,w', 422, 'KFAC_SPEC'],
    ['axes=x,y&at=t:2', 422, 'KFAC_SPEC'],
    ['axes=t,x,y', 422, 'KFAC_SPEC'],
    ['axes=x&at=t', 400, 'INVALID_REQUEST'],
    ['axes=x&resolution=1000', 400, 'INVALID_REQUEST'],
  ] as const)
    expect(await ask(`/v1/runs/${id}/slice?${query}`)).toMatchObject({ status: code, body: { code: refusal } });
}, 120_000);

test('runs that do not exist or have no network yet are named', async () => {
  const nobody = '01a20d5b-5287-7000-b76c-0a02a7049c0b';
  expect(await create({ kind: 'pinn', spec: decay, startFrom: nobody })).toMatchObject({
    status: 404,
    body: { code: 'RUN_NOT_FOUND' },
  });
  expect(await create({ kind: 'pinn', spec: decay, startFrom: '../x' })).toMatchObject({ status: 400 });
  const { body } = await create({
    kind: 'pinn',
    spec: { ...decay, optimizer: { name: 'adam' }, stop: { seconds: 600 } },
  });
  const running = String(body['id']);
  const early = await create({ kind: 'pinn', spec: decay, startFrom: running });
  expect(early).toMatchObject({ status: 404, body: { code: 'EXPORT_NOT_FOUND' } });
  await real.client.cancel(running);
  await real.client.ended(running, 60_000);
}, 120_000);
