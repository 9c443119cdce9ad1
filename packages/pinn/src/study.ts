import { KfacError, type TrainingOptions } from '@kfac/core';
import { LIMITS, type PinnSpec, type PinnSpecInput } from './spec.ts';
import { parsePinnSpec } from './problem.ts';
import { solve } from './solve.ts';

/** What is refined, level by level: collocation points, or the width of all hidden layers. */
export type Refinement = 'points' | 'width';

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
  readonly refinement: Refinement;
  /** Which error the rates are of. */
  readonly measure: 'relativeL2' | 'residual';
  readonly spec: PinnSpec;
  readonly seeds: readonly number[];
  readonly rows: readonly StudyRow[];
  readonly levels: readonly StudyLevel[];
}

export interface StudyOptions extends Pick<TrainingOptions, 'engine' | 'signal' | 'onProgress' | 'onNote'> {
  /** Called after every run. */
  readonly onRow?: (row: StudyRow) => void;
}

/**
 * A convergence study: solves a problem at every level, from every seed. Levels are either numbers of collocation points
 * (those of the conditions grow in proportion, unless there is one a place) or widths of the hidden layers. Throws like
 * `solve`, before the first run, and `KFAC_SPEC` for levels that are not at least two ascending positive integers. A
 * cancelled study has the rows that were complete.
 */
export async function convergenceStudy(
  json: PinnSpecInput,
  levels: { readonly points: readonly number[] } | { readonly widths: readonly number[] },
  seeds: readonly number[] = [1],
  options: StudyOptions = {},
): Promise<Study> {
  const spec = parsePinnSpec(json);
  const [refinement, sizes] =
    'points' in levels ? (['points', levels.points] as const) : (['width', levels.widths] as const);
  checkLevels(refinement, sizes);
  if (seeds.length === 0) throw new KfacError('KFAC_SPEC', 'expected at least one seed');
  const plan = sizes.flatMap((level) =>
    seeds.map((seed) => ({ level, seed, input: { ...refined(json, spec, refinement, level), seed } })),
  );
  for (const { input } of plan) parsePinnSpec(input);

  const { onRow, ...training } = options;
  const rows: StudyRow[] = [];
  for (const { level, seed, input } of plan) {
    const solution = await solve(input, training);
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
    onRow?.(row);
  }
  const measure = spec.exact ? 'relativeL2' : 'residual';
  return { refinement, measure, spec, seeds: [...seeds], rows, levels: summaries(rows, sizes, measure) };
}

function checkLevels(refinement: Refinement, sizes: readonly number[]): void {
  const maximum = refinement === 'points' ? LIMITS.points : LIMITS.width;
  const isGood = (size: number, k: number): boolean =>
    Number.isInteger(size) && size >= 1 && size <= maximum && (k === 0 || size > sizes[k - 1]!);
  if (sizes.length < 2 || !sizes.every(isGood))
    throw new KfacError(
      'KFAC_SPEC',
      `${refinement}: expected at least two ascending whole numbers from 1 to ${maximum}, got ${sizes.join(', ')}`,
    );
}

function refined(json: PinnSpecInput, spec: PinnSpec, refinement: Refinement, level: number): PinnSpecInput {
  if (refinement === 'width') {
    const own = Object.entries(spec.networks ?? {}).map(([name, { hidden }]) => {
      return [name, { ...json.networks?.[name], hidden: hidden.map(() => level) }] as const;
    });
    const network = { ...json.network, hidden: spec.network.hidden.map(() => level) };
    return { ...json, network, ...(own.length > 0 ? { networks: Object.fromEntries(own) } : {}) };
  }
  const conditions = Math.max(1, Math.round((spec.sampling.conditions * level) / spec.sampling.interior));
  return { ...json, sampling: { ...json.sampling, interior: level, conditions } };
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
