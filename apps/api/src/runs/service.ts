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

/** The network that a run starts from. */
export interface StartNetwork {
  readonly network: unknown;
  /** Puts it into the folder of the run that will start from it. */
  keep(id: string): Promise<void>;
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

  /** Checks the specification and queues its run; `start` is the network that it starts from. */
  async create(kind: string, spec: unknown, name: string | undefined, start?: StartNetwork): Promise<StoredRunDetail> {
    const effective = this.#checked(() => this.#kinds[kind]!.parse(spec));
    if (start !== undefined) this.#checkStart(kind, spec, start.network);
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
    await start?.keep(id);
    const run = await this.#store.create({
      id,
      kind,
      name: name ?? `${kind} ${id.slice(-6)}`,
      spec: JSON.stringify(effective),
      totalSteps: this.#kinds[kind]!.steps(effective) ?? null,
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

  #checkStart(kind: string, spec: unknown, network: unknown): void {
    const { checkNetwork } = this.#kinds[kind]!;
    if (checkNetwork === undefined) {
      const detail = `Expected no startFrom for a ${kind} run: it cannot start from a saved network`;
      throw new ProblemError('INVALID_REQUEST', detail, { issues: [{ pointer: '/startFrom', detail }] });
    }
    this.#checked(() => checkNetwork(spec, network));
  }

  #checked<T>(check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof KfacError) || !(error.code in PROBLEMS)) throw error;
      const issues = error.issues.map(({ pointer, detail }) => ({ pointer: `/spec${pointer}`, detail }));
      throw new ProblemError(error.code as ProblemCode, error.message, { issues, cause: error });
    }
  }
}
