import { type Fault, specError } from '@kfac/core';
import { attempt } from '../attempt.ts';
import { TIME } from '../equation/symbols.ts';
import type { Problem } from '../problem.ts';
import { continuationStages } from './continuation.ts';
import { windowTimes } from './time-windows.ts';
import { windowStages } from './windows.ts';

/**
 * A problem with the stages of its curriculum, if it has one. Throws `KfacError` with every fault of a stage. `compile`
 * reads the specification of a stage.
 */
export function withCurriculum(problem: Problem, compile: (json: unknown) => Problem): Problem {
  const { continuation, windows: given } = problem.spec.curriculum ?? {};
  if (given !== undefined) {
    const axis = problem.box.names.indexOf(TIME);
    const windows = { axis, times: windowTimes(given, problem.spec.domain[TIME]!) };
    const whole = { ...problem, windows };
    return { ...whole, stages: windowStages(whole, windows) };
  }
  if (!continuation) return problem;
  const faults: Fault[] = [];
  const stages = continuationStages(
    problem,
    continuation,
    (json, k) => attempt(faults, `/curriculum/continuation/values/${k}`, () => compile(json)) ?? problem,
  );
  if (faults.length > 0) throw specError(faults);
  return { ...problem, stages };
}
