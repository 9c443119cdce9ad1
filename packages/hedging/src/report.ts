import type { EngineDescription, TrainingStatus } from '@kfac/core';
import type { BaselineName } from './baseline/baselines.ts';
import type { HedgingSpec } from './spec.ts';
import type { HedgeSummary } from './statistics.ts';

/** The outcome of a training as plain JSON: what `--json` prints and the service stores. */
export interface HedgingReport {
  readonly kind: 'hedging';
  readonly status: TrainingStatus;
  /** The stop rule that was met, or why training could not go on. */
  readonly stopReason: string;
  readonly steps: number;
  /** Seconds of training, the final evaluation excluded. */
  readonly seconds: number;
  readonly engine: EngineDescription;
  /** The effective problem, every default filled. */
  readonly spec: HedgingSpec;
  /** SHA-256 of the effective problem. */
  readonly hash: string;
  /** Number of weights. */
  readonly parameters: number;
  /** Metrics by step. */
  readonly history: readonly Record<string, number>[];
  /** The liability's risk-neutral price without costs, in currency. */
  readonly price: number;
  /** The premium received at date 0, in currency. */
  readonly premium: number;
  /** Test paths behind `policy` and `baselines`. */
  readonly testPaths: number;
  readonly policy: HedgeSummary;
  readonly baselines: Readonly<Record<BaselineName, HedgeSummary>>;
  readonly notes: readonly string[];
  /** The first step with a non-finite loss or parameter, of a diverged run. */
  readonly badStep?: number;
}
