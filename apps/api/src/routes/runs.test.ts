import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from '../kinds.ts';
import type { ProblemCode } from '../problem.ts';
import { temporaryApp } from '../testing/app.ts';
import type { RunJson } from '../testing/client.ts';
import { PINN, create, expectProblem, faultyKinds, post } from '../testing/requests.ts';

const ENGINE = { kind: 'reference', simd: 'none', threads: 1, version: '0', reasons: [] } as const;
const HEDGE = {
  market: { model: 'heston', spot: 100, v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7 },
  horizon: { days: 30, steps: 30 },
  liability: { type: 'european-call', strike: 100 },
};
let context: Awaited<ReturnType<typeof temporaryApp>>;

beforeAll(async () => {
  context = await temporaryApp(faultyKinds);
});
afterAll(() => context.close());

describe('creating a run', () => {
  test('answers with the effective specification and where it is', async () => {
    const response = await context.app.inject(post({ kind: 'pinn', name: 'mine', spec: PINN }));
    const run = response.json<RunJson & { name: string; spec: { seed: number } }>();
    expect(response.headers['location']).toBe(`/v1/runs/${run.id}`);
    expect(run).toMatchObject({
      kind: 'pinn',
      name: 'mine',
      status: 'queued',
      step: 0,
      attempt: 0,
      result: null,
      error: null,
      totalSteps: 1000,
    });
    expect(run.spec).toMatchObject({ ...PINN, seed: 1, precision: 'f64', unknowns: ['u'] });
    expect((await context.app.inject(`/v1/runs/${run.id}`)).json()).toEqual(run);
  });

  test('of each kind in the catalogue is accepted', async () => {
    const { items } = (await context.app.inject('/v1/catalogue')).json<{ items: { kind: string; spec: object }[] }>();
    expect(items.length).toBeGreaterThanOrEqual(8);
    for (const { kind, spec } of items) {
      const response = await context.app.inject(post({ kind, spec }));
      expect(response.statusCode, response.body).toBe(201);
    }
  });

  test.each<[string, unknown, ProblemCode, string[]]>([
    ['no fields', {}, 'INVALID_REQUEST', ['/kind', '/spec']],
    ['an unknown field', { kind: 'pinn', spec: PINN, owner: 1 }, 'INVALID_REQUEST', ['/owner']],
    ['an unknown kind', { kind: 'magic', spec: PINN }, 'INVALID_REQUEST', ['/kind']],
    ['a spec that is no object', { kind: 'pinn', spec: 'P2' }, 'INVALID_REQUEST', ['/spec']],
    ['an empty name', { kind: 'pinn', spec: PINN, name: ' ' }, 'INVALID_REQUEST', ['/name']],
    ['a missing field', { kind: 'pinn', spec: { ...PINN, equations: undefined } }, 'KFAC_SPEC', ['/spec/equations']],
    ['an unknown field of the problem', { kind: 'pinn', spec: { ...PINN, sede: 1 } }, 'KFAC_SPEC', ['/spec/sede']],
    ['a wrong type', { kind: 'pinn', spec: { ...PINN, seed: '1' } }, 'KFAC_SPEC', ['/spec/seed']],
    [
      'null for a number',
      { kind: 'pinn', spec: { ...PINN, domain: { x: [0, null] } } },
      'KFAC_SPEC',
      ['/spec/domain/x/1'],
    ],
    [
      'an unknown name in an equation',
      { kind: 'pinn', spec: { ...PINN, equations: ['u_xx = v'] } },
      'KFAC_EQUATION',
      ['/spec/equations/0'],
    ],
    [
      'implicit multiplication',
      { kind: 'pinn', spec: { ...PINN, equations: ['u_xx = 2 u'] } },
      'KFAC_EQUATION',
      ['/spec/equations/0'],
    ],
    [
      'two equals signs',
      { kind: 'pinn', spec: { ...PINN, equations: ['u = 1 = 1'] } },
      'KFAC_EQUATION',
      ['/spec/equations/0'],
    ],
    [
      'an order above four',
      { kind: 'pinn', spec: { ...PINN, equations: ['u_xxxxx = 1'] } },
      'KFAC_EQUATION',
      ['/spec/equations/0'],
    ],
    [
      'a derivative by what is no coordinate',
      { kind: 'pinn', spec: { ...PINN, equations: ['u_yy = 1'] } },
      'KFAC_EQUATION',
      ['/spec/equations/0'],
    ],
    [
      'an equation that is too deep',
      { kind: 'pinn', spec: { ...PINN, equations: [`u = ${'('.repeat(300)}x${')'.repeat(300)}`] } },
      'KFAC_EQUATION',
      ['/spec/equations/0'],
    ],
    [
      'code in an equation',
      { kind: 'pinn', spec: { ...PINN, equations: ['u = constructor("return 1")()'] } },
      'KFAC_EQUATION',
      ['/spec/equations/0'],
    ],
    [
      'a condition on no place',
      { kind: 'pinn', spec: { ...PINN, conditions: [{ on: 'z = 0', equation: 'u = 0' }] } },
      'KFAC_SPEC',
      ['/spec/conditions/0/on'],
    ],
    [
      'a Heston parameter out of range',
      { kind: 'hedging', spec: { ...HEDGE, market: { ...HEDGE.market, rho: -1.5 } } },
      'KFAC_SPEC',
      ['/spec/market/rho'],
    ],
    [
      'steps that are no positive integer',
      { kind: 'hedging', spec: { ...HEDGE, horizon: { days: 30, steps: 0.5 } } },
      'KFAC_SPEC',
      ['/spec/horizon/steps'],
    ],
    ['more than the limits allow', { kind: 'huge', spec: {} }, 'KFAC_LIMIT', ['/spec/batch']],
  ])('refuses %s', async (_, body, code, pointers) => {
    const before = await context.store.countUnfinished();
    await expectProblem(context.app, post(body), code, pointers);
    expect(await context.store.countUnfinished()).toBe(before);
  });

  test('refuses sizes beyond the limits', async () => {
    await expectProblem(
      context.app,
      post({ kind: 'pinn', spec: { ...PINN, network: { hidden: [100_000] } } }),
      'KFAC_LIMIT',
      ['/spec/network/hidden/0'],
    );
  });

  test.each<[string, string, Record<string, string>, ProblemCode]>([
    ['malformed JSON', '{"kind": pinn}', { 'content-type': 'application/json' }, 'MALFORMED_JSON'],
    [
      'NaN, which JSON does not have',
      '{"kind":"pinn","spec":{"seed":NaN}}',
      { 'content-type': 'application/json' },
      'MALFORMED_JSON',
    ],
    ['an empty body', '', { 'content-type': 'application/json' }, 'MALFORMED_JSON'],
    ['a poisoned prototype', '{"__proto__":{"a":1}}', { 'content-type': 'application/json' }, 'MALFORMED_JSON'],
    ['text', 'kind=pinn', { 'content-type': 'text/plain' }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a form', 'kind=pinn', { 'content-type': 'application/x-www-form-urlencoded' }, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a body of more than a mebibyte',
      JSON.stringify({ kind: 'x'.repeat(2 ** 20) }),
      { 'content-type': 'application/json' },
      'BODY_TOO_LARGE',
    ],
  ])('refuses %s', async (_, payload, headers, code) => {
    await expectProblem(context.app, { method: 'POST', url: '/v1/runs', payload, headers }, code);
  });

  test('is refused while a thousand runs wait', async () => {
    const full = Object.create(context.store) as typeof context.store;
    full.countUnfinished = async () => 1000;
    const { RunService } = await import('../runs/service.ts');
    const runs = new RunService(full, kinds, { wake: () => undefined, cancel: () => undefined }, Date.now);
    const other = await temporaryApp(kinds, { services: { runs } });
    const response = await other.app.inject(post({ kind: 'pinn', spec: PINN }));
    expect(response.statusCode).toBe(429);
    expect(response.headers['retry-after']).toBe('10');
    expect(response.json()).toMatchObject({ code: 'QUEUE_FULL' });
    await other.close();
  });
});

