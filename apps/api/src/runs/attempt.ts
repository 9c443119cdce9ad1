import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { START_FILE, exportFile } from '../worker/files.ts';
import type { FromWorker, WorkerOutcome } from '../worker/protocol.ts';
import type { Ending, RunStore, StoredRunDetail } from './store.ts';
import { Watchdog } from './watchdog.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface AttemptTimes {
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** From the wish to stop to SIGTERM; SIGKILL follows after `killMs`. */
  readonly graceMs: number;
  readonly killMs: number;
  /** A run without a new step for this long, and for 20 median steps, is hung. */
  readonly watchdogMs: number;
  /** Wait before the next attempt after the first fruitless one; doubled with each. */
  readonly retryMs: number;
}

export const ATTEMPT_TIMES: AttemptTimes = {
  leaseMs: 30_000,
  heartbeatMs: 5_000,
  graceMs: 10_000,
  killMs: 2_000,
  // A final evaluation on the reference engine reports no steps and may take more than a minute.
  watchdogMs: 180_000,
  retryMs: 250,
};

/** What the service logs to. */
export interface Log {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

const ENDINGS = { finished: 'succeed', diverged: 'diverge', cancelled: 'stop' } as const;

/**
 * One child's try at a run: writes what the child reports under the fence of the attempt, keeps the lease, watches for
 * a standstill, passes a cancel on, and says in the store how it ended. A lost lease ends the child, and nothing that
 * it says afterwards counts.
 */
export class Attempt {
  readonly run: StoredRunDetail;
  readonly #store: RunStore;
  readonly #worker: WorkerProcess;
  readonly #folder: string;
  readonly #times: AttemptTimes;
  readonly #log: Log;
  readonly #watchdog: Watchdog;
  readonly #timers: NodeJS.Timeout[] = [];
  #writes: Promise<void> = Promise.resolve();
  #stopping: 'cancel' | 'shutdown' | null = null;
  #settled = false;
  #hung = false;

  constructor(
    store: RunStore,
    run: StoredRunDetail,
    worker: WorkerProcess,
    folder: string,
    times: AttemptTimes,
    log: Log,
  ) {
    this.#store = store;
    this.run = run;
    this.#worker = worker;
    this.#folder = folder;
    this.#times = times;
    this.#log = log;
    this.#watchdog = new Watchdog(times.watchdogMs);
  }

  /** Resolves when the child has ended and the store knows how. */
  async supervise(): Promise<void> {
    const { id, attempt } = this.run;
    const worker = this.#worker;
    worker.onMessage = (message) => this.#enqueue(() => this.#handle(message));
    this.#timers.push(setInterval(() => this.#enqueue(() => this.#beat()), this.#times.heartbeatMs));
    this.#enqueue(() => this.#begin());
    const { code, signal } = await worker.ended;
    for (const timer of this.#timers) clearInterval(timer);
    this.#enqueue(() => this.#leave(code, signal));
    await this.#writes;
    await this.#sweep().catch((error: unknown) =>
      this.#log.warn({ runId: id, attempt, error }, 'cannot tidy the folder of the run'),
    );
  }

