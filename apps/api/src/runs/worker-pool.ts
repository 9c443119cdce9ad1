import type { EngineDescription } from '@kfac/core';
import { WorkerProcess } from './worker-process.ts';
import type { WorkerOptions } from './worker-process.ts';

const REFILL_AFTER_MS = 1000;

/**
 * Keeps one training child loaded and idle, so that a run trains milliseconds after it was asked for instead of after
 * the start of a process. Each child serves one run; the next is started a moment later, not while the first begins.
 */
export class WorkerPool {
  readonly #options: WorkerOptions;
  #idle: WorkerProcess | null = null;
  #timer: NodeJS.Timeout | null = null;
  #engine: Promise<EngineDescription>;
  #closed = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#idle = this.#fork();
    this.#engine = this.#idle.ready;
  }

  /** The engine of the children, as the latest of them described it. Rejects if they do not start. */
  engine(): Promise<EngineDescription> {
    return this.#engine;
  }

  /** A child for one run; it may still be loading. */
  take(): WorkerProcess {
    const worker = this.#idle ?? this.#fork();
    this.#idle = null;
    this.#refill();
    return worker;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const idle = this.#idle;
    this.#idle = null;
    idle?.kill('SIGKILL');
    await idle?.ended;
  }

  #fork(): WorkerProcess {
    const worker = new WorkerProcess(this.#options);
    void worker.ready.then((engine) => (this.#engine = Promise.resolve(engine))).catch(() => undefined);
    void worker.ended.then(() => {
      if (this.#idle !== worker) return;
      this.#idle = null;
      this.#refill();
    });
    return worker;
  }

  #refill(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (!this.#closed) this.#idle ??= this.#fork();
    }, REFILL_AFTER_MS);
  }
}