describe('lists', () => {
  test('go on with the cursor until every run was shown, and only under the same filter', async () => {
    const own = await temporaryApp(kinds);
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push((await own.app.inject(post({ kind: 'pinn', spec: PINN }))).json<RunJson>().id);
    const seen = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { items: RunJson[]; nextCursor: string | null } = (
        await own.app.inject(`/v1/runs?limit=2&status=queued,running${cursor === '' ? '' : `&cursor=${cursor}`}`)
      ).json();
      seen.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(seen.map(({ id }) => id)).toEqual(ids.reverse());
    expect(seen[0]).not.toHaveProperty('spec');
    const { nextCursor } = (await own.app.inject('/v1/runs?limit=2')).json<{ nextCursor: string }>();
    const foreign = await own.app.inject(`/v1/runs?limit=2&kind=pinn&cursor=${nextCursor}`);
    expect(foreign.json()).toMatchObject({ code: 'INVALID_CURSOR' });
    await own.close();
  });

  test.each(['limit=0', 'limit=201', 'limit=', 'limit=1.5', 'limit=ten', 'status=done', 'kind=magic', 'page=2'])(
    'refuse %s',
    async (query) => {
      await expectProblem(context.app, { method: 'GET', url: `/v1/runs?${query}` }, 'INVALID_REQUEST', [
        `/${query.split('=')[0]}`,
      ]);
    },
  );

  test('refuse a cursor that is none', async () => {
    await expectProblem(context.app, { method: 'GET', url: '/v1/runs?cursor=abc' }, 'INVALID_CURSOR');
  });
});

