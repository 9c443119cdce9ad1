import type { JsonObject } from '../api/types.ts';
import type { Curve } from '../charts/line-config.ts';
import { formatCount, formatFixed, formatNumber, formatSeconds } from '../format.ts';
import type { SeriesStore } from './series.ts';

/** One run of a study, as its point of the metrics tells it; NaN where something is not known. */
export interface Row {
  readonly level: number;
  readonly seed: number;
  readonly parameters: number;
  readonly steps: number;
  readonly seconds: number;
  readonly loss: number;
  readonly residual: number;
  readonly rmse: number;
  readonly relativeL2: number;
  /** Of the level, over the seeds so far. */
  readonly median: number;
  /** Of the level, from the one before; NaN for the first. */
  readonly rate: number;
}

export interface Level {
  readonly level: number;
  readonly parameters: number;
  readonly runs: number;
  readonly median: number;
  readonly rate: number;
}

const KEYS = {
  level: 'study/level',
  seed: 'study/seed',
  parameters: 'study/parameters',
  steps: 'study/steps',
  seconds: 'study/seconds',
  loss: 'loss',
  residual: 'study/residual',
  rmse: 'study/rmse',
  relativeL2: 'study/rel_l2',
  median: 'study/median',
  rate: 'study/rate',
} as const satisfies { readonly [name in keyof Row]: string };

/** The rows that have arrived, in their order. */
export function rowsOf(series: SeriesStore): readonly Row[] {
  const names = Object.keys(KEYS) as (keyof Row)[];
  const values = new Map(
    names.map((name) => [name, new Map(series.get(KEYS[name]).map(({ step, value }) => [step, value]))]),
  );
  return series
    .get(KEYS.level)
    .map(
      ({ step }) =>
        Object.fromEntries(names.map((name) => [name, values.get(name)!.get(step) ?? NaN])) as unknown as Row,
    );
}

/** The levels that have rows, with what their last row says of them. */
export function levelsOf(rows: readonly Row[]): readonly Level[] {
  return [...new Set(rows.map(({ level }) => level))].map((level) => {
    const own = rows.filter((row) => row.level === level);
    const { parameters, median, rate } = own.at(-1)!;
    return { level, parameters, runs: own.length, median, rate };
  });
}

/** Which error the rates are of. */
export const measureOf = (rows: readonly Row[]): 'relativeL2' | 'residual' =>
  rows.some(({ relativeL2 }) => !Number.isNaN(relativeL2)) ? 'relativeL2' : 'residual';

export const MEASURE = { relativeL2: 'Relative L2', residual: 'Residual' } as const;

/** Medians as a line, the seeds as points. */
export function errorCurves(rows: readonly Row[]): readonly Curve[] {
  const measure = measureOf(rows);
  return [
    { label: 'median', colour: 0, points: levelsOf(rows).map(({ level, median }) => ({ x: level, y: median })) },
    { label: 'seeds', colour: 1, marks: true, points: rows.map((row) => ({ x: row.level, y: row[measure] })) },
  ];
}

interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** `refined`: 'points' or 'width'. */
export function levelTable(rows: readonly Row[], refined: string): Table {
  return {
    head: [refined, 'parameters', 'runs', `${MEASURE[measureOf(rows)]}, median`, 'rate'],
    rows: levelsOf(rows).map(({ level, parameters, runs, median, rate }) => [
      formatCount(level),
      formatCount(parameters),
      String(runs),
      formatNumber(median),
      formatFixed(rate, 2),
    ]),
  };
}

/** Every run; `result` tells how each ended, once there is one. */
export function rowTable(rows: readonly Row[], refined: string, result: JsonObject | null): Table {
  const ended = (result?.['rows'] ?? []) as readonly { readonly status: string; readonly stopReason: string }[];
  return {
    head: ['run', refined, 'seed', 'Relative L2', 'RMSE', 'Residual', 'Loss', 'steps', 'time', 'ended by'],
    rows: rows.map((row, k) => [
      String(k + 1),
      formatCount(row.level),
      String(row.seed),
      formatNumber(row.relativeL2),
      formatNumber(row.rmse),
      formatNumber(row.residual),
      formatNumber(row.loss),
      formatCount(row.steps),
      formatSeconds(row.seconds),
      ended[k]?.stopReason ?? '–',
    ]),
  };
}
