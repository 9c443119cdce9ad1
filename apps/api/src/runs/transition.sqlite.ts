import type { Prisma } from '../generated/sqlite/client.ts';
import { DETAIL_COLUMNS, toDetail } from './rows.ts';
import type { DetailRow } from './rows.ts';
import { isTerminal, transitionsBy } from './state.ts';
import type { RunEvent, RunStatus } from './state.ts';
import type { EventKind, RunError, StoredRunDetail } from './store.ts';

export type Transaction = Prisma.TransactionClient;

/** Columns to set with a transition, by name; names come from the code alone. */
export type Columns = Readonly<Record<string, string | number | null>>;

/** One transaction at one time. */
export interface Scope {
  readonly tx: Transaction;
  readonly now: number;
}

/**
 * Moves the run if its state allows `event` (and `attempt`, unless null, is current), writes `columns` and the state
 * event, after the event `before` if there is one; null if it does not. A run that reaches a terminal state gives its lease back.
 */
export async function transition(
  { tx, now }: Scope,
  id: string,
  event: RunEvent,
  attempt: number | null,
  columns: Columns,
  before?: { kind: EventKind; data: object },
): Promise<StoredRunDetail | null> {
  const moves = transitionsBy(event);
  const cases = moves.map(({ from, to }) => `WHEN '${from}' THEN '${to}'`).join(' ');
  const sets = Object.keys(columns).map((name) => `, "${name}"=?`);
  const fence = attempt === null ? '' : ` AND "attempt"=${attempt}`;
  const rows = await tx.$queryRawUnsafe<DetailRow[]>(
    `UPDATE "Run" SET "status" = CASE "status" ${cases} END${sets.join('')}
     WHERE "id"=? AND "status" IN (${sqlList(moves.map(({ from }) => from))})${fence} RETURNING ${DETAIL_COLUMNS}`,
    ...Object.values(columns),
    id,
  );
  if (rows[0] === undefined) return null;
  let run = toDetail(rows[0]);
  if (isTerminal(run.status)) run = await close({ tx, now }, run);
  if (before !== undefined) await emit({ tx, now }, id, before.kind, before.data);
  await emit({ tx, now }, id, 'state', stateData(run));
  return run;
}

async function close({ tx, now }: Scope, run: StoredRunDetail): Promise<StoredRunDetail> {
  const reason = run.stopReason ?? (run.status === 'cancelled' ? 'cancelled' : null);
  const rows = await tx.$queryRawUnsafe<DetailRow[]>(
    `UPDATE "Run" SET "endedAt"=?, "stopReason"=?, "leaseOwner"=NULL, "leaseUntil"=NULL WHERE "id"=? RETURNING ${DETAIL_COLUMNS}`,
    now,
    reason,
    run.id,
  );
  return toDetail(rows[0]!);
}

/** The end of an attempt that did not say how the run ended. */
export async function interrupt(
  scope: Scope,
  id: string,
  attempt: number,
  error: RunError,
  retryAt: number,
  counted: boolean,
): Promise<RunStatus | null> {
  const columns = { leaseOwner: null, leaseUntil: null, notBefore: retryAt, error: JSON.stringify(error) };
  const run = await transition(scope, id, 'interrupt', attempt, columns);
  if (run?.status === 'interrupted' && counted) {
    await scope.tx.$executeRawUnsafe('UPDATE "Run" SET "fruitless"="fruitless"+1 WHERE "id"=?', id);
  }
  return run?.status ?? null;
}

/** Writes `columns` if the attempt still trains; the write also takes the lock that the rest of the transaction needs. */
export async function fence({ tx }: Scope, id: string, attempt: number, columns: Columns): Promise<boolean> {
  const sets = ['"attempt"="attempt"', ...Object.keys(columns).map((name) => `"${name}"=?`)].join(', ');
  const changed = await tx.$executeRawUnsafe(
    `UPDATE "Run" SET ${sets} WHERE "id"=? AND "attempt"=? AND "status" IN ('running','cancelling')`,
    ...Object.values(columns),
    id,
    attempt,
  );
  return changed > 0;
}

/** Adds the next event of the run. */
export async function emit({ tx, now }: Scope, id: string, kind: EventKind, data: object): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO "Event" ("runId","seq","kind","data","createdAt")
     SELECT ?, coalesce(max("seq"),0)+1, ?, ?, ? FROM "Event" WHERE "runId"=?`,
    id,
    kind,
    JSON.stringify(data),
    now,
    id,
  );
}

/** What a `state` event carries. */
export function stateData(run: StoredRunDetail): object {
  const { status, attempt, step, stopReason, error } = run;
  return { status, attempt, step, stopReason, error };
}

/** Literals of our own, never a user's text. */
export function sqlList(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(',');
}
