import { type CapturedLayer, type Engine, type Matrix, denseCapturedLayer, matrix, matrixOver } from '@kfac/core';
import type { CapturedPair } from './captured-parameters.ts';
import type { Segment } from './conditions.ts';
import { bindParameters } from './equation/lower.ts';
import type { KnownRows } from './equation/symbols.ts';
import { CapturedScalars } from './captured-scalars.ts';
import { networkColumns } from './network-columns.ts';
import { type NetworkPass, networkPass } from './network-pass.ts';
import type { Networks } from './networks.ts';
import type { Scalars } from './scalars.ts';
import type { PinnSpec } from './spec.ts';

/** Working columns of one segment of a batch that has several. */
interface Scratch {
  readonly segment: Segment;
  readonly columns: Matrix;
  readonly outputs: Matrix;
}

/** Examples with one residual each, evaluated and linearised together. */
export interface Batch {
  /** N: points at which the network is evaluated. */
  readonly points: number;
  /** B: number of residuals. */
  readonly examples: number;
  /** [d × N]. */
  readonly coordinates: Float64Array;
  /** e at the last linearisation [B]. */
  readonly residual: Float64Array;
  /** Captured pairs of the last linearisation, one a weight matrix of a network that occurs, the last of them the unknown scalars'. */
  readonly layers: readonly CapturedLayer[];
  /** e at θ [B], without capture; overwritten by the next call. */
  residuals(theta: Float64Array): Float64Array;
  /** Fills `residual` and `layers` at θ. */
  linearize(theta: Float64Array): void;
  /** out ← ‖∂e_n/∂θ‖² at the last linearisation [B]. */
  kernelDiagonal(out: Float64Array): void;
}

/** What a batch needs of a problem. */
export interface BatchSetting {
  readonly networks: Networks;
  readonly scalars: Scalars;
  readonly spec: Pick<PinnSpec, 'domain' | 'precision'>;
}

/**
 * Points that share the networks' jet shapes, with the residuals there: one forward pass a network, one program a segment, one adjoint
 * pass a network.
 * A residual is the program's value at a point, or the sum over `pointsPerResidual` consecutive ones, whose pairs (Z, G)
 * are then uses of one example. Everything is allocated once.
 */
export class ResidualBatch implements Batch {
  readonly points: number;
  /** Number of residuals B = N/pointsPerResidual. */
  readonly examples: number;
  /** Coordinate rows [d × N]: the first rows of the columns. */
  readonly coordinates: Float64Array;
  /** Field rows [F × N], the caller's to fill. */
  readonly fields: Float64Array;
  readonly residual: Float64Array;
  readonly layers: readonly CapturedLayer[];
  readonly #engine: Engine;
  /** Coordinates, channels, fields and known functions [d + Σ m·S + F + K × N]. */
  readonly #columns: Matrix;
  readonly #known: KnownRows | null;
  /** Known rows of the columns [K × N], and the coordinates for which they stand [d × N]; empty: none. */
  readonly #knownRows: Float64Array;
  readonly #knownAt: Float64Array;
  readonly #outputs: Matrix;
  readonly #trial: Matrix;
  readonly #pointsPerResidual: number;
  readonly #passes: readonly NetworkPass[];
  /** Of all passes. */
  readonly #pairs: readonly CapturedPair[];
  /** Σ m·S. */
  readonly #rows: number;
  readonly #scratch: readonly Scratch[];
  readonly #segments: readonly Segment[];
  readonly #scalars: Scalars;
  /** Their values p at the last θ [P]. */
  readonly #values: Float64Array;
  readonly #capturedScalars: CapturedScalars | null;

