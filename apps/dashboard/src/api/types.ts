/** The JSON of the service, as the dashboard reads it. */

export type RunKind = 'pinn' | 'hedging' | 'study';

export type RunStatus =
  | 'queued'
  | 'claimed'
  | 'running'
  | 'cancelling'
  | 'interrupted'
  | 'succeeded'
  | 'failed'
  | 'diverged'
  | 'cancelled';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface EngineDescription {
  readonly kind: string;
  readonly simd: string;
  readonly threads: number;
  readonly version: string;
  readonly reasons: readonly string[];
}

export interface RunSummary {
  readonly id: string;
  readonly kind: RunKind;
  readonly name: string;
  readonly status: RunStatus;
  /** ISO 8601, like the other times. */
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly attempt: number;
  readonly step: number;
  /** Null where no stop rule counts steps. */
  readonly totalSteps: number | null;
  /** Seconds of training. */
  readonly seconds: number;
  readonly stopReason: string | null;
  readonly loss: number | null;
  readonly engine: EngineDescription | null;
}

export interface RunFault {
  readonly code: string;
  readonly message: string;
}

export interface Run extends RunSummary {
  readonly spec: JsonObject;
  readonly result: JsonObject | null;
  readonly error: RunFault | null;
}

/** A value that is not finite is null, and named in `nonfinite`. */
export interface MetricPoint {
  readonly step: number;
  readonly seconds: number;
  readonly value: number | null;
  readonly nonfinite?: string;
}

export interface MetricSeries {
  readonly series: { readonly [key: string]: readonly MetricPoint[] };
}

export interface FieldInfo {
  readonly name: string;
  /** C order, the first axis slowest. */
  readonly shape: readonly number[];
  readonly axes: readonly { readonly name: string; readonly values: readonly number[] }[];
  readonly range: readonly [number, number];
}

export interface FieldList {
  readonly step: number | null;
  readonly fields: readonly FieldInfo[];
}

/** A field of a slice; null where a value is not finite. */
export interface SliceField extends Omit<FieldInfo, 'range'> {
  readonly step: number;
  readonly values: readonly (number | null)[];
}

export interface Field extends FieldInfo {
  readonly step: number;
  readonly values: Float32Array;
}

/** How far two solutions are apart, by unknown. */
export interface Difference {
  readonly points: number;
  readonly rms: { readonly [unknown: string]: number };
  readonly relativeL2: { readonly [unknown: string]: number };
  readonly max: { readonly [unknown: string]: number };
}

/** A histogram of P&L over test paths, with the numbers that summarise it. */
export interface Distribution {
  readonly name: string;
  /** counts.length + 1 ascending edges. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly mean: number | null;
  readonly variance: number | null;
  readonly sharpe: number | null;
  readonly var95: number | null;
  readonly cvar95: number | null;
  readonly cvar99: number | null;
}

export interface DistributionList {
  readonly step: number | null;
  readonly distributions: readonly Distribution[];
}

export interface CatalogueEntry {
  readonly kind: RunKind;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly spec: JsonObject;
}

export interface Catalogue {
  readonly items: readonly CatalogueEntry[];
  /** JSON Schemas of the problems. */
  readonly schemas: { readonly [kind in RunKind]: JsonObject };
}

export interface Capabilities {
  readonly engine: EngineDescription;
  readonly version: string;
  readonly cores: number;
  readonly threadsPerRun: number;
  readonly concurrency: number;
}

/** A problem document (RFC 9457). */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}
