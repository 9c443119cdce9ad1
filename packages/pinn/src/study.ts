import { type EngineDescription, type TrainingOptions, defaultEngine, specHash } from '@kfac/core';
import { hashOf, parsePinnSpec } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpec, PinnSpecInput } from './spec.ts';
import { restoreStudy, saveStudy } from './study-checkpoint.ts';
import { type Refinement, type StudyLevels, checkPlan, refined, refinementOf } from './study-spec.ts';

/** One run of a study. */
export interface StudyRow {
  /** Points or width. */
  readonly level: number;
  readonly seed: number;
  readonly parameters: number;
  readonly status: string;
  readonly stopReason: string;
  readonly steps: number;
  readonly seconds: number;
  readonly loss: number;
  /** √Σ mean e² over the equations, without weights, on fresh points. */
  readonly residual: number;
  /** Of the unknown where they are largest; null without an exact solution. */
  readonly rmse: number | null;
  readonly relativeL2: number | null;
}

/** A level of a study: medians over the seeds, and observed rates. */
export interface StudyLevel {
  readonly level: number;
  readonly parameters: number;
  readonly seconds: number;
  readonly residual: number;
  readonly rmse: number | null;
  readonly relativeL2: number | null;
  /** log(e₀/e₁)/log(level₁/level₀) from the level before, of `relativeL2` if it is known, else of `residual`; null for the first. */
  readonly rate: number | null;
}

/** How the error falls as points or width grow. */
export interface Study {
  readonly kind: 'study';
  readonly status: 'finished' | 'cancelled';
  /** 'levels' when every level was solved from every seed; 'cancelled'. */
  readonly stopReason: string;
  readonly refinement: Refinement;
  /** Which error the rates are of. */
  readonly measure: 'relativeL2' | 'residual';
  readonly spec: PinnSpec;
  readonly engine: EngineDescription;
  /** False if rows were made on different engines or SIMD levels. */
  readonly bitExact: boolean;
  readonly seeds: readonly number[];
  readonly rows: readonly StudyRow[];
  readonly levels: readonly StudyLevel[];
}

/** `onProgress` and `onNote` are those of the run under way. */
export interface StudyOptions extends Pick<TrainingOptions, 'engine' | 'signal' | 'onProgress' | 'onNote'> {
  /** Called after every run with it, all rows so far and the levels as they are now. */
  readonly onRow?: (row: StudyRow, rows: readonly StudyRow[], levels: readonly StudyLevel[]) => void;
  /** Called after every run with a complete checkpoint file and the number of rows in it. */
  readonly onCheckpoint?: (bytes: Uint8Array, rows: number) => void;
  /** A checkpoint file's bytes: its rows are kept, the run that was under way begins again. */
  readonly resume?: Uint8Array;
}

/**
 * A convergence study: solves a problem at every level, from every seed. Levels are either numbers of collocation points
 * (those of the conditions grow in proportion, unless there is one a place) or widths of the hidden layers. Throws like
 * `solve`, before the first run, `KFAC_SPEC` for levels that are not at least two ascending positive integers, and
 * `KFAC_CHECKPOINT` for a checkpoint of anything else. A cancelled study has the rows that were complete.
 */
export async function convergenceStudy(
  json: PinnSpecInput,
  levels: StudyLevels,
  seeds: readonly number[] = [1],
  options: StudyOptions = {},
): Promise<Study> {
  const spec = parsePinnSpec(json);
  checkPlan(json, spec, levels, seeds);
  const refinement = refinementOf(levels);
  const sizes = 'points' in levels ? levels.points : levels.widths;
  const plan = sizes.flatMap((level) => seeds.map((seed) => ({ level, seed })));
  const { onRow, onCheckpoint, resume, ...training } = options;
  const engine = (options.engine ?? defaultEngine()).describe();
  const hash = specHash({ given: json, problem: hashOf(spec), refinement, sizes, seeds });
  const saved = resume ? restoreStudy(resume, hash, engine) : { rows: [], exact: true };
  const measure = spec.exact ? 'relativeL2' : 'residual';

  const rows: StudyRow[] = [...saved.rows];
  for (const { level, seed } of plan.slice(rows.length)) {
    const solution = await solve({ ...refined(json, spec, refinement, level), seed }, training);
    if (solution.status === 'cancelled') break;
    const { parameters, status, stopReason, steps, seconds, loss, residuals, rmse, relativeL2 } = solution.report;
    const row: StudyRow = {
      level,
      seed,
      parameters,
      status,
      stopReason,
      steps,
      seconds,
      loss,
      residual: Math.hypot(
        ...Object.entries(residuals).flatMap(([name, { fresh }]) => (name === 'conditions' ? [] : (fresh ?? []))),
      ),
      rmse: largest(rmse),
      relativeL2: largest(relativeL2),
    };
    rows.push(row);
    onRow?.(row, rows, summaries(rows, sizes, measure));
    onCheckpoint?.(saveStudy({ rows, exact: saved.exact }, hash, engine), rows.length);
  }
  const isComplete = rows.length === plan.length;
  return {
    kind: 'study',
    status: isComplete ? 'finished' : 'cancelled',
    stopReason: isComplete ? 'levels' : 'cancelled',
    refinement,
    measure,
    spec,
    engine,
    bitExact: saved.exact,
    seeds: [...seeds],
    rows,
    levels: summaries(rows, sizes, measure),
  };
}

function largest(byUnknown: Readonly<Record<string, number>>): number | null {
  const values = Object.values(byUnknown);
  return values.length === 0 ? null : Math.max(...values);
}

function summaries(rows: readonly StudyRow[], sizes: readonly number[], measure: Study['measure']): StudyLevel[] {
  const summarised: StudyLevel[] = [];
  for (const level of sizes) {
    const own = rows.filter((row) => row.level === level);
    if (own.length === 0) break;
    const of = (key: 'seconds' | 'residual' | 'rmse' | 'relativeL2'): number | null =>
      own[0]![key] === null ? null : median(own.map((row) => row[key]!));
    const error = of(measure)!;
    const before = summarised.at(-1);
    summarised.push({
      level,
      parameters: own[0]!.parameters,
      seconds: of('seconds')!,
      residual: of('residual')!,
      rmse: of('rmse'),
      relativeL2: of('relativeL2'),
      rate: before ? Math.log(before[measure]! / error) / Math.log(level / before.level) : null,
    });
  }
  return summarised;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
