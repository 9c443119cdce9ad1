import type { StudyLevel, StudyRow, StudySpec } from '@kfac/pinn';
import type { Trained, WorkerOptions } from './trainer.ts';

/** What is needed of the package that is loaded when a run asks for it. */
type Pinn = Pick<typeof import('@kfac/pinn'), 'convergenceStudy' | 'studyCsv'>;

/** A study as a run: its steps are its rows, each of them a point of the metrics and a checkpoint. */
export async function studyTrainer(pinn: Pinn, spec: StudySpec, options: WorkerOptions): Promise<Trained> {
  const { signal, resume, onCheckpoint, onProgress, onNote, onAlive } = options;
  const said = new Set<string>();
  const study = await pinn.convergenceStudy(spec.problem, spec, spec.seeds, {
    ...(signal && { signal }),
    ...(resume && { resume }),
    ...(onCheckpoint && { onCheckpoint }),
    onProgress: onAlive,
    // What all runs say alike is said once.
    onNote: (note) => {
      if (!said.has(note)) onNote?.(note);
      said.add(note);
    },
    onRow: (row, rows, levels) =>
      onProgress?.({
        step: rows.length,
        seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0),
        metrics: rowMetrics(row, levels.at(-1)!),
      }),
  });
  return {
    toJSON: () => study,
    exports: () => ({ csv: new TextEncoder().encode(pinn.studyCsv(study)) }),
  };
}

/** The numbers of a row, and the median error and the rate of its level so far. */
function rowMetrics(row: StudyRow, level: StudyLevel): Record<string, number> {
  const { rmse, relativeL2 } = row;
  return {
    loss: row.loss,
    'study/level': row.level,
    'study/seed': row.seed,
    'study/parameters': row.parameters,
    'study/steps': row.steps,
    'study/seconds': row.seconds,
    'study/residual': row.residual,
    ...(rmse === null ? {} : { 'study/rmse': rmse }),
    ...(relativeL2 === null ? {} : { 'study/rel_l2': relativeL2 }),
    'study/median': level.relativeL2 ?? level.residual,
    ...(level.rate === null ? {} : { 'study/rate': level.rate }),
  };
}
