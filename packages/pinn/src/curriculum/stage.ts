import type { Engine } from '@kfac/core';
import type { Problem } from '../problem.ts';

/** One stage of a curriculum: trained with an optimizer, a loss and points of its own. */
export interface Stage {
  /** What the user is told when it begins: 'nu = 0.1'. */
  readonly title: string;
  /** Steps after which it ends; absent: by the other stop rules alone. */
  readonly steps: number | undefined;
  /** What it trains, given the parameters with which all windows before it ended; none of them for a continuation. */
  problem(past: readonly Float64Array[], engine: Engine): Problem;
  /** Whose exact solution its errors are measured against, where; null: of this stage there is nothing to compare with. */
  readonly measured: Problem | null;
  /** Whose fields show what it has come to. */
  readonly shown: Problem;
}
