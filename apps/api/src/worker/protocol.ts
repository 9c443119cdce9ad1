import type { EngineDescription } from '@kfac/core';
import type { CheckpointFile, Report } from '../runs/store.ts';

/** What the service tells a training child. A child trains one run and ends. */
export type ToWorker =
  | {
      readonly type: 'train';
      readonly kind: string;
      /** JSON text of the effective specification. */
      readonly spec: string;
      /** Where checkpoints and snapshots are written. */
      readonly folder: string;
      readonly attempt: number;
      /** To continue from, the newest first; the first intact one is taken. */
      readonly checkpoints: readonly CheckpointFile[];
    }
  /** Stop after the step under way, with a checkpoint. */
  | { readonly type: 'stop' };

/** What a training child tells the service. */
export type FromWorker =
  /** Loaded, and waits for its run. */
  | { readonly type: 'ready'; readonly engine: EngineDescription }
  | {
      readonly type: 'started';
      readonly resumedFrom: number;
      readonly engine: EngineDescription;
      readonly notes: readonly string[];
    }
  | { readonly type: 'report'; readonly report: Report }
  /** The training works inside a step that takes long. */
  | { readonly type: 'alive' }
  | { readonly type: 'ended'; readonly outcome: WorkerOutcome }
  /** The trainer refused or failed: trying again would fail again. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

export interface WorkerOutcome {
  readonly status: 'finished' | 'diverged' | 'cancelled';
  readonly stopReason: string;
  /** JSON text of the trainer's report. */
  readonly result: string;
  /** Where it diverged. */
  readonly diverged?: { readonly step: number; readonly metric: string };
}
