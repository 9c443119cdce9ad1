import { type Engine, type EngineDescription, type Field, KfacError, type TrainingStatus } from '@kfac/core';
import { lastWindow } from './curriculum/windows.ts';
import { type SolutionDifference, differenceBetween } from './difference.ts';
import { EXPORT_FORMATS, type ExportFormat } from './export/formats.ts';
import { firstAxes, sliceOf } from './field-slice.ts';
import { FieldGrid } from './fields.ts';
import type { TrainedNetwork } from './network.ts';
import { networkValues } from './network-values.ts';
import type { TermLosses } from './objective.ts';
import type { Problem } from './problem.ts';
import type { ResidualReport } from './residual-report.ts';
import type { ScalarEstimate } from './scalars.ts';
import type { PinnSpec } from './spec.ts';
import { type Spectrum, spectrumOf } from './spectrum.ts';

/** What a training came to, as plain JSON: what `kfac solve --json` prints and the service stores. */
export interface PinnReport extends ResidualReport {
  readonly kind: 'pinn';
  readonly status: TrainingStatus;
  /** Never empty: 'steps', 'seconds', 'loss', 'relativeL2', or why the optimizer or the user ended it. */
  readonly stopReason: string;
  readonly steps: number;
  readonly seconds: number;
  readonly engine: EngineDescription;
  /** The effective specification and its hash. */
  readonly spec: PinnSpec;
  readonly hash: string;
  readonly optimizer: { readonly name: string; readonly reason: string };
  /** Number of trained parameters, unknown scalars included. */
  readonly parameters: number;
  /** The loss at the end, and its parts: each ½·weight·mean of squared residuals. */
  readonly loss: number;
  readonly terms: TermLosses;
  /** √mean (u_θ − u)² by unknown; empty without an exact solution. */
  readonly rmse: Readonly<Record<string, number>>;
  /** ‖u_θ − u‖₂/‖u‖₂ by unknown; empty without an exact solution. */
  readonly relativeL2: Readonly<Record<string, number>>;
  /** The unknown scalars by name, in their own units; empty without any. */
  readonly estimates: Readonly<Record<string, ScalarEstimate>>;
  /** One entry an evaluated step: step, seconds and metrics by key. */
  readonly history: readonly Readonly<Record<string, number>>[];
  readonly warnings: readonly string[];
  /** Hash of the parameters that training started from, where these were a saved network's. */
  readonly startHash?: string;
  /** False when training was resumed on another engine or SIMD level: then not bit for bit the uninterrupted run. */
  readonly bitExact: boolean;
  /** First step whose loss or parameters were not finite; present when diverged. */
  readonly badStep?: number;
}

/** A report together with the network it is about. */
export class Solution {
  readonly report: PinnReport;
  readonly network: TrainedNetwork;
  readonly #problem: Problem;
  readonly #engine: Engine;
  /** What was trained: the network's parameters, then the unknown scalars'. */
  readonly #theta: Float64Array;

  constructor(report: PinnReport, network: TrainedNetwork, theta: Float64Array, problem: Problem, engine: Engine) {
    this.report = report;
    this.network = network;
    this.#theta = theta;
    this.#problem = problem;
    this.#engine = engine;
  }

  get status(): TrainingStatus {
    return this.report.status;
  }

  get stopReason(): string {
    return this.report.stopReason;
  }

  get steps(): number {
    return this.report.steps;
  }

  get seconds(): number {
    return this.report.seconds;
  }

  get spec(): PinnSpec {
    return this.report.spec;
  }

  get hash(): string {
    return this.report.hash;
  }

  get engine(): EngineDescription {
    return this.report.engine;
  }

  get optimizer(): PinnReport['optimizer'] {
    return this.report.optimizer;
  }

  get loss(): number {
    return this.report.loss;
  }

  get terms(): TermLosses {
    return this.report.terms;
  }

  get residuals(): PinnReport['residuals'] {
    return this.report.residuals;
  }

