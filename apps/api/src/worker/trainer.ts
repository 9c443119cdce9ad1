import type { TrainingOptions } from '@kfac/core';

/** What the worker needs of a finished training; `toJSON` is the report that the command line prints, too. */
export interface TrainerReport {
  readonly status: 'finished' | 'diverged' | 'cancelled';
  readonly stopReason: string;
  readonly badStep?: number;
}

/** A finished training. */
export interface Trained {
  toJSON(): TrainerReport;
  /** The files that can be downloaded when the run has ended, by format; absent where a kind has none. */
  exports?(): Readonly<Record<string, Uint8Array>>;
}

/** What a training child gives its trainer. */
export interface WorkerOptions extends TrainingOptions {
  /** The network that the run starts from, as its file holds it. */
  readonly startFrom?: unknown;
  /** Says that a long step is under way; called as often as one likes. */
  readonly onAlive: () => void;
}

/** Trains a specification that was checked at the door. */
export type Trainer = (spec: unknown, options: WorkerOptions) => Promise<Trained>;

export type Trainers = Readonly<Record<string, Trainer>>;
