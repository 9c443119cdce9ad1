import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryStore, testClock } from '../testing/database.ts';
import { uuidv7 } from './id.ts';
import type { RunStore } from './store.ts';

const ENGINE = { kind: 'reference', simd: 'none', threads: 1, version: '0', reasons: [] } as const;
const LEASE = 30_000;
const clock = testClock();
let store: RunStore;
let context: Awaited<ReturnType<typeof temporaryStore>>;

beforeEach(async () => {
  context = await temporaryStore(clock);
  store = context.store;
});
afterEach(() => context.close());

async function queue(name = 'r', totalSteps: number | null = 100): Promise<string> {
  const id = uuidv7(clock());
  await store.create({ id, kind: 'pinn', name, spec: '{"a":1}', totalSteps });
  return id;
}

async function running(resumedFrom = 0): Promise<{ id: string; attempt: number }> {
  const id = await queue();
  const run = await store.claim('me', LEASE);
  await store.start(id, run!.attempt, resumedFrom, ENGINE);
  return { id, attempt: run!.attempt };
}

function progress(step: number, metrics: Record<string, number> = { loss: 1 / step }) {
  return {
    progress: { step, seconds: step / 10, loss: metrics['loss'] ?? 0, points: [{ step, seconds: step / 10, metrics }] },
  };
}

const checkpoint = (step: number, attempt: number) => ({ step, file: `c-${attempt}-${step}`, bytes: 3, sha256: 'x' });
const kinds = async (id: string) =>
  (await store.events(id, 0, 1000)).map(
    ({ kind, data }) => [kind, JSON.parse(data) as Record<string, unknown>] as const,
  );
const states = async (id: string) =>
  (await kinds(id)).filter(([kind]) => kind === 'state').map(([, data]) => data['status']);
const succeed = { event: 'succeed', stopReason: 'steps', result: '{"x":0.1}', error: null } as const;

describe('create, get, list', () => {
  test('a new run is queued, with its first event', async () => {
    const id = await queue('first');
    expect(await store.get(id)).toMatchObject({
      id,
      name: 'first',
      status: 'queued',
      attempt: 0,
      step: 0,
      totalSteps: 100,
      spec: '{"a":1}',
      createdAt: clock(),
      startedAt: null,
    });
    expect(await states(id)).toEqual(['queued']);
    expect(await store.get(uuidv7(1))).toBeNull();
  });

  test('pages hold every run once, newest first', async () => {
    const ids = [];
    for (let i = 0; i < 7; i++) ids.push(await queue(`r${i}`));
    const seen: string[] = [];
    for (let after: string | null = null; ;) {
      const page = await store.list({}, 3, after);
      seen.push(...page.map(({ id }) => id));
      if (page.length < 3) break;
      after = seen.at(-1)!;
    }
    expect(seen).toEqual(ids.reverse());
  });

  test('filters by state and kind', async () => {
    const { id } = await running();
    await queue();
    expect((await store.list({ status: ['running'] }, 10, null)).map((run) => run.id)).toEqual([id]);
    expect(await store.list({ kind: 'hedging' }, 10, null)).toEqual([]);
    expect(await store.countUnfinished()).toBe(2);
  });
});

describe('claims', () => {
  test('the oldest due run is taken, once, with the next attempt and a lease', async () => {
    const [first, second] = [await queue(), await queue()];
    expect(await store.claim('a', LEASE)).toMatchObject({
      id: first,
      attempt: 1,
      status: 'claimed',
      startedAt: clock(),
    });
    expect((await store.claim('b', LEASE))?.id).toBe(second);
    expect(await store.claim('c', LEASE)).toBeNull();
  });

  test('three processes that claim 60 runs take each exactly once', async () => {
    const ids = [];
    for (let i = 0; i < 60; i++) ids.push(await queue());
    const script = fileURLToPath(new URL('../testing/claimer.ts', import.meta.url));
    const outputs = await Promise.all(
      ['a', 'b', 'c'].map((owner) =>
        promisify(execFile)(process.execPath, [
          '--import',
          'tsx',
          '--conditions=@kfac/source',
          script,
          context.file,
          owner,
        ]),
      ),
    );
    const claimed = outputs.flatMap(({ stdout }) => stdout.trim().split('\n').filter(Boolean));
    expect(claimed.sort()).toEqual(ids.map((id) => `${id} 1`).sort());
  });
});

