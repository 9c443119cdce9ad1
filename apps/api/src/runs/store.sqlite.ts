import type { EngineDescription } from '@kfac/core';
import type { Prisma, PrismaClient } from '../generated/sqlite/client.ts';
import { ProblemError } from '../problem.ts';
import { encodeMetrics, nonfiniteCode } from './nonfinite.ts';
import { DETAIL_COLUMNS, SUMMARY_COLUMNS, toDetail, toRun } from './rows.ts';
import type { DetailRow, SummaryRow } from './rows.ts';
import { OWNED_STATUSES, RUN_STATUSES, illegalTransition, isTerminal, transitionsBy } from './state.ts';
import type { RunEvent, RunStatus } from './state.ts';
import type {
  CheckpointFile,
  Ending,
  EventKind,
  NewRun,
  Nonfinite,
  Point,
  Report,
  RunError,
  RunFilter,
  RunStore,
  SeriesPoint,
  StoredEvent,
  StoredRun,
  StoredRunDetail,
} from './store.ts';

type Transaction = Prisma.TransactionClient;
/** Columns to set with a transition, by name; names come from this file alone. */
type Columns = Readonly<Record<string, string | number | null>>;

const OWNED = sqlList(OWNED_STATUSES);
const UNFINISHED = sqlList(RUN_STATUSES.filter((status) => !isTerminal(status)));
const KEPT_CHECKPOINTS = 2;

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
    return this.#write(run.id, async (tx) => {
      const rows = await tx.$queryRawUnsafe<DetailRow[]>(
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
      await this.#emit(tx, run.id, 'state', stateData(created));
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
    return this.#write(null, async (tx) => {
      const now = this.#now();
      const rows = await tx.$queryRawUnsafe<DetailRow[]>(
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
      await tx.$executeRawUnsafe(
        'INSERT INTO "Attempt" ("runId","attempt","startedAt") VALUES (?,?,?)',
        run.id,
        run.attempt,
        now,
      );
      await this.#emit(tx, run.id, 'state', stateData(run));
      return run;
    });
  }

  start(id: string, attempt: number, resumedFrom: number, engine: EngineDescription): Promise<RunStatus | null> {
    return this.#write(id, async (tx) => {
      const run = await this.#transition(tx, id, 'start', attempt, {
        step: resumedFrom,
        engine: JSON.stringify(engine),
      });
      if (run === null) return null;
      await tx.$executeRawUnsafe(
        'UPDATE "Attempt" SET "resumedFrom"=? WHERE "runId"=? AND "attempt"=?',
        resumedFrom,
        id,
        attempt,
      );
      if (attempt > 1) {
        await tx.$executeRawUnsafe(
          'UPDATE "Attempt" SET "visibleUpTo"=min("visibleUpTo",?) WHERE "runId"=? AND "attempt"<?',
          resumedFrom,
          id,
          attempt,
        );
        await this.#emit(tx, id, 'rewind', { step: resumedFrom });
      }
      return run.status;
    });
  }

  report(id: string, attempt: number, report: Report): Promise<string[] | null> {
    const { progress, checkpoint, snapshot, log } = report;
    return this.#write(id, async (tx) => {
      const columns: Record<string, string | number | null> = {};
      if (progress !== undefined) {
        columns['step'] = progress.step;
        columns['seconds'] = progress.seconds;
        columns['loss'] = Number.isFinite(progress.loss) ? progress.loss : null;
      }
      if (checkpoint !== undefined) columns['fruitless'] = 0;
      if (snapshot !== undefined) [columns['snapshot'], columns['snapshotStep']] = [snapshot.file, snapshot.step];
      if (!(await this.#fence(tx, id, attempt, columns))) return null;
      if (progress !== undefined && progress.points.length > 0) {
        await insertPoints(tx, id, attempt, progress.points);
        const points = progress.points.map(({ step, seconds, metrics }) => ({
          step,
          seconds,
          ...encodeMetrics(metrics),
        }));
        await this.#emit(tx, id, 'metrics', { points });
      }
      if (log !== undefined) await this.#emit(tx, id, 'log', { message: log });
      if (snapshot !== undefined) await this.#emit(tx, id, 'snapshot', { step: snapshot.step });
      if (checkpoint === undefined) return [];
      await tx.$executeRawUnsafe(
        'INSERT OR REPLACE INTO "Checkpoint" ("runId","step","attempt","file","bytes","sha256","createdAt") VALUES (?,?,?,?,?,?,?)',
        id,
        checkpoint.step,
        attempt,
        checkpoint.file,
        checkpoint.bytes,
        checkpoint.sha256,
        this.#now(),
      );
      await this.#emit(tx, id, 'checkpoint', { step: checkpoint.step });
      const dropped = await tx.$queryRawUnsafe<{ file: string }[]>(
        `DELETE FROM "Checkpoint" WHERE "runId"=? AND ("attempt","step") NOT IN
           (SELECT "attempt","step" FROM "Checkpoint" WHERE "runId"=? ORDER BY "attempt" DESC, "step" DESC LIMIT ?) RETURNING "file"`,
        id,
        id,
        KEPT_CHECKPOINTS,
      );
      return dropped.map(({ file }) => file);
    });
  }

  finish(id: string, attempt: number, ending: Ending): Promise<RunStatus | null> {
    return this.#write(id, async (tx) => {
      const { stopReason, result, error, diverged } = ending;
      const columns = { stopReason, result, error: error === null ? null : JSON.stringify(error), ...this.#ended() };
      const before = diverged === undefined ? undefined : { kind: 'diverged' as const, data: diverged };
      return (await this.#transition(tx, id, ending.event, attempt, columns, before))?.status ?? null;
    });
  }

  interrupt(
    id: string,
    attempt: number,
    error: RunError,
    retryAt: number,
    counted: boolean,
  ): Promise<RunStatus | null> {
    return this.#write(id, (tx) => this.#interrupt(tx, id, attempt, error, retryAt, counted));
  }

  heartbeat(id: string, attempt: number, leaseMs: number): Promise<RunStatus | null> {
    return this.#write(null, async (tx) => {
      const rows = await tx.$queryRawUnsafe<{ status: RunStatus }[]>(
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
      await this.#write(id, (tx) =>
        spent
          ? this.#transition(tx, id, 'fail', attempt, { stopReason: 'lease-lost', ...this.#ended() })
          : this.#transition(tx, id, 'requeue', attempt, {}),
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
      await this.#write(id, async (tx) => {
        const error = { code: 'SERVICE_ENDED', message: 'The service ended while the run was under way.' };
        const now = status === 'interrupted' ? status : await this.#interrupt(tx, id, attempt, error, 0, false);
        if (now === 'interrupted') await this.#transition(tx, id, 'requeue', attempt, { notBefore: 0 });
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

  async series(id: string, keys: readonly string[] | null): Promise<Map<string, SeriesPoint[]>> {
    const wanted = keys === null ? '' : `AND p."key" IN (SELECT value FROM json_each(?))`;
    const rows = await this.#read((client) =>
      client.$queryRawUnsafe<{ key: string; points: string }[]>(
        `SELECT "key", json_group_array(json_array("step","seconds","value","nonfinite")) AS points FROM (
           SELECT p.* FROM "MetricPoint" p JOIN "Attempt" a ON a."runId"=p."runId" AND a."attempt"=p."attempt"
           WHERE p."runId"=? ${wanted} AND p."step" <= a."visibleUpTo" ORDER BY p."key", p."step", p."attempt"
         ) GROUP BY "key"`,
        id,
        ...(keys === null ? [] : [JSON.stringify(keys)]),
      ),
    );
    return new Map(rows.map(({ key, points }) => [key, (JSON.parse(points) as PointTuple[]).map(toSeriesPoint)]));
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
    return this.#write(id, async (tx) => {
      const moved = await this.#transition(
        tx,
        id,
        event,
        null,
        event === 'requeue' ? { notBefore: 0, fruitless: 0 } : {},
      );
      const run = moved ?? (await get(tx, id));
      if (run === null) throw runNotFound(id);
      if (moved === null) illegalTransition(id, run.status, event);
      if (run.status !== 'cancelled') return run;
      await tx.$executeRawUnsafe(
        'UPDATE "Run" SET "endedAt"=?, "stopReason"=\'cancelled\' WHERE "id"=?',
        this.#now(),
        id,
      );
      return (await get(tx, id))!;
    });
  }

  async #interrupt(
    tx: Transaction,
    id: string,
    attempt: number,
    error: RunError,
    retryAt: number,
    counted: boolean,
  ): Promise<RunStatus | null> {
    const columns = { leaseOwner: null, leaseUntil: null, notBefore: retryAt, error: JSON.stringify(error) };
    const run = await this.#transition(tx, id, 'interrupt', attempt, columns);
    if (run?.status === 'cancelled') {
      await tx.$executeRawUnsafe(
        'UPDATE "Run" SET "endedAt"=?, "stopReason"=\'cancelled\' WHERE "id"=?',
        this.#now(),
        id,
      );
    } else if (run !== null && counted) {
      await tx.$executeRawUnsafe('UPDATE "Run" SET "fruitless"="fruitless"+1 WHERE "id"=?', id);
    }
    return run?.status ?? null;
  }

  #ended(): Columns {
    return { endedAt: this.#now(), leaseOwner: null, leaseUntil: null };
  }

  /** Moves the run if its state allows `event` (and `attempt` is current) and writes the state event; null if not. */
  async #transition(
    tx: Transaction,
    id: string,
    event: RunEvent,
    attempt: number | null,
    columns: Columns,
    before?: { kind: EventKind; data: object },
  ): Promise<StoredRunDetail | null> {
    const moves = transitionsBy(event);
    const cases = moves.map(({ from, to }) => `WHEN '${from}' THEN '${to}'`).join(' ');
    const sets = Object.keys(columns)
      .map((name) => `, "${name}"=?`)
      .join('');
    const fence = attempt === null ? '' : ` AND "attempt"=${attempt}`;
    const rows = await tx.$queryRawUnsafe<DetailRow[]>(
      `UPDATE "Run" SET "status" = CASE "status" ${cases} END${sets}
       WHERE "id"=? AND "status" IN (${sqlList(moves.map(({ from }) => from))})${fence} RETURNING ${DETAIL_COLUMNS}`,
      ...Object.values(columns),
      id,
    );
    if (rows[0] === undefined) return null;
    if (before !== undefined) await this.#emit(tx, id, before.kind, before.data);
    const run = toDetail(rows[0]);
    await this.#emit(tx, id, 'state', stateData(run));
    return run;
  }

  /** Writes `columns` if the attempt still trains; the write also takes the lock that the rest of the transaction needs. */
  async #fence(tx: Transaction, id: string, attempt: number, columns: Columns): Promise<boolean> {
    const sets = ['"attempt"="attempt"', ...Object.keys(columns).map((name) => `"${name}"=?`)].join(', ');
    const changed = await tx.$executeRawUnsafe(
      `UPDATE "Run" SET ${sets} WHERE "id"=? AND "attempt"=? AND "status" IN ('running','cancelling')`,
      ...Object.values(columns),
      id,
      attempt,
    );
    return changed > 0;
  }

  async #emit(tx: Transaction, id: string, kind: EventKind, data: object): Promise<void> {
    await tx.$executeRawUnsafe(
      `INSERT INTO "Event" ("runId","seq","kind","data","createdAt")
       SELECT ?, coalesce(max("seq"),0)+1, ?, ?, ? FROM "Event" WHERE "runId"=?`,
      id,
      kind,
      JSON.stringify(data),
      this.#now(),
      id,
    );
  }

  /** `id`: the run whose listeners hear of the commit; null for what adds no event or finds its run itself. */
  async #write<T>(id: string | null, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const result = await this.#queue(() => this.#client.$transaction(work, { timeout: 30_000, maxWait: 30_000 }));
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

