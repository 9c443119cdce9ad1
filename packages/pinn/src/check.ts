import { checkCoefficients } from './coefficient-check.ts';
import { checkConditions } from './condition-check.ts';
import { checkExact } from './exact-check.ts';
import { compileProblem, hashOf } from './problem.ts';
import type { PinnSpec } from './spec.ts';
import { checkSystem } from './system-check.ts';

/** What can be said about a specification without training. */
export interface PinnCheck {
  readonly spec: PinnSpec;
  readonly hash: string;
  readonly parameters: number;
  /** Working memory of training, estimated. */
  readonly bytes: number;
  readonly optimizer: string;
  /** Why that optimizer. */
  readonly reason: string;
  readonly warnings: readonly string[];
}

/** Checks a specification: its effective form, size, optimizer and warnings. Throws like `parsePinnSpec`. */
export function checkPinn(json: unknown): PinnCheck {
  const problem = compileProblem(json);
  const { spec, layout, bytes, optimizer, warnings } = problem;
  return {
    spec,
    hash: hashOf(spec),
    parameters: layout.size,
    bytes,
    optimizer: optimizer.name,
    reason: optimizer.reason,
    warnings: [
      ...warnings,
      ...checkSystem(problem),
      ...checkConditions(problem),
      ...checkCoefficients(problem),
      ...checkExact(problem),
    ],
  };
}
