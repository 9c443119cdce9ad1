import { type AccuracyProblem, LEVELS } from './accuracy-problems.ts';
import { ours } from './processes.ts';
import { median } from './workloads.ts';

/** One line of the table: seconds to every level beside the aim, medians over the seeds. */
export async function accuracyRow(problem: AccuracyProblem, seeds: number): Promise<string> {
  const times = LEVELS.map((): number[] => []);
  for (let seed = 1; seed <= seeds; seed++) {
    const measured = await ours('accuracy', { threads: 2, seed, problem: problem.name });
    for (const [k, level] of LEVELS.entries())
      times[k]!.push((measured[String(level)] as number | undefined) ?? Infinity);
  }
  const cells = LEVELS.map((level, k) => cell(median(times[k]!), problem.aims[level], problem.published[level]));
  const error = problem.metric === 'pinn/rmse' ? 'RMSE' : 'relative L2';
  return `| ${problem.name} | ${problem.setting} | ${error} | ${cells.join(' | ')} |`;
}

function cell(seconds: number, aim: number | undefined, published: number | undefined): string {
  const us = Number.isFinite(seconds) ? `${seconds.toPrecision(2)} s` : 'not reached';
  return `${us} (${aim ?? '–'} / ${published ?? '–'})`;
}

export const ACCURACY_HEADER = `| problem | solved by | error | ${LEVELS.map((level) => level.toExponential()).join(' | ')} |
|---|---|---|${LEVELS.map(() => '---|').join('')}`;
