import { KfacError } from '@kfac/core';
import type { Kinds } from '../kinds.ts';
import { PROBLEMS, ProblemError } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';
import { uuidv7 } from './id.ts';
import { runNotFound } from './store.sqlite.ts';
import type { RunStore, StoredRunDetail } from './store.ts';

const MAX_UNFINISHED = 1000;

/** What the service asks of the scheduler. */
export interface Dispatcher {
  wake(): void;
  cancel(runId: string): void;
}

/** What clients do with runs. Throws `ProblemError`. */
export class RunService {
  readonly #store: RunStore;
  readonly #kinds: Kinds;
  readonly #dispatcher: Dispatcher;
  readonly #now: () => number;

  constructor(store: RunStore, kinds: Kinds, dispatcher: Dispatcher, now: () => number) {
    this.#store = store;
    this.#kinds = kinds;
    this.#dispatcher = dispatcher;
    this.#now = now;
  }

  /** Checks the specification and queues its run. */
  async create(kind: string, spec: unknown, name: string | undefined): Promise<StoredRunDetail> {
    const effective = this.#parse(kind, spec);
    if ((await this.#store.countUnfinished()) >= MAX_UNFINISHED) {
      throw new ProblemError(
        'QUEUE_FULL',
        `Expected fewer than ${MAX_UNFINISHED} unfinished runs; wait for some to end, or cancel them.`,
        {
          headers: { 'retry-after': '10' },
        },
      );
    }
    const id = uuidv7(this.#now());
    const run = await this.#store.create({
      id,
      kind,
      name: name ?? `${kind} ${id.slice(-6)}`,
      spec: JSON.stringify(effective),
      totalSteps: effective.stop.steps ?? null,
    });
    this.#dispatcher.wake();
    return run;
  }

  async get(id: string): Promise<StoredRunDetail> {
    const run = await this.#store.get(id);
    if (run === null) throw runNotFound(id);
    return run;
  }

  async cancel(id: string): Promise<StoredRunDetail> {
    const run = await this.#store.cancel(id);
    this.#dispatcher.cancel(id);
    return run;
  }

  async resume(id: string): Promise<StoredRunDetail> {
    const run = await this.#store.resume(id);
    this.#dispatcher.wake();
    return run;
  }

  #parse(kind: string, spec: unknown): { readonly stop: { readonly steps?: number | undefined } } {
    try {
      return this.#kinds[kind]!.parse(spec);
    } catch (error) {
      if (!(error instanceof KfacError) || !(error.code in PROBLEMS)) throw error;
      const issues = error.issues.map(({ pointer, detail }) => ({ pointer: `/spec${pointer}`, detail }));
      throw new ProblemError(error.code as ProblemCode, error.message, { issues, cause: error });
    }
  }
}