describe('cancel and resume', () => {
  test('of a run that has ended name its state', async () => {
    const { id } = await create(context.app);
    const cancelled = await context.app.inject({ method: 'POST', url: `/v1/runs/${id}/cancel` });
    expect(cancelled.statusCode).toBe(202);
    expect(cancelled.json()).toMatchObject({ status: 'cancelled', stopReason: 'cancelled' });
    for (const verb of ['cancel', 'resume']) {
      expect(
        await expectProblem(context.app, { method: 'POST', url: `/v1/runs/${id}/${verb}` }, 'ILLEGAL_TRANSITION'),
      ).toMatchObject({ currentStatus: 'cancelled' });
    }
  });

  test.each([
    ['application/json', '{}'],
    ['application/x-www-form-urlencoded', ''],
  ])('need no body: %s "%s"', async (type, payload) => {
    const { id } = await create(context.app);
    const headers = { 'content-type': type, 'content-length': String(payload.length) };
    const answer = await context.app.inject({ method: 'POST', url: `/v1/runs/${id}/cancel`, headers, payload });
    expect(answer.statusCode).toBe(202);
  });
});

describe('what a run shows', () => {
  test('before it has anything to show is empty', async () => {
    const { id } = await create(context.app);
    expect((await context.app.inject(`/v1/runs/${id}/metrics`)).json()).toEqual({ series: {} });
    expect((await context.app.inject(`/v1/runs/${id}/fields`)).json()).toEqual({ step: null, fields: [] });
    expect((await context.app.inject(`/v1/runs/${id}/distributions`)).json()).toEqual({
      step: null,
      distributions: [],
    });
    await expectProblem(context.app, { method: 'GET', url: `/v1/runs/${id}/fields/u` }, 'FIELD_NOT_FOUND');
    await expectProblem(
      context.app,
      { method: 'GET', url: `/v1/runs/${id}/distributions/policy` },
      'DISTRIBUTION_NOT_FOUND',
    );
  });

  test('metrics: by key, thinned, what is not finite by its code', async () => {
    const own = await temporaryApp(kinds);
    const { id } = (await own.app.inject(post({ kind: 'pinn', spec: PINN }))).json<RunJson>();
    await own.store.claim('me', 30_000);
    await own.store.start(id, 1, 0, ENGINE);
    const points = Array.from({ length: 5000 }, (_, i) => ({
      step: i + 1,
      seconds: i / 100,
      metrics: { loss: i === 2500 ? NaN : 1 / (i + 1), 'opt/lr': 1 },
    }));
    await own.store.report(id, 1, { progress: { step: 5000, seconds: 50, loss: 1, points } });
    const get = async (query: string) =>
      (await own.app.inject(`/v1/runs/${id}/metrics${query}`)).json<{ series: Record<string, { step: number }[]> }>()
        .series;
    const all = await get('');
    expect(Object.keys(all)).toEqual(['loss', 'opt/lr']);
    expect(all['loss']).toHaveLength(1000);
    expect(all['loss']).toContainEqual({ step: 2501, seconds: 25, value: null, nonfinite: 'NaN' });
    const some = await get('?keys=loss,none&maxPoints=10&scale=log');
    expect(Object.keys(some)).toEqual(['loss']);
    expect(some['loss']).toHaveLength(10);
    expect(some['loss']![0]!.step).toBe(1);
    expect(some['loss']!.at(-1)!.step).toBe(5000);
    for (const query of ['?maxPoints=1', '?maxPoints=2001', '?maxPoints=', '?scale=cubic', '?keys=']) {
      const response = await own.app.inject(`/v1/runs/${id}/metrics${query}`);
      expect(response.json(), query).toMatchObject({ code: 'INVALID_REQUEST' });
    }
    await own.close();
  });

  test('an export before it has ended, after it has ended without one, or in a format that does not exist', async () => {
    const { id } = await create(context.app);
    const url = `/v1/runs/${id}/export?format=npy`;
    const early = await expectProblem(context.app, { method: 'GET', url }, 'EXPORT_NOT_FOUND');
    expect(early['detail']).toMatch(/written when the training ends, and the run is queued/);
    await context.app.inject({ method: 'POST', url: `/v1/runs/${id}/cancel` });
    const late = await expectProblem(context.app, { method: 'GET', url }, 'EXPORT_NOT_FOUND');
    expect(late['detail']).toMatch(/a pinn run that ended as cancelled left none/);
    for (const query of ['', '?format=', '?format=xlsx', '?format=npy&more=1']) {
      await expectProblem(context.app, { method: 'GET', url: `/v1/runs/${id}/export${query}` }, 'INVALID_REQUEST');
    }
  });

  test('a field in a media type that it does not have', async () => {
    const { id } = await create(context.app);
    await expectProblem(
      context.app,
      { method: 'GET', url: `/v1/runs/${id}/fields/u`, headers: { accept: 'image/png' } },
      'NOT_ACCEPTABLE',
    );
  });

  test('events: refuses an id that is none', async () => {
    const { id } = await create(context.app);
    await expectProblem(
      context.app,
      { method: 'GET', url: `/v1/runs/${id}/events`, headers: { 'last-event-id': 'x' } },
      'INVALID_REQUEST',
      ['/last-event-id'],
    );
  });

  test('events of an ended run end, and are over for who has them all', async () => {
    const { id } = await create(context.app);
    await context.app.inject({ method: 'POST', url: `/v1/runs/${id}/cancel` });
    const stream = await context.app.inject(`/v1/runs/${id}/events`);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(stream.body).toMatch(
      /^retry: 2000\n\nid: 1\nevent: state\ndata: \{"status":"queued".*\}\n\nid: 2\nevent: state\ndata: \{"status":"cancelled".*\}\n\n$/,
    );
    const later = await context.app.inject({ url: `/v1/runs/${id}/events`, headers: { 'last-event-id': '1' } });
    expect(later.body).toMatch(/^retry: 2000\n\nid: 2\n/);
    for (const last of ['2', '7000']) {
      const headers = { 'last-event-id': last };
      expect((await context.app.inject({ url: `/v1/runs/${id}/events`, headers })).statusCode).toBe(204);
    }
  });
});
