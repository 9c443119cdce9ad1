import type { Json, JsonObject } from '../api/types.ts';

/** What a study refines, as its specification names it. */
export type LevelsKey = 'points' | 'widths';

/** Levels and seeds that a new study begins with, to be changed. */
const SUGGESTED = { points: [100, 200, 400], widths: [8, 16, 32] } as const;
const SEEDS = [1, 2, 3];

export const levelsKey = (spec: JsonObject): LevelsKey => ('widths' in spec ? 'widths' : 'points');

/** A first study of a problem. */
export const studyOf = (problem: JsonObject): JsonObject => ({ points: SUGGESTED.points, seeds: SEEDS, problem });

/** The problem of a study. */
export const problemIn = (spec: JsonObject): JsonObject => (spec['problem'] ?? {}) as JsonObject;

/** The study with levels of the other kind. */
export function withLevels(spec: JsonObject, key: LevelsKey): JsonObject {
  const { points: _points, widths: _widths, ...rest } = spec;
  return { [key]: SUGGESTED[key], ...rest };
}

/** The study after a change of one field. Levels that were emptied stay as an empty list, so that what is refined stays. */
export function studySpec(spec: JsonObject, name: string, next: Json | undefined): JsonObject {
  if (next !== undefined) return { ...spec, [name]: next };
  if (name === levelsKey(spec)) return { ...spec, [name]: [] };
  return Object.fromEntries(Object.entries(spec).filter(([key]) => key !== name));
}
