import { solve } from '@kfac/pinn';
import type { PinnSpecInput } from '@kfac/pinn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realServer } from './testing/real-server.ts';

let real: Awaited<ReturnType<typeof realServer>>;
beforeAll(async () => {
  real = await realServer();
}, 60_000);
afterAll(() => real?.close(), 60_000);

const heat: PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1] },
  equations: ['u_t = u_xx/4'],
  conditions: [
    { on: 't = 0', equation: 'u = sin(pi*x)' },
    { on: 'x = 0 or x = 1', equation: 'u = 0' },
  ],
  network: { hidden: [6] },
  sampling: { interior: 40, conditions: 20 },
  curriculum: { windows: 2 },
  stop: { steps: 12 },
};

const create = (spec: object): Promise<Response> =>
  fetch(`${real.client.address}/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'pinn', spec }),
  });

test('a run with time windows is what the library makes, and its solution is there to evaluate', async () => {
  const created = await create(heat);
  expect(created.status).toBe(201);
  const { id } = (await created.json()) as { id: string };
  expect(await real.client.ended(id, 60_000)).toMatchObject({ status: 'succeeded' });
  const own = await solve(heat);
  const { result } = await real.client.run(id);
  expect(result).toMatchObject({ loss: own.loss, spectrum: { all: own.spectrum().all } });

  const get = (path: string): Promise<Response> => fetch(`${real.client.address}/v1/runs/${id}/${path}`);
  expect(await (await get('export?format=js')).text()).toBe(new TextDecoder().decode(own.export('js')));
  const slice = (await (await get('slice?axes=x&at=t:0.75&resolution=5')).json()) as {
    fields: { name: string; values: number[] }[];
  };
  const [u] = own.slice(['x'], { t: 0.75 }, 5);
  expect(Float32Array.from(slice.fields[0]!.values)).toEqual(u!.values);
});

test('a faulty curriculum is refused at its place', async () => {
  const response = await create({ ...heat, curriculum: { windows: [0.5, 2] } });
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ errors: [{ pointer: '/spec/curriculum/windows' }] });
});