  constructor(
    engine: Engine,
    setting: BatchSetting,
    points: number,
    segments: readonly Segment[],
    pointsPerResidual = 1,
  ) {
    const { networks, scalars, spec } = setting;
    const d = Object.keys(spec.domain).length;
    const { plans, rows, fields, known } = segments[0]!.compiled;
    this.points = points;
    this.examples = points / pointsPerResidual;
    this.#pointsPerResidual = pointsPerResidual;
    this.#engine = engine;
    this.#rows = rows;
    this.#segments = segments;
    const height = d + rows + fields + (known?.count ?? 0);
    this.#columns = matrix(height, points);
    this.coordinates = (this.#columns.data as Float64Array).subarray(0, d * points);
    this.fields = (this.#columns.data as Float64Array).subarray((d + rows) * points, (d + rows + fields) * points);
    this.#known = known;
    this.#knownRows = (this.#columns.data as Float64Array).subarray((d + rows + fields) * points);
    this.#knownAt = new Float64Array(known ? d * points : 0).fill(Number.NaN);
    this.#outputs = matrix(1 + rows + scalars.count, points);
    this.residual = (this.#outputs.data as Float64Array).subarray(0, this.examples);
    this.#trial = matrix(1, points);
    const jets = matrixOver(d + rows, points, this.#columns.data.subarray(0, (d + rows) * points));
    const seeds = matrixOver(rows, points, this.#outputs.data.subarray(points, (1 + rows) * points));
    this.#passes = networkColumns(setting, plans).map((part) =>
      networkPass(engine, networks, part, jets, seeds, pointsPerResidual),
    );
    this.#scalars = scalars;
    this.#values = new Float64Array(scalars.count);
    this.#pairs = this.#passes.flatMap(({ pairs }) => pairs);
    this.#capturedScalars =
      scalars.count === 0 ? null : new CapturedScalars(engine, scalars, points, pointsPerResidual);
    this.layers = [
      ...this.#pairs.map(({ name, inputs, gradients, uses }) =>
        denseCapturedLayer(engine, name, inputs, gradients, uses),
      ),
      ...(this.#capturedScalars ? [this.#capturedScalars.layer] : []),
    ];
    this.#scratch =
      segments.length === 1
        ? []
        : segments.map((segment) => ({
            segment,
            columns: matrix(height, segment.count),
            outputs: matrix(this.#outputs.rows, segment.count),
          }));
  }

  residuals(theta: Float64Array): Float64Array {
    this.#forward(theta, false);
    this.#evaluate('residual', theta, this.#trial);
    return this.#summed(this.#trial);
  }

  linearize(theta: Float64Array): void {
    this.#forward(theta, true);
    this.#evaluate('linearized', theta, this.#outputs);
    this.#summed(this.#outputs);
    for (const pass of this.#passes) pass.adjoint(this.#scalars.networkPart(theta));
    const first = 1 + this.#rows;
    this.#capturedScalars?.set(theta, this.#outputs.data.subarray(first * this.points));
  }

  kernelDiagonal(out: Float64Array): void {
    out.fill(0);
    for (const { inputs, gradients } of this.#pairs) this.#addSquaredNorms(inputs, gradients, out);
    if (this.#capturedScalars)
      this.#addSquaredNorms(this.#capturedScalars.inputs, this.#capturedScalars.gradients, out);
  }

  /** Σ over pairs of uses s, s′ of (Z_s·Z_s′)(G_s·G_s′), for every example. */
  #addSquaredNorms(z: Matrix, g: Matrix, out: Float64Array): void {
    const uses = z.rows / this.examples;
    for (let n = 0; n < this.examples; n++) {
      for (let s = n * uses; s < (n + 1) * uses; s++) {
        out[n]! += rowProduct(z, s, s) * rowProduct(g, s, s);
        for (let other = n * uses; other < s; other++) out[n]! += 2 * rowProduct(z, s, other) * rowProduct(g, s, other);
      }
    }
  }

  #forward(theta: Float64Array, capture: boolean): void {
    for (const pass of this.#passes) pass.forward(this.#scalars.networkPart(theta), capture);
  }

  /** Adds up, in place, what the points of a residual give in the first row; the residuals [B]. */
  #summed({ data }: Matrix): Float64Array {
    const values = data as Float64Array;
    const count = this.#pointsPerResidual;
    if (count > 1) {
      for (let i = 0; i < this.examples; i++) {
        let sum = 0;
        for (let k = 0; k < count; k++) sum += values[i * count + k]!;
        values[i] = sum;
      }
    }
    return values.subarray(0, this.examples);
  }

  /** Takes the known functions at the points of now, if these have changed. */
  #fillKnown(): void {
    const at = this.#knownAt;
    if (!this.#known || this.coordinates.every((value, k) => value === at[k])) return;
    at.set(this.coordinates);
    this.#known.fill(this.#engine, at, this.#knownRows);
  }

  #evaluate(kind: 'residual' | 'linearized', theta: Float64Array, out: Matrix): void {
    const { programs } = this.#engine;
    this.#fillKnown();
    this.#scalars.values(theta, this.#values);
    if (this.#scratch.length === 0) {
      programs.evaluate(bindParameters(this.#segments[0]!.compiled[kind], this.#values), this.#columns, out);
      return;
    }
    for (const { segment, columns, outputs } of this.#scratch) {
      const { from, count, compiled } = segment;
      const part = kind === 'residual' ? matrixOver(1, count, outputs.data.subarray(0, count)) : outputs;
      for (let row = 0; row < columns.rows; row++) {
        columns.data.set(
          this.#columns.data.subarray(row * this.points + from, row * this.points + from + count),
          row * count,
        );
      }
      programs.evaluate(bindParameters(compiled[kind], this.#values), columns, part);
      for (let row = 0; row < part.rows; row++)
        out.data.set(part.data.subarray(row * count, (row + 1) * count), row * this.points + from);
    }
  }
}

/** The inner product of two rows. */
function rowProduct({ cols, data }: Matrix, i: number, j: number): number {
  let sum = 0;
  for (let c = 0; c < cols; c++) sum += data[i * cols + c]! * data[j * cols + c]!;
  return sum;
}
