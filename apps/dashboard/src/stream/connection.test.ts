import { describe, expect, test } from 'vitest';
import { backOff, follow } from './connection.ts';
import type { ConnectionStatus } from './connection.ts';

const body = (text: string): Response => new Response(text, { headers: { 'content-type': 'text/event-stream' } });

describe('follow', () => {
  test('after a break it asks for what follows the last id, and ends when nothing more can come', async () => {
    const asked: (string | null)[] = [];
    const answers = [
      () => body('id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\nda'),
      () => Promise.reject(new Error('refused')),
      () => new Response('', { status: 503 }),
      () => body('id: 3\ndata: c\n\n'),
    ];
    const seen: string[] = [];
    const statuses: ConnectionStatus[] = [];
    const waits: number[] = [];
    await follow(
      'http://service/events',
      {
        onEvent: (event) => seen.push(event.data),
        onStatus: (status) => statuses.push(status),
        finished: () => seen.length === 3,
      },
      {
        signal: new AbortController().signal,
        fetch: async (_url, init) => {
          asked.push(new Headers(init?.headers).get('last-event-id'));
          return answers[asked.length - 1]!();
        },
        wait: async (ms) => void waits.push(ms),
      },
    );
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(asked).toEqual([null, '2', '2', '2']);
    expect(statuses).toEqual(['connecting', 'live', 'reconnecting', 'reconnecting', 'reconnecting', 'live', 'closed']);
    expect(waits).toHaveLength(3);
    expect(waits[2]!).toBeGreaterThan(waits[0]! * 1.9);
  });

  test('a silent connection is dropped and opened again', async () => {
    let calls = 0;
    const abort = new AbortController();
    await follow(
      'http://service/events',
      { onEvent: () => abort.abort(), onStatus: () => undefined, finished: () => false },
      {
        signal: abort.signal,
        silenceMs: 20,
        wait: async () => undefined,
        fetch: async (_url, init) => {
          calls++;
          if (calls > 1) return body('data: x\n\n');
          return new Response(
            new ReadableStream({
              start: (controller) =>
                init?.signal?.addEventListener('abort', () => controller.error(new Error('aborted'))),
            }),
          );
        },
      },
    );
    expect(calls).toBe(2);
  });
});

test('back-off doubles, is capped and leaves half to chance', () => {
  expect([1, 2, 3].map((failures) => backOff(failures, 500, 1))).toEqual([500, 1000, 2000]);
  expect(backOff(30, 500, 1)).toBe(10_000);
  expect(backOff(1, 500, 0)).toBe(250);
});
