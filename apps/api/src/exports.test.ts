import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realServer } from './testing/real-server.ts';

let real: Awaited<ReturnType<typeof realServer>>;
beforeAll(async () => {
  real = await realServer();
}, 60_000);
afterAll(() => real?.close(), 60_000);

test('a real run leaves its solution in every format, and the module says what the table says', async () => {
  const { id } = await real.client.create('pinn', {
    domain: { t: [0, 1], x: [-1, 1] },
    equations: ['u_t = u_xx'],
    conditions: [{ on: 't = 0 or x = -1 or x = 1', equation: 'u = 1 - x^2' }],
    network: { hidden: [6] },
    sampling: { interior: 40, conditions: 30, method: 'latin-hypercube' },
    stop: { steps: 5 },
  });
  expect(await real.client.ended(id, 60_000)).toMatchObject({ status: 'succeeded' });
  const get = async (format: string): Promise<{ type: string | null; bytes: Buffer }> => {
    const response = await fetch(`${real.client.address}/v1/runs/${id}/export?format=${format}`);
    expect(response.status).toBe(200);
    return { type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const [csv, npy, vtk, js] = await Promise.all([get('csv'), get('npy'), get('vtk'), get('js')]);
  expect([csv, npy, vtk, js].map(({ type }) => type)).toEqual([
    'text/csv; charset=utf-8',
    'application/octet-stream',
    'application/octet-stream',
    'text/javascript; charset=utf-8',
  ]);
  expect(npy.bytes.toString('latin1', 1, 6)).toBe('NUMPY');
  expect(vtk.bytes.toString('latin1', 0, 22)).toBe('# vtk DataFile Version');
  const file = join(real.folder, 'solution.mjs');
  writeFileSync(file, js.bytes);
  const { evaluate } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
    evaluate(point: number[]): { u: { value: number; gradient: number[]; hessian: number[][] } };
  };
  const [header, ...rows] = csv.bytes.toString().trim().split('\n');
  expect(header).toBe('t,x,u,residual');
  expect(rows).toHaveLength(65 ** 2);
  for (const row of rows) {
    const [t, x, u, residual] = row.split(',').map(Number);
    const { value, gradient, hessian } = evaluate([t!, x!]).u;
    expect(value).toBeCloseTo(u!, 12);
    expect(gradient[0]! - hessian[1]![1]!).toBeCloseTo(residual!, 11);
  }
});
