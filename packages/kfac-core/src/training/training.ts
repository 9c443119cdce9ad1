import type { Engine } from '../engine/engine.ts';

/** One telemetry point: what a step reported, by metric key. */
export interface Progress {
  readonly step: number;
  /** Seconds of training so far, interruptions excluded. */
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Values on a grid: 'u', 'exact', 'error', 'residual'. C order, the first axis slowest. */
export interface Field {
  readonly name: string;
  readonly shape: readonly number[];
  readonly axes: readonly { readonly name: string; readonly values: readonly number[] }[];
  readonly values: Float32Array;
}

/** A histogram of discounted P&L over test paths, with the numbers that summarise it. */
export interface Distribution {
  /** 'policy', 'noHedge', 'blackScholesDelta', 'whalleyWilmott'. */
  readonly name: string;
  /** counts.length + 1 ascending edges; the outer bins include what lies beyond. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly mean: number;
  readonly variance: number;
  readonly sharpe: number;
  readonly var95: number;
  readonly cvar95: number;
  readonly cvar99: number;
}

/** What is worth looking at between steps: fields of a PDE's solution, P&L distributions. */
export interface Snapshot {
  readonly step: number;
  readonly fields: readonly Field[];
  readonly distributions: readonly Distribution[];
}

/** Options that `solve` of @kfac/pinn and `train` of @kfac/hedging share. */
export interface TrainingOptions {
  /** Cancels between two steps; a last checkpoint is handed out first. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Called with a complete checkpoint file at least every 5 s and every 100 steps, and when cancelled. */
  readonly onCheckpoint?: (bytes: Uint8Array, step: number) => void;
  /** Called when a checkpoint is due, and at the end. */
  readonly onSnapshot?: (snapshot: Snapshot) => void;
  /** Notes for the user: the optimizer that `auto` chose and why, an exact solution that does not satisfy its equation. */
  readonly onNote?: (note: string) => void;
  /** A checkpoint file's bytes: training continues from it, bit for bit. */
  readonly resume?: Uint8Array;
  readonly engine?: Engine;
}

/**
 * How a training ended. 'finished': a stop rule was met, or the optimizer cannot improve further; 'diverged': the loss or
 * the parameters became non-finite, the last good state is kept; 'cancelled': the signal was raised.
 */
export type TrainingStatus = 'finished' | 'diverged' | 'cancelled';
