import type { EngineDescription } from '@kfac/core';
import type { PrismaClient } from '../generated/sqlite/client.ts';
import { ProblemError } from '../problem.ts';
import { readSeries } from './points.sqlite.ts';
import { writeReport } from './report.sqlite.ts';
import { DETAIL_COLUMNS, SUMMARY_COLUMNS, toDetail, toRun } from './rows.ts';
import type { DetailRow, SummaryRow } from './rows.ts';
import { OWNED_STATUSES, RUN_STATUSES, illegalTransition, isTerminal } from './state.ts';
import type { RunStatus } from './state.ts';
import type {
  CheckpointFile,
  Ending,
  NewRun,
  Report,
  RunError,
  RunFilter,
  RunStore,
  SeriesPoint,
  StoredEvent,
  StoredRun,
  StoredRunDetail,
} from './store.ts';
import { emit, interrupt, sqlList, stateData, transition } from './transition.sqlite.ts';
import type { Columns, Scope, Transaction } from './transition.sqlite.ts';

const OWNED = sqlList(OWNED_STATUSES);
const UNFINISHED = sqlList(RUN_STATUSES.filter((status) => !isTerminal(status)));

/**
 * The store on SQLite. Every transaction begins with a write, so that it waits for the lock of another process instead
 * of failing half-way, and all of them pass through one queue, because the driver has one connection: a read between
 * the statements of a transaction would see what is not committed yet.
 */
