import type { TrainingOptions } from '@kfac/core';

/** What the worker needs of a finished training; `toJSON` is the report that the command line prints, too. */
export interface TrainerReport {
  readonly status: 'finished' | 'diverged' | 'cancelled';
  readonly stopReason: string;
  readonly badStep?: number;
}

/** Trains a specification that was checked at the door. */
export type Trainer = (spec: unknown, options: TrainingOptions) => Promise<{ toJSON(): TrainerReport }>;

export type Trainers = Readonly<Record<string, Trainer>>;
