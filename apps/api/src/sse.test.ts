import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { uuidv7 } from './runs/id.ts';
import { eventFrames } from './sse.ts';
import { temporaryStore } from './testing/database.ts';

const ENGINE = { kind: 'reference', simd: 'none', threads: 1, version: '0', reasons: [] } as const;
let context: Awaited<ReturnType<typeof temporaryStore>>;
let id: string;

beforeEach(async () => {
  context = await temporaryStore(Date.now);
  id = uuidv7(Date.now());
  await context.store.create({ id, kind: 'pinn', name: 'r', spec: '{}', totalSteps: null });
  await context.store.claim('me', 30_000);
  await context.store.start(id, 1, 0, ENGINE);
});
afterEach(() => context.close());

const log = (text: string) => context.store.report(id, 1, { log: text });
const finish = () => context.store.finish(id, 1, { event: 'succeed', stopReason: 'steps', result: '{}', error: null });

async function collect(after: number, signal = new AbortController().signal, heartbeatMs = 15_000): Promise<string[]> {
  const frames = [];
  for await (const frame of eventFrames(context.store, id, after, signal, heartbeatMs)) frames.push(frame);
  return frames;
}

const ids = (frames: readonly string[]) =>
  frames.flatMap((frame) => (/^id: (\d+)$/m.exec(frame) ? [Number(/^id: (\d+)$/m.exec(frame)![1])] : []));

describe('an event stream', () => {
  test('that begins anywhere while events are written sees each once, in order, and ends with the run', async () => {
    const streams = [collect(0)];
    for (let i = 0; i < 300; i++) {
      await log(`${i}`);
      if (i % 30 === 0) streams.push(collect(i % 60 === 0 ? 0 : i));
    }
    await finish();
    const all = await Promise.all(streams);
    const last = 3 + 300 + 1;
    for (const [k, frames] of all.entries()) {
      const seen = ids(frames);
      const first = k === 0 || (k - 1) % 2 === 0 ? 1 : (k - 1) * 30 + 1;
      expect(seen).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i));
    }
  });

  test('has frames of the event stream format', async () => {
    await log('two\nlines');
    await finish();
    const frames = await collect(3);
    expect(frames[0]).toBe('retry: 2000\n\n');
    expect(frames[1]).toBe('id: 4\nevent: log\ndata: {"message":"two\\nlines"}\n\n');
  });

  test('keeps its connection alive while nothing happens', async () => {
    const stream = collect(3, undefined, 20);
    await new Promise((resolve) => setTimeout(resolve, 120));
    await finish();
    expect((await stream).filter((frame) => frame === ': alive\n\n').length).toBeGreaterThanOrEqual(2);
  });

  test('ends when the service goes down', async () => {
    const down = new AbortController();
    const stream = collect(0, down.signal);
    setTimeout(() => down.abort(), 30);
    expect(ids(await stream)).toEqual([1, 2, 3]);
  });
});
