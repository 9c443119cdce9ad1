import type { z } from 'zod';
import type { StoredRun, StoredRunDetail } from '../runs/store.ts';
import type { runSchema, runSummarySchema } from './schemas.ts';

type RunSummaryJson = z.output<typeof runSummarySchema>;
type RunJson = z.output<typeof runSchema>;

/** A run as a list shows it. */
export function toSummaryJson(run: StoredRun): RunSummaryJson {
  const { id, kind, name, status, attempt, step, totalSteps, seconds, stopReason, loss } = run;
  const engine = run.engine === null ? null : { ...run.engine, reasons: [...run.engine.reasons] };
  return {
    id,
    kind,
    name,
    status,
    createdAt: new Date(run.createdAt).toISOString(),
    startedAt: toTime(run.startedAt),
    endedAt: toTime(run.endedAt),
    attempt,
    step,
    totalSteps,
    seconds,
    stopReason,
    loss,
    engine,
  };
}

/** A run with specification, result and error. */
export function toRunJson(run: StoredRunDetail): RunJson {
  return {
    ...toSummaryJson(run),
    spec: JSON.parse(run.spec) as RunJson['spec'],
    result: run.result === null ? null : (JSON.parse(run.result) as RunJson['result']),
    error: run.error,
  };
}

function toTime(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
