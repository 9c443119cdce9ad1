import type { EngineDescription, TrainingOptions, TrainingStatus } from '@kfac/core';
import type { JsonSchema } from './alternatives.ts';
import type { CommandLine, OptionName } from './command-line.ts';
import type { Files } from './output.ts';
import type { StopRules } from './progress.ts';
import type { CatalogueItem } from './spec-source.ts';

/** What every report has. */
export interface Report {
  readonly status: TrainingStatus;
  readonly stopReason: string;
  readonly steps: number;
  readonly seconds: number;
  readonly engine: EngineDescription;
  readonly badStep?: number | undefined;
}

/** A finished training as the command line needs it. */
export interface Trained {
  readonly report: Report;
  /** What `--out` writes beside the report; computed when it is asked for. */
  files(): Files;
  /** Readable results. */
  readonly summary: string;
}

/** One of the two trainers behind `solve` and `hedge`. */
export interface Trainer {
  readonly command: 'solve' | 'hedge';
  readonly catalogue: readonly CatalogueItem[];
  /** Options that this trainer alone takes. */
  readonly options: readonly OptionName[];
  /** JSON Schema of a problem. */
  schema(): JsonSchema;
  /** Validates a problem; gives its stop rules and the hash of the effective problem. Throws `KfacError`. */
  inspect(json: unknown): { readonly stop: StopRules; readonly hash: string };
  /** Trains; `line` holds the trainer's own options. Throws `UsageError` for those that do not go together. */
  run(json: unknown, options: TrainingOptions, line: CommandLine): Promise<Trained>;
}
