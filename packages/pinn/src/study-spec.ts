import { type Fault, KfacError, faultsOf, prototypeFaults, specError } from '@kfac/core';
import { z } from 'zod';
import { parsePinnSpec } from './problem.ts';
import { LIMITS, type PinnSpec, type PinnSpecInput, pinnSpecSchema } from './spec.ts';

/** What is refined, level by level: collocation points, or the width of all hidden layers. */
export type Refinement = 'points' | 'width';

/** The levels of a study: numbers of collocation points, or widths of the hidden layers; ascending. */
export type StudyLevels = { readonly points: readonly number[] } | { readonly widths: readonly number[] };

/** A study as one object, for files and services. */
export type StudySpec = StudyLevels & { readonly problem: PinnSpecInput; readonly seeds: readonly number[] };

/** Most levels and most seeds of a study that is given as one object. */
const MAX_LEVELS = 20;
const MAX_SEEDS = 50;
const STUDY_SIZES = /^\/(points|widths|seeds)(\/|$)/;

const sizes = (maximum: number): z.ZodType<number[]> =>
  z.array(z.int().min(1).max(maximum)).min(2).max(MAX_LEVELS) as z.ZodType<number[]>;

/** The form of a study; exactly one of `points` and `widths` must be given. */
export const studySpecSchema = z.strictObject({
  problem: pinnSpecSchema.describe('What is solved at every level, from every seed'),
  points: sizes(LIMITS.points).optional().describe('Collocation points of each level, ascending'),
  widths: sizes(LIMITS.width).optional().describe('Width of all hidden layers at each level, ascending'),
  seeds: z.array(z.int().min(0)).min(1).max(MAX_SEEDS).default([1]).describe('Every level is solved from each of them'),
});

/** The problem is checked by its own rules, which say more than the schema. */
const outerSchema = studySpecSchema.extend({ problem: z.unknown() });

/**
 * A study that has been checked: the problem, the levels, and the problem at each of them, so that one which is too large is
 * refused before the first run. The problem stays as it was given: defaults that depend on the size are those of the level.
 * Throws one `KfacError` with every fault in `issues`, those of the problem under `/problem`.
 */
export function parseStudySpec(json: unknown): StudySpec {
  const result = outerSchema.safeParse(json);
  const faults: Fault[] = [
    ...prototypeFaults(json).filter(({ pointer }) => !pointer.startsWith('/problem/')),
    ...faultsOf(result.error?.issues ?? [], json, STUDY_SIZES),
  ];
  const { problem } = (typeof json === 'object' && json !== null ? json : {}) as { problem?: unknown };
  const spec = problem === undefined ? null : problemUnder('/problem', problem, faults);
  if (problem === undefined && result.success)
    faults.push({ code: 'KFAC_SPEC', pointer: '/problem', detail: 'required field is missing; expected an object' });
  if (!result.success || faults.length > 0) throw specError(faults);
  const { points, widths, seeds } = result.data;
  if ((points === undefined) === (widths === undefined)) {
    const detail = 'expected either points or widths: a study refines one of them';
    throw specError([{ code: 'KFAC_SPEC', pointer: '', detail }]);
  }
  const levels: StudyLevels = points === undefined ? { widths: widths! } : { points };
  checkPlan(problem as PinnSpecInput, spec!, levels, seeds);
  return { problem: problem as PinnSpecInput, ...levels, seeds };
}

/**
 * Checks levels and seeds of a study of a valid problem, and the problem at every level. Throws `KfacError` with one fault for
 * each level that cannot be trained, at `/points/k` or `/widths/k`.
 */
export function checkPlan(json: PinnSpecInput, spec: PinnSpec, levels: StudyLevels, seeds: readonly number[]): void {
  const [name, values, maximum] =
    'points' in levels
      ? (['points', levels.points, LIMITS.points] as const)
      : (['widths', levels.widths, LIMITS.width] as const);
  const faults: Fault[] = [];
  const isGood = (size: number, k: number): boolean =>
    Number.isInteger(size) && size >= 1 && size <= maximum && (k === 0 || size > values[k - 1]!);
  if (values.length < 2 || !values.every(isGood)) {
    const detail = `expected at least two ascending whole numbers from 1 to ${maximum}, got ${values.join(', ')}`;
    faults.push({ code: 'KFAC_SPEC', pointer: `/${name}`, detail });
  }
  if (seeds.length === 0) faults.push({ code: 'KFAC_SPEC', pointer: '/seeds', detail: 'expected at least one seed' });
  for (const [k, seed] of seeds.entries())
    if (!Number.isSafeInteger(seed) || seed < 0)
      faults.push({ code: 'KFAC_SPEC', pointer: `/seeds/${k}`, detail: `expected a whole number from 0, got ${seed}` });
  if (faults.length > 0) throw specError(faults);
  for (const [k, level] of values.entries()) {
    const own: Fault[] = [];
    problemUnder('', { ...refined(json, spec, refinementOf(levels), level), seed: seeds[0]! }, own);
    for (const { code, pointer, detail } of own)
      faults.push({ code, pointer: `/${name}/${k}`, detail: pointer === '' ? detail : `${pointer}: ${detail}` });
  }
  if (faults.length > 0) throw specError(faults);
}

export function refinementOf(levels: StudyLevels): Refinement {
  return 'points' in levels ? 'points' : 'width';
}

/** The problem at a level: with that many points, those of the conditions in proportion, or with layers of that width. */
export function refined(json: PinnSpecInput, spec: PinnSpec, refinement: Refinement, level: number): PinnSpecInput {
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

/** The effective problem; its faults are added under `prefix`, and it is null then. */
function problemUnder(prefix: string, json: unknown, faults: Fault[]): PinnSpec | null {
  try {
    return parsePinnSpec(json);
  } catch (cause) {
    if (!(cause instanceof KfacError)) throw cause;
    const code = cause.code === 'KFAC_EQUATION' || cause.code === 'KFAC_LIMIT' ? cause.code : 'KFAC_SPEC';
    const issues = cause.issues.length > 0 ? cause.issues : [{ pointer: '', detail: cause.message }];
    for (const { pointer, detail } of issues) faults.push({ code, pointer: `${prefix}${pointer}`, detail });
    return null;
  }
}
