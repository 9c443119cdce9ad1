import { nonfiniteCode } from './nonfinite.ts';
import type { Nonfinite, Point, SeriesPoint } from './store.ts';
import type { Transaction } from './transition.sqlite.ts';

/** One statement for any number of points. Values travel as text, see the schema. */
export async function insertPoints(
  tx: Transaction,
  id: string,
  attempt: number,
  points: readonly Point[],
): Promise<void> {
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

/** The points that no later attempt has taken back, one row of SQL per key: thousands of rows would cost far more. */
export async function readSeries(
  client: Transaction,
  id: string,
  keys: readonly string[] | null,
): Promise<Map<string, SeriesPoint[]>> {
  const wanted = keys === null ? '' : `AND p."key" IN (SELECT value FROM json_each(?))`;
  const rows = await client.$queryRawUnsafe<{ key: string; points: string }[]>(
    `SELECT "key", json_group_array(json_array("step","seconds","value","nonfinite")) AS points FROM (
       SELECT p.* FROM "MetricPoint" p JOIN "Attempt" a ON a."runId"=p."runId" AND a."attempt"=p."attempt"
       WHERE p."runId"=? ${wanted} AND p."step" <= a."visibleUpTo" ORDER BY p."key", p."step", p."attempt"
     ) GROUP BY "key"`,
    id,
    ...(keys === null ? [] : [JSON.stringify(keys)]),
  );
  return new Map(rows.map(({ key, points }) => [key, (JSON.parse(points) as PointTuple[]).map(toSeriesPoint)]));
}

function toSeriesPoint([step, seconds, value, nonfinite]: PointTuple): SeriesPoint {
  return nonfinite === null ? { step, seconds, value: Number(value) } : { step, seconds, value: null, nonfinite };
}
