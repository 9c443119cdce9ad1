import { specHash } from '@kfac/core';
import { trainingBytes } from './memory.ts';
import { parseHedgingSpec } from './parse.ts';
import { lstmLayout, lstmShape } from './policy/lstm.ts';
import type { HedgingSpec, HedgingSpecInput } from './spec.ts';
import { warnings } from './warnings.ts';

/** What a problem would do, without doing it. */
export interface HedgingCheck {
  readonly spec: HedgingSpec;
  readonly hash: string;
  /** Number of weights. */
  readonly parameters: number;
  /** Bytes of the training buffers. */
  readonly bytes: number;
  readonly optimizer: 'kfac' | 'adam';
  /** Why that optimizer. */
  readonly reason: string;
  readonly warnings: string[];
}

/** Validates a problem given as JSON and sizes it up; throws as `parseHedgingSpec`. */
export function checkHedging(json: unknown): HedgingCheck {
  const spec = parseHedgingSpec(json);
  return {
    spec,
    hash: specHash(spec),
    parameters: lstmLayout(lstmShape(spec)).size,
    bytes: trainingBytes(spec),
    optimizer: spec.optimizer.name,
    reason: (json as HedgingSpecInput).optimizer === undefined ? 'the default' : 'chosen in the specification',
    warnings: warnings(spec),
  };
}
