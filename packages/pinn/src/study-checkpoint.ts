import { type EngineDescription, KfacError, decodeCheckpoint, encodeCheckpoint } from '@kfac/core';
import type { StudyRow } from './study.ts';

const NUMBERS = [
  'level',
  'seed',
  'parameters',
  'steps',
  'seconds',
  'loss',
  'residual',
  'rmse',
  'relativeL2',
] as const satisfies readonly (keyof StudyRow)[];

/** What a checkpoint of a study holds. */
export interface SavedStudy {
  readonly rows: readonly StudyRow[];
  /** False if a row was made by another engine or SIMD level than the others. */
  readonly exact: boolean;
}

/** A checkpoint file of the rows that are done; an error that is not known is kept as such, one that is not finite as it is. */
export function saveStudy({ rows, exact }: SavedStudy, hash: string, engine: EngineDescription): Uint8Array {
  const header = {
    kind: 'study',
    studyHash: hash,
    exact,
    engine: engine.kind,
    simd: engine.simd,
    version: engine.version,
    rows: rows.map(({ status, stopReason, rmse }) => ({ status, stopReason, hasError: rmse !== null })),
  };
  const numbers = rows.flatMap((row) => NUMBERS.map((name) => row[name] ?? 0));
  return encodeCheckpoint({ header, tensors: { rows: Float64Array.from(numbers) } });
}

/** The rows of a checkpoint of the same study. Throws `KFAC_CHECKPOINT`. */
export function restoreStudy(bytes: Uint8Array, hash: string, engine: EngineDescription): SavedStudy {
  const { header, tensors } = decodeCheckpoint(bytes);
  if (header['kind'] !== 'study') {
    const got = String(header['kind']);
    throw new KfacError(
      'KFAC_CHECKPOINT',
      `this checkpoint belongs to another kind of run: expected study, got ${got}`,
    );
  }
  if (header['studyHash'] !== hash)
    throw new KfacError('KFAC_CHECKPOINT', 'this checkpoint belongs to another study: problem, levels or seeds differ');
  const words = header['rows'] as { status: string; stopReason: string; hasError: boolean }[];
  const rows = words.map(({ status, stopReason, hasError }, k): StudyRow => {
    const at = (name: (typeof NUMBERS)[number]): number =>
      tensors['rows']![k * NUMBERS.length + NUMBERS.indexOf(name)]!;
    return {
      level: at('level'),
      seed: at('seed'),
      parameters: at('parameters'),
      status,
      stopReason,
      steps: at('steps'),
      seconds: at('seconds'),
      loss: at('loss'),
      residual: at('residual'),
      rmse: hasError ? at('rmse') : null,
      relativeL2: hasError ? at('relativeL2') : null,
    };
  });
  const isSame = header['engine'] === engine.kind && header['simd'] === engine.simd;
  return { rows, exact: header['exact'] === true && (isSame || rows.length === 0) };
}
