import { once } from 'node:events';
import type { RunStore, StoredEvent } from './runs/store.ts';
import { isTerminal } from './runs/state.ts';
import type { RunStatus } from './runs/state.ts';

const PAGE = 200;

/** One event as a frame of the event stream format. `data` is JSON of one line. */
export function frame({ seq, kind, data }: StoredEvent): string {
  return `id: ${seq}\nevent: ${kind}\ndata: ${data}\n\n`;
}

/** True if no event can follow this one. */
function isLast({ kind, data }: StoredEvent): boolean {
  return kind === 'state' && isTerminal((JSON.parse(data) as { status: RunStatus }).status);
}

/**
 * The events of a run with seq > `after` as frames: those that are there, then each as it is committed, until the run
 * has ended or `signal` is raised. Everything is read from the table in order of seq; what happens in this process only
 * says when to look, so that there is neither a gap nor a duplicate between replay and live. A comment every
 * `heartbeatMs` keeps the connection alive.
 */
export async function* eventFrames(
  store: RunStore,
  runId: string,
  after: number,
  signal: AbortSignal,
  heartbeatMs = 15_000,
): AsyncGenerator<string> {
  const wake = new EventTarget();
  let news = true;
  const unsubscribe = store.subscribe((id) => {
    if (id !== runId) return;
    news = true;
    wake.dispatchEvent(new Event('news'));
  });
  try {
    yield 'retry: 2000\n\n';
    while (!signal.aborted) {
      news = false;
      const events = await store.events(runId, after, PAGE);
      for (const event of events) {
        yield frame(event);
        after = event.seq;
        if (isLast(event)) return;
      }
      if (events.length === PAGE || news) continue;
      if (!(await heard(wake, signal, heartbeatMs))) yield ': alive\n\n';
    }
  } finally {
    unsubscribe();
  }
}

/** Waits for news; false after `milliseconds` without any, and when `signal` is raised. */
async function heard(wake: EventTarget, signal: AbortSignal, milliseconds: number): Promise<boolean> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), milliseconds);
  try {
    await once(wake as unknown as NodeJS.EventEmitter, 'news', { signal: AbortSignal.any([signal, timeout.signal]) });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
