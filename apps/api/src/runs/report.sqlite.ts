import { encodeMetrics } from './nonfinite.ts';
import { insertPoints } from './points.sqlite.ts';
import type { CheckpointFile, Report } from './store.ts';
import { emit, fence } from './transition.sqlite.ts';
import type { Scope } from './transition.sqlite.ts';

const KEPT_CHECKPOINTS = 2;

/**
 * Writes what a child reported, points before the checkpoint that confirms them, if the attempt still trains; null if
 * it does not. Returns the checkpoint files that are no longer needed.
 */
export async function writeReport(scope: Scope, id: string, attempt: number, report: Report): Promise<string[] | null> {
  const { progress, checkpoint, snapshot, log } = report;
  const columns: Record<string, string | number | null> = {};
  if (progress !== undefined) {
    columns['step'] = progress.step;
    columns['seconds'] = progress.seconds;
    columns['loss'] = Number.isFinite(progress.loss) ? progress.loss : null;
  }
  if (checkpoint !== undefined) columns['fruitless'] = 0;
  if (snapshot !== undefined) [columns['snapshot'], columns['snapshotStep']] = [snapshot.file, snapshot.step];
  if (!(await fence(scope, id, attempt, columns))) return null;
  if (progress !== undefined && progress.points.length > 0) {
    await insertPoints(scope.tx, id, attempt, progress.points);
    const points = progress.points.map(({ step, seconds, metrics }) => ({ step, seconds, ...encodeMetrics(metrics) }));
    await emit(scope, id, 'metrics', { points });
  }
  if (log !== undefined) await emit(scope, id, 'log', { message: log });
  if (snapshot !== undefined) await emit(scope, id, 'snapshot', { step: snapshot.step });
  return checkpoint === undefined ? [] : writeCheckpoint(scope, id, attempt, checkpoint);
}

async function writeCheckpoint(
  scope: Scope,
  id: string,
  attempt: number,
  checkpoint: CheckpointFile,
): Promise<string[]> {
  const { tx, now } = scope;
  const { step, file, bytes, sha256 } = checkpoint;
  await tx.$executeRawUnsafe(
    `INSERT OR REPLACE INTO "Checkpoint" ("runId","step","attempt","file","bytes","sha256","createdAt")
     VALUES (?,?,?,?,?,?,?)`,
    ...[id, step, attempt, file, bytes, sha256, now],
  );
  await emit(scope, id, 'checkpoint', { step });
  const dropped = await tx.$queryRawUnsafe<{ file: string }[]>(
    `DELETE FROM "Checkpoint" WHERE "runId"=? AND ("attempt","step") NOT IN (
       SELECT "attempt","step" FROM "Checkpoint" WHERE "runId"=? ORDER BY "attempt" DESC, "step" DESC LIMIT ?
     ) RETURNING "file"`,
    ...[id, id, KEPT_CHECKPOINTS],
  );
  return dropped.map((row) => row.file);
}
