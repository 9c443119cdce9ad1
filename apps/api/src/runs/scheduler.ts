import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Attempt } from './attempt.ts';
import type { AttemptTimes, Log } from './attempt.ts';
import type { RunStore } from './store.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface SchedulerOptions {
  readonly store: RunStore;
  readonly pool: WorkerPool;
  /** Each run has a folder of its own in here. */
  readonly folder: string;
  /** Runs that train at the same time. */
  readonly concurrency: number;
  readonly times: AttemptTimes;
  readonly log: Log;
}

const TICK_MS = 250;
/** Attempts in a row without a new checkpoint before a run is given up. */
const MAX_FRUITLESS = 3;

/** Claims queued runs while there is room, supervises their attempts, and re-queues what was interrupted. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #owner = `${process.pid}-${randomUUID()}`;
  readonly #active = new Map<string, { attempt: Attempt; done: Promise<void> }>();
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), TICK_MS);
    this.wake();
  }

  /** Looks for work now. Called whenever a run may have become due. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#round !== null) {
      this.#again = true;
      return;
    }
    this.#round = this.#work()
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'the scheduler failed; it tries again'))
      .finally(() => {
        this.#round = null;
        if (this.#again) [(this.#again = false), this.wake()];
      });
  }

  /** Passes a user's wish on without waiting for the next heartbeat. */
  cancel(runId: string): void {
    this.#active.get(runId)?.attempt.stop('cancel');
  }

  /** Claims nothing more, asks every child for a checkpoint and waits until all have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#round;
    for (const { attempt } of this.#active.values()) attempt.stop('shutdown');
    await Promise.all([...this.#active.values()].map(({ done }) => done));
  }

  async #work(): Promise<void> {
    const { store, concurrency, times } = this.#options;
    await store.reap(MAX_FRUITLESS);
    while (!this.#stopped && this.#active.size < concurrency) {
      const run = await store.claim(this.#owner, times.leaseMs);
      if (run === null) return;
      const { pool, folder, log } = this.#options;
      const attempt = new Attempt(store, run, pool.take(), join(folder, run.id), times, log);
      log.info({ runId: run.id, attempt: run.attempt, kind: run.kind }, 'attempt begins');
      const done = attempt.supervise().finally(() => {
        this.#active.delete(run.id);
        this.wake();
      });
      this.#active.set(run.id, { attempt, done });
    }
  }
}
