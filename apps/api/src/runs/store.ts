import type { EngineDescription } from '@kfac/core';
import type { RunStatus } from './state.ts';

/** A run as the store keeps it. Times are epoch milliseconds. */
export interface StoredRun {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly attempt: number;
  /** Attempts in a row that wrote no new checkpoint. */
  readonly fruitless: number;
  readonly step: number;
  readonly totalSteps: number | null;
  readonly seconds: number;
  readonly stopReason: string | null;
  readonly loss: number | null;
  readonly engine: EngineDescription | null;
  readonly snapshot: string | null;
  readonly snapshotStep: number | null;
}

/** A run with what is too long for a list. */
export interface StoredRunDetail extends StoredRun {
  /** JSON text. */
  readonly spec: string;
  /** JSON text. */
  readonly result: string | null;
  readonly error: RunError | null;
}

/** Why a run failed, or what interrupted it last. */
export interface RunError {
  readonly code: string;
  readonly message: string;
}

export interface NewRun {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  /** JSON text of the effective specification. */
  readonly spec: string;
  readonly totalSteps: number | null;
}

/** One step's metrics; values may be non-finite. */
export interface Point {
  readonly step: number;
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface CheckpointFile {
  readonly step: number;
  /** Name inside the run's folder. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a child reported, in the order in which it is written: points first, so that a checkpoint confirms them. */
export interface Report {
  readonly progress?: {
    readonly step: number;
    readonly seconds: number;
    readonly loss: number;
    readonly points: readonly Point[];
  };
  readonly checkpoint?: CheckpointFile;
  readonly snapshot?: { readonly step: number; readonly file: string };
  readonly log?: string;
}

export interface Ending {
  readonly event: 'succeed' | 'fail' | 'diverge' | 'stop';
  readonly stopReason: string | null;
  /** JSON text of the trainer's report. */
  readonly result: string | null;
  readonly error: RunError | null;
  /** Where and by which metric it diverged. */
  readonly diverged?: { readonly step: number; readonly metric: string };
}

export const EVENT_KINDS = ['state', 'metrics', 'log', 'checkpoint', 'snapshot', 'rewind', 'diverged'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface StoredEvent {
  /** 1, 2, … within the run. */
  readonly seq: number;
  readonly kind: EventKind;
  /** JSON text. */
  readonly data: string;
}

export type Nonfinite = 'NaN' | '+Inf' | '-Inf';

/** One value of a series; `value` is null exactly if `nonfinite` says what it was. */
export interface SeriesPoint {
  readonly step: number;
  readonly seconds: number;
  readonly value: number | null;
  readonly nonfinite?: Nonfinite;
}

export interface RunFilter {
  readonly status?: readonly RunStatus[];
  readonly kind?: string;
}

/**
 * Where runs live: the single source of truth for state, lease, attempt, metrics and events. Every method is one
 * transaction. Methods that take an attempt are fenced: they change nothing and return null (or false) once another
 * attempt has begun, the run has left the states in which a supervisor owns it, or it does not exist.
 */
export interface RunStore {
  create(run: NewRun): Promise<StoredRunDetail>;
  get(id: string): Promise<StoredRunDetail | null>;
  /** Newest first; `after` is the id of the last run of the page before. */
  list(filter: RunFilter, limit: number, after: string | null): Promise<StoredRun[]>;
  /** Runs that are not in a terminal state. */
  countUnfinished(): Promise<number>;

  /** Takes the oldest queued run that is due and begins its next attempt. */
  claim(owner: string, leaseMs: number): Promise<StoredRunDetail | null>;
  /** The child trains, from the checkpoint at `resumedFrom` (0: from the beginning): later points of older attempts are hidden. */
  start(id: string, attempt: number, resumedFrom: number, engine: EngineDescription): Promise<RunStatus | null>;
  /** Returns the checkpoint files that are no longer needed. */
  report(id: string, attempt: number, report: Report): Promise<string[] | null>;
  finish(id: string, attempt: number, ending: Ending): Promise<RunStatus | null>;
  /** `retryAt`: earliest time of the next attempt. `counted`: an attempt without a new checkpoint counts as fruitless. */
  interrupt(id: string, attempt: number, error: RunError, retryAt: number, counted: boolean): Promise<RunStatus | null>;
  /** Extends the lease; returns the state, in which a cancel shows. */
  heartbeat(id: string, attempt: number, leaseMs: number): Promise<RunStatus | null>;

  /** Throws the 404 or 409 problem. */
  cancel(id: string): Promise<StoredRunDetail>;
  /** Throws the 404 or 409 problem. */
  resume(id: string): Promise<StoredRunDetail>;

  /** Interrupts runs whose lease has expired; re-queues or, after `maxFruitless` attempts, fails what is due. True if anything changed. */
  reap(maxFruitless: number): Promise<boolean>;
  /** For the one service that holds the data folder: every lease belongs to a dead one. Nothing counts as a fruitless attempt. */
  takeOver(): Promise<void>;

  /** Checkpoints that may be resumed from, the newest first. */
  checkpoints(id: string): Promise<CheckpointFile[]>;
  /** Visible points by key, by step; all keys if `keys` is null. */
  series(id: string, keys: readonly string[] | null): Promise<Map<string, SeriesPoint[]>>;
  /** Events with seq > `after`, ascending. */
  events(id: string, after: number, limit: number): Promise<StoredEvent[]>;
  /** Calls back after every commit that added an event to a run; returns the way to stop. */
  subscribe(listener: (runId: string) => void): () => void;
}
