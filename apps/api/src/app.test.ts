import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from './kinds.ts';
import { uuidv7 } from './runs/id.ts';
import { temporaryApp } from './testing/app.ts';
import { temporaryFolder } from './testing/database.ts';
import { create, expectProblem, faultyKinds, post } from './testing/requests.ts';

let context: Awaited<ReturnType<typeof temporaryApp>>;

beforeAll(async () => {
  context = await temporaryApp(faultyKinds);
});
afterAll(() => context.close());

describe('an address', () => {
  test('that does not exist is a problem', async () => {
    for (const url of ['/v1/nothing', '/v2/runs', '/v1/runs/x/y/z', '/nothing.js'])
      await expectProblem(context.app, { method: 'GET', url }, 'ROUTE_NOT_FOUND');
  });

  test('asked by a method that it does not know names those that it knows', async () => {
    const id = uuidv7(1);
    for (const [method, url, allow] of [
      ['DELETE', '/v1/runs', 'GET, HEAD, POST'],
      ['PUT', `/v1/runs/${id}`, 'GET, HEAD'],
      ['GET', `/v1/runs/${id}/cancel`, 'POST'],
      ['POST', `/v1/runs/${id}/metrics`, 'GET, HEAD'],
      ['PATCH', '/v1/catalogue', 'GET, HEAD'],
      ['HEAD', `/v1/runs/${id}/events`, 'GET'],
      ['POST', '/livez', 'GET, HEAD'],
    ] as const) {
      if (method !== 'HEAD') await expectProblem(context.app, { method, url }, 'METHOD_NOT_ALLOWED');
      const { statusCode, headers } = await context.app.inject({ method, url });
      expect([statusCode, headers['allow']]).toEqual([405, allow]);
    }
  });

  test('of a run that does not exist is a problem everywhere', async () => {
    const id = uuidv7(1);
    for (const url of ['', '/metrics', '/fields', '/fields/u', '/distributions', '/distributions/policy', '/events']) {
      await expectProblem(context.app, { method: 'GET', url: `/v1/runs/${id}${url}` }, 'RUN_NOT_FOUND');
    }
    for (const verb of ['cancel', 'resume'])
      await expectProblem(context.app, { method: 'POST', url: `/v1/runs/${id}/${verb}` }, 'RUN_NOT_FOUND');
  });

  test('with an id that cannot be one is refused', async () => {
    await expectProblem(context.app, { method: 'GET', url: '/v1/runs/..%2f..%2fetc' }, 'INVALID_REQUEST', ['/id']);
    await expectProblem(context.app, { method: 'GET', url: `/v1/runs/${'a'.repeat(300)}` }, 'URI_TOO_LONG');
    await expectProblem(context.app, { method: 'GET', url: '/v1/runs/%zz' }, 'BAD_REQUEST');
  });

  test('under a foreign host name is not served', async () => {
    for (const host of ['evil.example', 'localhost.evil.example:80', '10.0.0.1', 'localhost:']) {
      await expectProblem(context.app, { method: 'GET', url: '/v1/runs', headers: { host } }, 'HOST_NOT_ALLOWED');
    }
    expect((await context.app.inject({ url: '/v1/runs', headers: { host: 'LOCALHOST:8642' } })).statusCode).toBe(200);
  });

  test('is not changed for a page of another origin', async () => {
    const { id } = await create(context.app);
    const url = `/v1/runs/${id}/cancel`;
    for (const origin of ['https://evil.example', 'null', 'http://localhost:9999']) {
      await expectProblem(
        context.app,
        { method: 'POST', url, headers: { host: 'localhost:8642', origin } },
        'ORIGIN_NOT_ALLOWED',
      );
    }
    const own = { host: 'localhost:8642', origin: 'http://localhost:8642' };
    expect((await context.app.inject({ method: 'POST', url, headers: own })).statusCode).toBe(202);
  });

  test('answers with a policy for its content', async () => {
    const { headers } = await context.app.inject('/v1/runs');
    expect(headers['content-security-policy']).toContain("default-src 'none';script-src 'self';style-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('that fails says nothing of its inside', async () => {
    const problem = await expectProblem(context.app, post({ kind: 'broken', spec: {} }), 'INTERNAL');
    expect(problem['detail']).toContain(problem['instance']);
  });
});

describe('going down', () => {
  test('answers what is under way, ends open streams and does not wait for kept-alive connections', async () => {
    let entered = () => undefined as void;
    let leave = () => undefined as void;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const released = new Promise<void>((resolve) => (leave = resolve));
    const engine = async () => {
      entered();
      await released;
      return { kind: 'reference', simd: 'none', threads: 1, version: '0.1.0', reasons: [] } as const;
    };
    const own = await temporaryApp(kinds, { services: { engine } });
    own.app.addHook('preClose', async () => own.closing.abort());
    const address = await own.app.listen({ port: 0, host: '127.0.0.1' });
    const { id } = await create(own.app);
    const stream = await fetch(`${address}/v1/runs/${id}/events`);
    await (await fetch(`${address}/livez`)).text();
    const slow = fetch(`${address}/v1/capabilities`);
    await inside;
    const closed = own.close();
    expect(await stream.text()).toContain('event: state');
    leave();
    expect((await slow).status).toBe(200);
    const start = performance.now();
    await closed;
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('what is not HTTP', () => {
  test('is answered with a problem, too', async () => {
    const own = await temporaryApp(kinds);
    const { port } = new URL(await own.app.listen({ port: 0, host: '127.0.0.1' }));
    const answer = async (text: string) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.end(text);
      let received = '';
      for await (const chunk of socket) received += String(chunk);
      return received;
    };
    expect(await answer('GET / HTTP/9.9\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"code":"BAD_REQUEST"/,
    );
    expect(await answer(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [\s\S]*"code":"HEADERS_TOO_LARGE"/,
    );
    await own.close();
  });
});

describe('the system', () => {
  test('tells what can be trained', async () => {
    const { items, schemas } = (await context.app.inject('/v1/catalogue')).json<{
      items: { kind: string; name: string }[];
      schemas: Record<string, { properties: object }>;
    }>();
    expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(['P2', 'P5', 'H1', 'HEDGE-1']));
    expect(Object.keys(schemas['pinn']!.properties)).toEqual(
      expect.arrayContaining(['domain', 'equations', 'conditions', 'optimizer', 'stop']),
    );
    expect(Object.keys(schemas['hedging']!.properties)).toEqual(
      expect.arrayContaining(['market', 'horizon', 'liability', 'risk']),
    );
  });

  test('tells on what', async () => {
    expect((await context.app.inject('/v1/capabilities')).json()).toEqual({
      engine: { kind: 'reference', simd: 'none', threads: 1, version: '0.1.0', reasons: ['no addon'] },
      version: '0.1.0',
      cores: 4,
      threadsPerRun: 2,
      concurrency: 2,
    });
  });

  test('is alive, and ready until it goes down', async () => {
    const own = await temporaryApp(kinds);
    expect((await own.app.inject('/livez')).json()).toEqual({ status: 'alive' });
    expect((await own.app.inject('/readyz')).json()).toEqual({ status: 'ready' });
    own.closing.abort();
    const response = await own.app.inject('/readyz');
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([503, 'NOT_READY']);
    await own.close();
  });
});

describe('the dashboard', () => {
  test('says how to build it while it is missing', async () => {
    const response = await context.app.inject('/');
    expect(response.statusCode).toBe(200);
    expect(response.body).toContain('npm run setup');
  });

  test('is served at every address that a browser opens; what is missing elsewhere stays a problem', async () => {
    const { path, remove } = temporaryFolder();
    mkdirSync(join(path, 'assets'));
    writeFileSync(join(path, 'index.html'), '<!doctype html>dashboard');
    writeFileSync(join(path, 'assets/main-1.js'), 'export {};');
    const own = await temporaryApp(kinds, { dashboard: path });
    const browser = { accept: 'text/html,*/*' };
    for (const url of ['/', '/runs/1', '/launch?x=1'])
      expect((await own.app.inject({ url, headers: browser })).body).toBe('<!doctype html>dashboard');
    const script = await own.app.inject('/assets/main-1.js');
    expect(script.headers).toMatchObject({
      'content-type': 'application/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    for (const url of ['/assets/main-2.js', '/v1/none', '/../../etc/passwd', '/assets/..%2f..%2fpackage.json']) {
      const response = await own.app.inject({ url, headers: url === '/v1/none' ? browser : {} });
      expect(response.json(), url).toMatchObject({
        code: expect.stringMatching(/ROUTE_NOT_FOUND|BAD_REQUEST/) as unknown,
      });
    }
    await own.close();
    remove();
  });
});