export class SqliteRunStore implements RunStore {
  readonly #client: PrismaClient;
  readonly #now: () => number;
  readonly #listeners = new Set<(runId: string) => void>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: PrismaClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  create(run: NewRun): Promise<StoredRunDetail> {
    return this.#write(run.id, async (scope) => {
      const rows = await scope.tx.$queryRawUnsafe<DetailRow[]>(
        `INSERT INTO "Run" ("id","kind","name","status","spec","totalSteps","createdAt") VALUES (?,?,?,'queued',?,?,?)
         RETURNING ${DETAIL_COLUMNS}`,
        run.id,
        run.kind,
        run.name,
        run.spec,
        run.totalSteps,
        this.#now(),
      );
      const created = toDetail(rows[0]!);
      await emit(scope, run.id, 'state', stateData(created));
      return created;
    });
  }

  get(id: string): Promise<StoredRunDetail | null> {
    return this.#read((client) => get(client, id));
  }

  list(filter: RunFilter, limit: number, after: string | null): Promise<StoredRun[]> {
    const conditions = ['1'];
    const values: (string | number)[] = [];
    if (filter.status !== undefined) conditions.push(`"status" IN (${sqlList(filter.status)})`);
    if (filter.kind !== undefined) [conditions.push('"kind" = ?'), values.push(filter.kind)];
    if (after !== null) [conditions.push('"id" < ?'), values.push(after)];
    const sql = `SELECT ${SUMMARY_COLUMNS} FROM "Run" WHERE ${conditions.join(' AND ')} ORDER BY "id" DESC LIMIT ?`;
    return this.#read(async (client) => (await client.$queryRawUnsafe<SummaryRow[]>(sql, ...values, limit)).map(toRun));
  }

  countUnfinished(): Promise<number> {
    return this.#read(async (client) => {
      const rows = await client.$queryRawUnsafe<{ n: bigint }[]>(
        `SELECT count(*) AS n FROM "Run" WHERE "status" IN (${UNFINISHED})`,
      );
      return Number(rows[0]!.n);
    });
  }

  claim(owner: string, leaseMs: number): Promise<StoredRunDetail | null> {
    return this.#write(null, async (scope) => {
      const now = this.#now();
      const rows = await scope.tx.$queryRawUnsafe<DetailRow[]>(
        `UPDATE "Run" SET "status"='claimed', "attempt"="attempt"+1, "leaseOwner"=?, "leaseUntil"=?, "startedAt"=coalesce("startedAt",?)
         WHERE "id" = (SELECT "id" FROM "Run" WHERE "status"='queued' AND "notBefore"<=? ORDER BY "id" LIMIT 1) AND "status"='queued'
         RETURNING ${DETAIL_COLUMNS}`,
        owner,
        now + leaseMs,
        now,
        now,
      );
      if (rows[0] === undefined) return null;
      const run = toDetail(rows[0]);
      await scope.tx.$executeRawUnsafe(
        'INSERT INTO "Attempt" ("runId","attempt","startedAt") VALUES (?,?,?)',
        run.id,
        run.attempt,
        now,
      );
      await emit(scope, run.id, 'state', stateData(run));
      return run;
    });
  }

  start(id: string, attempt: number, resumedFrom: number, engine: EngineDescription): Promise<RunStatus | null> {
    return this.#write(id, async (scope) => {
      const run = await transition(scope, id, 'start', attempt, {
        step: resumedFrom,
        engine: JSON.stringify(engine),
      });
      if (run === null) return null;
      await scope.tx.$executeRawUnsafe(
        'UPDATE "Attempt" SET "resumedFrom"=? WHERE "runId"=? AND "attempt"=?',
        resumedFrom,
        id,
        attempt,
      );
      if (attempt > 1) {
        await scope.tx.$executeRawUnsafe(
          'UPDATE "Attempt" SET "visibleUpTo"=min("visibleUpTo",?) WHERE "runId"=? AND "attempt"<?',
          resumedFrom,
          id,
          attempt,
        );
        await emit(scope, id, 'rewind', { step: resumedFrom });
      }
      return run.status;
    });
  }

  report(id: string, attempt: number, report: Report): Promise<string[] | null> {
    return this.#write(id, (scope) => writeReport(scope, id, attempt, report));
  }

  finish(id: string, attempt: number, ending: Ending): Promise<RunStatus | null> {
    return this.#write(id, async (scope) => {
      const { stopReason, result, error, diverged } = ending;
      const columns = { stopReason, result, error: error === null ? null : JSON.stringify(error) };
      const before = diverged === undefined ? undefined : { kind: 'diverged' as const, data: diverged };
      return (await transition(scope, id, ending.event, attempt, columns, before))?.status ?? null;
    });
  }

  interrupt(
    id: string,
    attempt: number,
    error: RunError,
    retryAt: number,
    counted: boolean,
  ): Promise<RunStatus | null> {
    return this.#write(id, (scope) => interrupt(scope, id, attempt, error, retryAt, counted));
  }

  heartbeat(id: string, attempt: number, leaseMs: number): Promise<RunStatus | null> {
    return this.#write(null, async (scope) => {
      const rows = await scope.tx.$queryRawUnsafe<{ status: RunStatus }[]>(
        `UPDATE "Run" SET "leaseUntil"=? WHERE "id"=? AND "attempt"=? AND "status" IN (${OWNED}) RETURNING "status"`,
        this.#now() + leaseMs,
        id,
        attempt,
      );
      return rows[0]?.status ?? null;
    });
  }

  cancel(id: string): Promise<StoredRunDetail> {
    return this.#byUser(id, 'cancel');
  }

  resume(id: string): Promise<StoredRunDetail> {
    return this.#byUser(id, 'requeue');
  }

  async reap(maxFruitless: number): Promise<boolean> {
    const now = this.#now();
    const expired = await this.#read((client) =>
      client.$queryRawUnsafe<{ id: string; attempt: number }[]>(
        `SELECT "id","attempt" FROM "Run" WHERE "status" IN (${OWNED}) AND "leaseUntil" < ?`,
        now,
      ),
    );
    for (const { id, attempt } of expired) {
      const error = { code: 'LEASE_LOST', message: `The supervisor of attempt ${attempt} gave no sign of life.` };
      await this.interrupt(id, attempt, error, now, true);
    }
    const due = await this.#read((client) =>
      client.$queryRawUnsafe<{ id: string; attempt: number; fruitless: number }[]>(
        `SELECT "id","attempt","fruitless" FROM "Run" WHERE "status"='interrupted' AND "notBefore" <= ?`,
        now,
      ),
    );
    for (const { id, attempt, fruitless } of due) {
      const spent = fruitless >= maxFruitless;
      await this.#write(id, (scope) =>
        spent
          ? transition(scope, id, 'fail', attempt, { stopReason: 'lease-lost' })
          : transition(scope, id, 'requeue', attempt, {}),
      );
    }
    return expired.length + due.length > 0;
  }

  async takeOver(): Promise<void> {
    const orphans = await this.#read((client) =>
      client.$queryRawUnsafe<{ id: string; attempt: number; status: RunStatus }[]>(
        `SELECT "id","attempt","status" FROM "Run" WHERE "status" IN (${OWNED}, 'interrupted') ORDER BY "id"`,
      ),
    );
    for (const { id, attempt, status } of orphans) {
      await this.#write(id, async (scope) => {
        const error = { code: 'SERVICE_ENDED', message: 'The service ended while the run was under way.' };
        const now = status === 'interrupted' ? status : await interrupt(scope, id, attempt, error, 0, false);
        if (now === 'interrupted') await transition(scope, id, 'requeue', attempt, { notBefore: 0 });
      });
    }
  }

  checkpoints(id: string): Promise<CheckpointFile[]> {
    return this.#read((client) =>
      client.$queryRawUnsafe<CheckpointFile[]>(
        'SELECT "step","file","bytes","sha256" FROM "Checkpoint" WHERE "runId"=? ORDER BY "attempt" DESC, "step" DESC',
        id,
      ),
    );
  }

  series(id: string, keys: readonly string[] | null): Promise<Map<string, SeriesPoint[]>> {
    return this.#read((client) => readSeries(client, id, keys));
  }

  events(id: string, after: number, limit: number): Promise<StoredEvent[]> {
    return this.#read((client) =>
      client.$queryRawUnsafe<StoredEvent[]>(
        'SELECT "seq","kind","data" FROM "Event" WHERE "runId"=? AND "seq">? ORDER BY "seq" LIMIT ?',
        id,
        after,
        limit,
      ),
    );
  }

  subscribe(listener: (runId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #byUser(id: string, event: 'cancel' | 'requeue'): Promise<StoredRunDetail> {
    return this.#write(id, async (scope) => {
      const columns: Columns = event === 'requeue' ? { notBefore: 0, fruitless: 0 } : {};
      const moved = await transition(scope, id, event, null, columns);
      const run = moved ?? (await get(scope.tx, id));
      if (run === null) throw runNotFound(id);
      if (moved === null) illegalTransition(id, run.status, event);
      return run;
    });
  }

  /** `id`: the run whose listeners hear of the commit; null for what adds no event or finds its run itself. */
  async #write<T>(id: string | null, work: (scope: Scope) => Promise<T>): Promise<T> {
    const result = await this.#queue(() =>
      this.#client.$transaction((tx) => work({ tx, now: this.#now() }), { timeout: 30_000, maxWait: 30_000 }),
    );
    const woken = id ?? (result as { id?: string } | null)?.id;
    if (woken !== undefined) for (const listener of this.#listeners) listener(woken);
    return result;
  }

  #read<T>(work: (client: PrismaClient) => Promise<T>): Promise<T> {
    return this.#queue(() => work(this.#client));
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

async function get(client: Transaction, id: string): Promise<StoredRunDetail | null> {
  const rows = await client.$queryRawUnsafe<DetailRow[]>(`SELECT ${DETAIL_COLUMNS} FROM "Run" WHERE "id"=?`, id);
  return rows[0] === undefined ? null : toDetail(rows[0]);
}

/** The problem of a run id that does not exist. */
export function runNotFound(id: string): ProblemError {
  return new ProblemError(
    'RUN_NOT_FOUND',
    `Expected the id of a run, got ${JSON.stringify(id)}, which does not exist.`,
  );
}
