import { EventStreamParser } from './parser.ts';
import type { StreamEvent } from './parser.ts';

export type ConnectionStatus = 'connecting' | 'live' | 'reconnecting' | 'closed';

export interface ConnectionHandlers {
  onEvent(event: StreamEvent): void;
  onStatus(status: ConnectionStatus): void;
  /** Asked when the stream ends: true if nothing more can come. */
  finished(): boolean;
}

export interface ConnectionOptions {
  readonly signal: AbortSignal;
  /** Milliseconds without a byte, heartbeats included, after which the connection counts as dead. */
  readonly silenceMs?: number;
  readonly fetch?: typeof fetch;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Longest pause between two attempts, in milliseconds. */
const MAX_WAIT_MS = 10_000;

/** The pause before attempt `failures` + 1: exponential from `base`, capped, with the upper half left to chance. */
export function backOff(failures: number, base: number, chance: number): number {
  return Math.min(MAX_WAIT_MS, base * 2 ** Math.max(0, failures - 1)) * (0.5 + 0.5 * chance);
}

/**
 * Follows an event stream until it is finished or the signal is raised. After an interruption it asks for what it has
 * missed (`Last-Event-ID`), so that every event arrives once and in order.
 */
export async function follow(url: string, handlers: ConnectionHandlers, options: ConnectionOptions): Promise<void> {
  const { signal } = options;
  let lastId = '';
  let base = 500;
  let failures = 0;
  handlers.onStatus('connecting');
  while (!signal.aborted) {
    try {
      await read(url, lastId, options, {
        opened: () => {
          failures = 0;
          handlers.onStatus('live');
        },
        retry: (ms) => (base = Math.min(ms, 2000)),
        event: (event) => {
          lastId = event.id;
          handlers.onEvent(event);
        },
      });
    } catch {
      // Whatever broke the connection, the answer is the same: try again.
    }
    if (signal.aborted || handlers.finished()) break;
    failures++;
    handlers.onStatus('reconnecting');
    await (options.wait ?? pause)(backOff(failures, base, Math.random()), signal);
  }
  handlers.onStatus('closed');
}

interface Reader {
  opened(): void;
  retry(ms: number): void;
  event(event: StreamEvent): void;
}

async function read(url: string, lastId: string, options: ConnectionOptions, reader: Reader): Promise<void> {
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (lastId !== '') headers['last-event-id'] = lastId;
  const silence = new AbortController();
  const silent = (): void => silence.abort();
  let timer = setTimeout(silent, options.silenceMs ?? 45_000);
  try {
    const signal = AbortSignal.any([options.signal, silence.signal]);
    const response = await (options.fetch ?? fetch)(url, { headers, signal, cache: 'no-store' });
    if (!response.ok || response.body === null)
      throw new Error(`expected an event stream, got status ${response.status}`);
    reader.opened();
    const parser = new EventStreamParser();
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await pieces.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(silent, options.silenceMs ?? 45_000);
      const { events, retry } = parser.feed(value);
      if (retry !== undefined) reader.retry(retry);
      events.forEach((event) => reader.event(event));
    }
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
