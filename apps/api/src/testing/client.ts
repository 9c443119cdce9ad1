import { setTimeout as sleep } from 'node:timers/promises';

/** A run as REST shows it, as far as tests look at it. */
export interface RunJson {
  readonly id: string;
  readonly status: string;
  readonly step: number;
  readonly attempt: number;
  readonly stopReason: string | null;
  readonly error: { code: string; message: string } | null;
  readonly result: Record<string, unknown> | null;
  readonly spec: Record<string, unknown>;
}

export interface StreamEvent {
  readonly id: number;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

const ENDED = new Set(['succeeded', 'failed', 'diverged', 'cancelled']);

/** What tests ask of a service at `address`. */
export class Client {
  readonly address: string;

  constructor(address: string) {
    this.address = address;
  }

  async json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(this.address + path, init);
    const body = (await response.json()) as T;
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return body;
  }

  create(kind: string, spec: object): Promise<RunJson> {
    const body = JSON.stringify({ kind, spec });
    return this.json('/v1/runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }

  run(id: string): Promise<RunJson> {
    return this.json(`/v1/runs/${id}`);
  }

  cancel(id: string): Promise<RunJson> {
    return this.json(`/v1/runs/${id}/cancel`, { method: 'POST' });
  }

  series(id: string): Promise<Record<string, { step: number; value: number | null; nonfinite?: string }[]>> {
    return this.json<{ series: Record<string, { step: number; value: number | null }[]> }>(
      `/v1/runs/${id}/metrics?maxPoints=2000`,
    ).then(({ series }) => series);
  }

  /** Waits until `done` holds; throws with the run after `milliseconds`. */
  async until(id: string, done: (run: RunJson) => boolean, milliseconds = 30_000): Promise<RunJson> {
    const end = performance.now() + milliseconds;
    for (;;) {
      const run = await this.run(id);
      if (done(run)) return run;
      if (performance.now() > end)
        throw new Error(`The run did not get there: ${JSON.stringify({ ...run, result: null })}`);
      await sleep(20);
    }
  }

  ended(id: string, milliseconds = 30_000): Promise<RunJson> {
    return this.until(id, ({ status }) => ENDED.has(status), milliseconds);
  }

  /** Reads the stream of a run until it ends, the connection breaks or `enough` holds. */
  async events(
    id: string,
    after = 0,
    enough: (events: readonly StreamEvent[]) => boolean = () => false,
  ): Promise<StreamEvent[]> {
    const abort = new AbortController();
    const headers = after > 0 ? { 'last-event-id': String(after) } : {};
    const response = await fetch(`${this.address}/v1/runs/${id}/events`, { headers, signal: abort.signal });
    const events: StreamEvent[] = [];
    if (response.status !== 200) return events;
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        const frames = text.split('\n\n');
        text = frames.pop()!;
        for (const frame of frames) {
          const fields = Object.fromEntries(
            frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
          );
          if (fields['id'] === undefined) continue;
          events.push({
            id: Number(fields['id']),
            event: fields['event']!,
            data: JSON.parse(fields['data']!) as Record<string, unknown>,
          });
          if (enough(events)) return events;
        }
      }
    } catch {
      // The service went away: what arrived counts.
    } finally {
      abort.abort();
    }
    return events;
  }
}