/** One statement for any number of points. Values travel as text, see the schema. */
async function insertPoints(tx: Transaction, id: string, attempt: number, points: readonly Point[]): Promise<void> {
  const rows = points.flatMap(({ step, seconds, metrics }) =>
    Object.entries(metrics).map(([key, value]) => {
      const code = nonfiniteCode(value);
      return [key, step, seconds, code === null ? String(value) : null, code];
    }),
  );
  await tx.$executeRawUnsafe(
    `INSERT OR IGNORE INTO "MetricPoint" ("runId","key","step","attempt","seconds","value","nonfinite")
     SELECT ?, value->>0, value->>1, ?, value->>2, value->>3, value->>4 FROM json_each(?)`,
    id,
    attempt,
    JSON.stringify(rows),
  );
}

type PointTuple = [step: number, seconds: number, value: string | null, nonfinite: Nonfinite | null];

function toSeriesPoint([step, seconds, value, nonfinite]: PointTuple): SeriesPoint {
  return nonfinite === null ? { step, seconds, value: Number(value) } : { step, seconds, value: null, nonfinite };
}

/** What a `state` event carries. */
function stateData(run: StoredRunDetail): object {
  const { status, attempt, step, stopReason, error } = run;
  return { status, attempt, step, stopReason, error };
}

/** Literals of our own, never a user's text. */
function sqlList(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(',');
}
