import type { EngineDescription } from '@kfac/core';
import type { RunStatus } from './state.ts';
import type { RunError, StoredRun, StoredRunDetail } from './store.ts';

const SUMMARY = [
  'id',
  'kind',
  'name',
  'status',
  'createdAt',
  'startedAt',
  'endedAt',
  'attempt',
  'fruitless',
  'step',
  'totalSteps',
  'seconds',
  'stopReason',
  'loss',
  'engine',
  'snapshot',
  'snapshotStep',
] as const;

/** Columns of a run for a SELECT or RETURNING list. */
export const SUMMARY_COLUMNS = quote(SUMMARY);
export const DETAIL_COLUMNS = quote([...SUMMARY, 'spec', 'result', 'error']);

/** A run as raw SQL returns it. */
export interface SummaryRow {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly createdAt: bigint;
  readonly startedAt: bigint | null;
  readonly endedAt: bigint | null;
  readonly attempt: number;
  readonly fruitless: number;
  readonly step: number;
  readonly totalSteps: number | null;
  readonly seconds: number;
  readonly stopReason: string | null;
  readonly loss: number | null;
  readonly engine: string | null;
  readonly snapshot: string | null;
  readonly snapshotStep: number | null;
}

export interface DetailRow extends SummaryRow {
  readonly spec: string;
  readonly result: string | null;
  readonly error: string | null;
}

/** Integers beyond 32 bits come back as `bigint`, text columns of JSON as text. */
export function toRun(row: SummaryRow): StoredRun {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    status: row.status,
    createdAt: Number(row.createdAt),
    startedAt: row.startedAt === null ? null : Number(row.startedAt),
    endedAt: row.endedAt === null ? null : Number(row.endedAt),
    attempt: Number(row.attempt),
    fruitless: Number(row.fruitless),
    step: Number(row.step),
    totalSteps: row.totalSteps === null ? null : Number(row.totalSteps),
    seconds: row.seconds,
    stopReason: row.stopReason,
    loss: row.loss,
    engine: row.engine === null ? null : (JSON.parse(row.engine) as EngineDescription),
    snapshot: row.snapshot,
    snapshotStep: row.snapshotStep === null ? null : Number(row.snapshotStep),
  };
}

export function toDetail(row: DetailRow): StoredRunDetail {
  const error = row.error === null ? null : (JSON.parse(row.error) as RunError);
  return { ...toRun(row), spec: row.spec, result: row.result, error };
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(',');
}