  /** Asks the child to stop after the step under way; forces it when the time of grace is over. */
  stop(reason: 'cancel' | 'shutdown'): void {
    if (this.#stopping !== null) return;
    this.#stopping = reason;
    this.#worker.send({ type: 'stop' });
    const { graceMs, killMs } = this.#times;
    this.#timers.push(setTimeout(() => this.#worker.kill('SIGTERM'), graceMs));
    this.#timers.push(setTimeout(() => this.#worker.kill('SIGKILL'), graceMs + killMs));
  }

  async #begin(): Promise<void> {
    const { id, kind, spec, attempt } = this.run;
    const folder = this.#folder;
    mkdirSync(folder, { recursive: true });
    const checkpoints = await this.#store.checkpoints(id);
    await this.#worker.ready;
    this.#worker.send({ type: 'train', kind, spec, folder, attempt, checkpoints });
    if (this.#stopping !== null) this.#worker.send({ type: 'stop' });
  }

  async #handle(message: FromWorker): Promise<void> {
    const { id, attempt } = this.run;
    if (this.#settled) return;
    if (message.type === 'started') {
      const status = await this.#store.start(id, attempt, message.resumedFrom, message.engine);
      // A cancel that came between claim and start found the state changed: the child is asked to stop.
      if (status === null) return this.#check(await this.#store.heartbeat(id, attempt, this.#times.leaseMs));
      this.#watchdog.step(0, performance.now());
      for (const log of message.notes) await this.#store.report(id, attempt, { log });
    } else if (message.type === 'alive') {
      this.#watchdog.alive(performance.now());
    } else if (message.type === 'report') {
      const { progress } = message.report;
      if (progress !== undefined) this.#watchdog.step(progress.step, performance.now());
      const dropped = await this.#store.report(id, attempt, message.report);
      if (dropped === null) return this.#check(await this.#store.heartbeat(id, attempt, this.#times.leaseMs));
      for (const file of dropped) rmSync(join(this.#folder, file), { force: true });
    } else if (message.type === 'ended') {
      await this.#end(message.outcome);
    } else if (message.type === 'failed') {
      const error = { code: message.code, message: message.message };
      await this.#finish({ event: 'fail', stopReason: 'error', result: null, error });
    }
  }

  async #end(outcome: WorkerOutcome): Promise<void> {
    const { status, stopReason, result, diverged } = outcome;
    // Stopped because the service goes down, not because a user wants the end: the next service goes on from here.
    if (status === 'cancelled' && this.#stopping !== 'cancel') return;
    const error =
      diverged === undefined
        ? null
        : { code: 'DIVERGED', message: `${diverged.metric} was not finite at step ${diverged.step}.` };
    await this.#finish({
      event: ENDINGS[status],
      stopReason,
      result,
      error,
      ...(diverged === undefined ? {} : { diverged }),
    });
  }

  async #finish(ending: Ending): Promise<void> {
    const { id, attempt } = this.run;
    this.#settled = true;
    const status = await this.#store.finish(id, attempt, ending);
    this.#log.info({ runId: id, attempt, status, stopReason: ending.stopReason }, 'run ended');
  }

  async #beat(): Promise<void> {
    const { id, attempt } = this.run;
    if (this.#settled) return;
    this.#check(await this.#store.heartbeat(id, attempt, this.#times.leaseMs));
    if (!this.#watchdog.isHung(performance.now())) return;
    this.#hung = true;
    this.#log.warn({ runId: id, attempt }, 'no new step: the training process is ended');
    this.#worker.kill('SIGKILL');
  }

  #check(status: string | null): void {
    if (status === 'cancelling') this.stop('cancel');
    if (status !== null) return;
    this.#settled = true;
    this.#worker.kill('SIGKILL');
  }

  /** The child is gone: if it did not say how the run ended, the run is interrupted. */
  async #leave(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const { id, attempt, fruitless } = this.run;
    if (this.#settled) return;
    this.#settled = true;
    const words = this.#worker.lastWords;
    const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
    const error =
      this.#stopping === 'shutdown'
        ? { code: 'SERVICE_ENDED', message: 'The service ended while the run was under way.' }
        : {
            code: this.#hung ? 'HUNG' : 'CHILD_ENDED',
            message: `The training process ${how}.${words === '' ? '' : ` ${words}`}`,
          };
    const wait = this.#times.retryMs * 2 ** fruitless * (1 + randomInt(500) / 1000);
    const retryAt = Date.now() + Math.round(wait);
    const status = await this.#store.interrupt(id, attempt, error, retryAt, this.#stopping !== 'shutdown');
    this.#log.warn({ runId: id, attempt, status, error }, 'attempt interrupted');
  }

  /** Removes what neither a row names nor this attempt exported: files of attempts that lost their lease, temporary files. */
  async #sweep(): Promise<void> {
    const { id } = this.run;
    const run = await this.#store.get(id);
    if (run === null || run.attempt !== this.run.attempt) return;
    const kept = new Set((await this.#store.checkpoints(id)).map(({ file }) => file)).add(START_FILE);
    if (run.snapshot !== null) kept.add(run.snapshot).add(run.snapshot.replace(/json$/, 'f32'));
    const exports = exportFile(run.attempt, '');
    for (const file of readdirSync(this.#folder)) {
      const isExport = file.startsWith(exports) && !file.endsWith('.tmp');
      if (!kept.has(file) && !isExport) rmSync(join(this.#folder, file), { force: true });
    }
  }

  /** Everything about one attempt happens in order. A store that fails ends the child: its lease runs out. */
  #enqueue(work: () => Promise<void>): void {
    this.#writes = this.#writes.then(work).catch((error: unknown) => {
      this.#log.error({ runId: this.run.id, attempt: this.run.attempt, err: error }, 'the attempt cannot go on');
      this.#worker.kill('SIGKILL');
    });
  }
}
