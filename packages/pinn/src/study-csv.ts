import type { Study } from './study.ts';

/** Every run of a study as CSV (`study.csv`); an unknown error is an empty cell. */
export function studyCsv({ refinement, rows }: Pick<Study, 'refinement' | 'rows'>): string {
  const columns = [
    'seed',
    'parameters',
    'status',
    'stopReason',
    'steps',
    'seconds',
    'loss',
    'residual',
    'rmse',
    'relativeL2',
  ] as const;
  const lines = rows.map((row) => [row.level, ...columns.map((column) => row[column] ?? '')].join(','));
  return `${[[refinement, ...columns].join(','), ...lines].join('\n')}\n`;
}