describe('fencing', () => {
  test('a zombie writes nothing: not points, checkpoints, endings or leases', async () => {
    const { id } = await running();
    await store.interrupt(id, 1, { code: 'X', message: 'x' }, 0, true);
    await store.reap(3);
    const second = await store.claim('other', LEASE);
    await store.start(id, second!.attempt, 0, ENGINE);
    const before = await store.events(id, 0, 100);
    expect(
      await store.report(id, 1, {
        ...progress(5),
        checkpoint: checkpoint(5, 1),
        snapshot: { step: 5, file: 's' },
        log: 'l',
      }),
    ).toBeNull();
    expect(await store.finish(id, 1, succeed)).toBeNull();
    expect(await store.interrupt(id, 1, { code: 'X', message: 'x' }, 0, true)).toBeNull();
    expect(await store.heartbeat(id, 1, LEASE)).toBeNull();
    expect(await store.start(id, 1, 0, ENGINE)).toBeNull();
    expect(await store.events(id, 0, 100)).toEqual(before);
    expect(await store.checkpoints(id)).toEqual([]);
    expect((await store.series(id, null)).size).toBe(0);
    expect(await store.report(id, 2, progress(1))).toEqual([]);
  });

  test('an ended run is immutable', async () => {
    const { id, attempt } = await running();
    expect(await store.finish(id, attempt, succeed)).toBe('succeeded');
    const ended = await store.get(id);
    expect(ended).toMatchObject({ status: 'succeeded', stopReason: 'steps', result: '{"x":0.1}', endedAt: clock() });
    expect(await store.report(id, attempt, progress(9))).toBeNull();
    expect(await store.finish(id, attempt, { ...succeed, event: 'fail' })).toBeNull();
    await expect(store.cancel(id)).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' });
    await expect(store.resume(id)).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' });
    await store.takeOver();
    expect(await store.get(id)).toEqual(ended);
  });
});