  get conditions(): PinnReport['conditions'] {
    return this.report.conditions;
  }

  get rmse(): PinnReport['rmse'] {
    return this.report.rmse;
  }

  get relativeL2(): PinnReport['relativeL2'] {
    return this.report.relativeL2;
  }

  /** The values of the unknown scalars by name, in their own units; the report's `estimates` tell their errors too. */
  get parameters(): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(this.report.estimates).map(([name, { value }]) => [name, value]));
  }

  get history(): PinnReport['history'] {
    return this.report.history;
  }

  get warnings(): readonly string[] {
    return this.report.warnings;
  }

  /**
   * The solution at points [N × d] (coordinates in the order of the domain), under the unknowns' names, and any
   * derivatives asked for: `evaluate([[0.5, 0.5]], ['u_x', 'u_xy', 'laplacian(u)'])`. Throws `KFAC_SHAPE` for points of
   * another dimension, `KFAC_EQUATION` for a derivative that does not exist.
   */
  evaluate(points: readonly (readonly number[])[], derivatives: readonly string[] = []): Record<string, Float64Array> {
    return networkValues(this.#problem, this.#engine, this.network.parameters, points, derivatives);
  }

  /** Values, residuals and, with an exact solution, exact and error on a grid; `resolution` points along an axis. */
  fields(resolution?: number): Field[] {
    return new FieldGrid(this.#problem, this.#engine, resolution).at(this.#theta);
  }

  /**
   * The fields over the coordinates named by `axes`, one to three, the others at given values, or else at the middle of
   * their intervals: `slice(['x', 'y'], { t: 0.5 })`. Throws `KFAC_SPEC` for coordinates that do not exist and values
   * outside the domain.
   */
  slice(axes: readonly string[], at: Readonly<Record<string, number>> = {}, resolution?: number): Field[] {
    const slice = sliceOf(this.#problem.box, axes, at);
    return new FieldGrid(this.#problem, this.#engine, resolution, slice).at(this.#theta);
  }

  /**
   * The bytes of a file: fields over the first three coordinates as `csv`, `npy` or `vtk` with `resolution` points along
   * an axis, or the network as an ES module, `js`. Throws `KFAC_SPEC` for another format, `KFAC_SHAPE` for a resolution
   * out of range.
   */
  export(format: ExportFormat, resolution?: number): Uint8Array {
    if (!Object.hasOwn(EXPORT_FORMATS, format)) {
      const known = Object.keys(EXPORT_FORMATS).join(', ');
      throw new KfacError('KFAC_SPEC', `expected a format of ${known}, got ${JSON.stringify(format)}`);
    }
    const { network, spec } = this;
    const fields = () =>
      new FieldGrid(this.#problem, this.#engine, resolution, firstAxes(this.#problem.box, 3)).sample(this.#theta);
    const content = EXPORT_FORMATS[format].write({ network, spec, fields });
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  }

  /**
   * How far another solution for the same unknowns on the same domain is from this one, on 10 000 uniform points. Throws
   * `KFAC_SPEC` if domains, geometries or unknowns differ.
   */
  difference(other: Solution): SolutionDifference {
    const solved = (one: Solution) => ({ problem: one.#problem, weights: one.network.parameters });
    return differenceBetween(this.#engine, solved(this), solved(other));
  }

  /**
   * Singular values of J at the end, by term and altogether; with time windows those of the last one trained. On points
   * and weights as they are without adaptivity. Throws `KFAC_LIMIT` beyond 3000 parameters, or 1 GiB.
   */
  spectrum(): Spectrum {
    const { problem, theta } = this.#problem.windows
      ? lastWindow(this.#problem, this.#theta, this.#engine)
      : { problem: this.#problem, theta: this.#theta };
    return spectrumOf(problem, this.#engine, theta, this.steps);
  }

  /** The report as plain JSON. */
  toJSON(): PinnReport {
    return this.report;
  }
}
