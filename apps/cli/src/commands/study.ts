import { selectEngine } from '@kfac/core';
import { catalogue, convergenceStudy, studyCsv } from '@kfac/pinn';
import type { PinnSpecInput, Study, StudyLevels, StudyRow } from '@kfac/pinn';
import { only, parseCommandLine } from '../command-line.ts';
import { EXIT, UsageError } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { jsonFile, prepareFolder, writeFiles } from '../output.ts';
import { duration } from '../progress.ts';
import { readProblem } from '../spec-source.ts';
import { digits, table } from '../table.ts';
import { solveTrainer } from './solve.ts';

/** `kfac study`: solves a problem at several numbers of points or widths and prints errors and rates. Resolves to the exit code. */
export async function studyCommand(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args, ['json', 'set', 'threads', 'out', 'points', 'widths', 'seeds']);
  const source = only(line.positionals, 'SPEC.json or the name of a differential equation');
  const { json } = readProblem(source, catalogue, line.set, solveTrainer.schema);
  const levels = levelsOf(line);
  if (line.out !== undefined) prepareFolder(line.out);
  const cancel = new AbortController();
  const stopListening = onInterrupt(() => cancel.abort());
  let study: Study;
  try {
    // The study validates what it is given.
    study = await convergenceStudy(json as PinnSpecInput, levels, line.seeds ?? [1], {
      engine: selectEngine(line.threads === undefined ? {} : { threads: line.threads }),
      signal: cancel.signal,
      onRow: (row) => process.stderr.write(`${rowText(levels, row)}\n`),
    });
  } finally {
    stopListening();
  }
  if (line.out !== undefined) {
    const paths = writeFiles(line.out, { 'study.json': jsonFile(study), 'study.csv': studyCsv(study) });
    process.stderr.write(`written: ${paths.join(', ')}\n`);
  }
  process.stdout.write(line.json ? `${JSON.stringify(study)}\n` : `${studyTable(study)}\n`);
  if (cancel.signal.aborted) return EXIT.cancelled;
  return study.rows.every(({ status }) => status === 'finished') ? EXIT.finished : EXIT.failed;
}

function levelsOf({
  points,
  widths,
}: {
  points: readonly number[] | undefined;
  widths: readonly number[] | undefined;
}): StudyLevels {
  if (points && !widths) return { points };
  if (widths && !points) return { widths };
  throw new UsageError('expected either --points N,N,… or --widths N,N,…: a study refines one of them');
}

function rowText(levels: StudyLevels, { level, seed, relativeL2, residual, seconds, stopReason }: StudyRow): string {
  const error = relativeL2 === null ? `residual ${digits(residual)}` : `relative L2 ${digits(relativeL2)}`;
  const name = 'points' in levels ? 'points' : 'width';
  return `${name} ${level}, seed ${seed}: ${error} in ${duration(seconds)} (${stopReason})`;
}

/** The levels with medians over the seeds, and the observed rates. */
export function studyTable({ refinement, measure, seeds, levels }: Study): string {
  const rows = levels.map(({ level, parameters, relativeL2, rmse, residual, seconds, rate }) => [
    String(level),
    String(parameters),
    digits(rmse),
    digits(relativeL2),
    digits(residual),
    duration(seconds),
    rate === null ? '' : rate.toFixed(2),
  ]);
  const which = measure === 'relativeL2' ? 'relative L2' : 'residual';
  return [
    table([refinement, 'parameters', 'RMSE', 'relative L2', 'residual', 'time', 'rate'], rows),
    `medians of ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}; rate: -d log(${which})/d log(${refinement}); residual on fresh points`,
  ].join('\n');
}