describe('metrics', () => {
  test('every bit of a value comes back, and what JSON cannot carry by its code', async () => {
    const { id, attempt } = await running();
    const values = Array.from({ length: 2000 }, (_, i) => Math.exp(Math.sin(i * 12.9898) * 50) / 3);
    const points = values.map((loss, i) => ({ step: i + 1, seconds: i / 7, metrics: { loss } }));
    await store.report(id, attempt, { progress: { step: 2000, seconds: 300, loss: 1, points } });
    await store.report(id, attempt, progress(2001, { loss: NaN, 'opt/lr': Infinity, 'opt/damping': -Infinity }));
    const series = await store.series(id, null);
    expect(
      series
        .get('loss')!
        .slice(0, 2000)
        .map(({ value }) => value),
    ).toEqual(values);
    expect(series.get('loss')!.at(-1)).toEqual({ step: 2001, seconds: 200.1, value: null, nonfinite: 'NaN' });
    expect(series.get('opt/lr')).toEqual([{ step: 2001, seconds: 200.1, value: null, nonfinite: '+Inf' }]);
    expect(series.get('opt/damping')![0]).toMatchObject({ nonfinite: '-Inf' });
    expect([...(await store.series(id, ['opt/lr', 'unknown'])).keys()]).toEqual(['opt/lr']);
    expect(await store.get(id)).toMatchObject({ loss: null, step: 2001 });
  });

  test('points beyond the step that a later attempt resumes from are hidden, never mixed, and a rewind says so', async () => {
    const { id } = await running();
    for (const step of [1, 2, 3, 4, 5]) await store.report(id, 1, progress(step, { loss: step }));
    await store.interrupt(id, 1, { code: 'X', message: 'x' }, 0, true);
    await store.reap(9);
    await store.claim('me', LEASE);
    await store.start(id, 2, 3, ENGINE);
    expect((await store.series(id, null)).get('loss')!.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(await store.get(id)).toMatchObject({ step: 3 });
    await store.report(id, 2, progress(4, { loss: 40 }));
    expect((await store.series(id, null)).get('loss')!.map(({ value }) => value)).toEqual([1, 2, 3, 40]);
    await store.interrupt(id, 2, { code: 'X', message: 'x' }, 0, true);
    await store.reap(9);
    await store.claim('me', LEASE);
    await store.start(id, 3, 0, ENGINE);
    expect((await store.series(id, null)).size).toBe(0);
    expect((await kinds(id)).filter(([kind]) => kind === 'rewind').map(([, data]) => data)).toEqual([
      { step: 3 },
      { step: 0 },
    ]);
  });
});

describe('checkpoints', () => {
  test('the two newest are kept, and the files of the others handed back', async () => {
    const { id, attempt } = await running();
    expect(await store.report(id, attempt, { checkpoint: checkpoint(100, 1) })).toEqual([]);
    expect(await store.report(id, attempt, { checkpoint: checkpoint(200, 1) })).toEqual([]);
    expect(await store.report(id, attempt, { checkpoint: checkpoint(300, 1) })).toEqual(['c-1-100']);
    expect((await store.checkpoints(id)).map(({ step }) => step)).toEqual([300, 200]);
  });

  test('what a later attempt wrote is newer, whatever its step', async () => {
    const { id } = await running();
    await store.report(id, 1, { checkpoint: checkpoint(100, 1) });
    await store.report(id, 1, { checkpoint: checkpoint(200, 1) });
    await store.interrupt(id, 1, { code: 'X', message: 'x' }, 0, true);
    await store.reap(9);
    await store.claim('me', LEASE);
    await store.start(id, 2, 100, ENGINE);
    await store.report(id, 2, { checkpoint: checkpoint(150, 2) });
    expect((await store.checkpoints(id)).map(({ file }) => file)).toEqual(['c-2-150', 'c-1-200']);
  });
});

describe('interruption', () => {
  test('an expired lease is re-queued; a heartbeat keeps it', async () => {
    const { id, attempt } = await running();
    clock.advance(LEASE - 1);
    expect(await store.heartbeat(id, attempt, LEASE)).toBe('running');
    clock.advance(LEASE - 1);
    expect(await store.reap(3)).toBe(false);
    clock.advance(2);
    expect(await store.reap(3)).toBe(true);
    expect(await states(id)).toEqual(['queued', 'claimed', 'running', 'interrupted', 'queued']);
  });

  test('a run waits for its retry time, unless a user resumes it', async () => {
    const { id } = await running();
    expect(await store.interrupt(id, 1, { code: 'CHILD_KILLED', message: 'k' }, clock() + 1000, true)).toBe(
      'interrupted',
    );
    expect(await store.reap(3)).toBe(false);
    expect(await store.get(id)).toMatchObject({ status: 'interrupted', error: { code: 'CHILD_KILLED' } });
    expect(await store.resume(id)).toMatchObject({ status: 'queued', fruitless: 0 });
    expect((await store.claim('me', LEASE))?.attempt).toBe(2);
  });

  test('attempts without a new checkpoint are counted, one with progress starts the count again', async () => {
    const { id } = await running();
    const lose = async (attempt: number) => {
      await store.interrupt(id, attempt, { code: 'X', message: 'gone' }, 0, true);
      await store.reap(3);
      const run = await store.claim('me', LEASE);
      if (run !== null) await store.start(id, run.attempt, 0, ENGINE);
      return run?.attempt ?? null;
    };
    expect(await lose(1)).toBe(2);
    expect(await lose(2)).toBe(3);
    await store.report(id, 3, { checkpoint: checkpoint(100, 3) });
    expect(await lose(3)).toBe(4);
    expect(await lose(4)).toBe(5);
    expect(await lose(5)).toBeNull();
    expect(await store.get(id)).toMatchObject({
      status: 'failed',
      stopReason: 'lease-lost',
      error: { message: 'gone' },
    });
  });

  test('after the death of a service every run goes on at once and nothing counts against it', async () => {
    const running1 = await running();
    const cancelling = await running();
    await store.cancel(cancelling.id);
    const waiting = await running();
    await store.interrupt(waiting.id, 1, { code: 'X', message: 'x' }, clock() + 60_000, true);
    const claimed = await queue();
    await store.claim('me', LEASE);
    const queued = await queue();
    await store.takeOver();
    for (const id of [running1.id, waiting.id, claimed, queued])
      expect(await store.get(id)).toMatchObject({ status: 'queued' });
    expect(await store.get(running1.id)).toMatchObject({ fruitless: 0 });
    expect(await store.get(cancelling.id)).toMatchObject({
      status: 'cancelled',
      stopReason: 'cancelled',
      endedAt: clock(),
    });
    for (const id of [running1.id, waiting.id, claimed, queued]) expect((await store.claim('new', LEASE))?.id).toBe(id);
  });
});

describe('cancel', () => {
  test('queued and interrupted runs end at once', async () => {
    const id = await queue();
    expect(await store.cancel(id)).toMatchObject({ status: 'cancelled', stopReason: 'cancelled', endedAt: clock() });
    const other = await running();
    await store.interrupt(other.id, 1, { code: 'X', message: 'x' }, clock() + 60_000, true);
    expect(await store.cancel(other.id)).toMatchObject({ status: 'cancelled' });
    expect(await store.claim('me', LEASE)).toBeNull();
  });

  test('an owned run is asked first, again without effect, and ends as cancelled whatever its child says', async () => {
    for (const event of ['succeed', 'fail', 'diverge', 'stop'] as const) {
      const { id, attempt } = await running();
      expect(await store.cancel(id)).toMatchObject({ status: 'cancelling' });
      expect(await store.cancel(id)).toMatchObject({ status: 'cancelling' });
      expect(await store.heartbeat(id, attempt, LEASE)).toBe('cancelling');
      expect(await store.report(id, attempt, { checkpoint: checkpoint(1, 1) })).toEqual([]);
      expect(await store.finish(id, attempt, { ...succeed, event })).toBe('cancelled');
    }
  });

  test('a lease that expires while cancelling ends the run', async () => {
    const { id } = await running();
    await store.cancel(id);
    clock.advance(LEASE + 1);
    await store.reap(3);
    expect(await store.get(id)).toMatchObject({ status: 'cancelled', endedAt: clock() });
  });

  test('a run that does not exist is a 404', async () => {
    await expect(store.cancel(uuidv7(1))).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});

describe('events', () => {
  test('numbers are 1, 2, … within a run, whoever writes at once, and every commit wakes the listeners', async () => {
    const woken: string[] = [];
    const stop = store.subscribe((id) => woken.push(id));
    const { id, attempt } = await running();
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.report(id, attempt, progress(i + 1))));
    const events = await store.events(id, 0, 100);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 23 }, (_, i) => i + 1));
    expect((await store.events(id, 20, 2)).map(({ seq }) => seq)).toEqual([21, 22]);
    expect(woken.filter((name) => name === id)).toHaveLength(23);
    stop();
  });

  test('a divergence names step and metric before the state', async () => {
    const { id, attempt } = await running();
    await store.finish(id, attempt, { ...succeed, event: 'diverge', diverged: { step: 7, metric: 'loss' } });
    expect((await kinds(id)).slice(-2)).toEqual([
      ['diverged', { step: 7, metric: 'loss' }],
      ['state', expect.objectContaining({ status: 'diverged' })],
    ]);
  });
});
