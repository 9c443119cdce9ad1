import {
  type CapturedLayer,
  type Engine,
  type JetShape,
  type JetTape,
  type Matrix,
  type ParameterLayout,
  denseCapturedLayer,
  matrix,
  matrixOver,
} from '@kfac/core';
import type { Segment } from './conditions.ts';
import { bindParameters } from './equation/lower.ts';
import { CapturedScalars } from './captured-scalars.ts';
import type { Scalars } from './scalars.ts';

/** Working columns of one segment of a batch that has several. */
interface Scratch {
  readonly segment: Segment;
  readonly columns: Matrix;
  readonly outputs: Matrix;
}

/** Examples with one residual each, evaluated and linearised together. */
export interface Batch {
  /** N: number of examples. */
  readonly points: number;
  /** e at the last linearisation [N]. */
  readonly residual: Float64Array;
  /** Captured pairs of the last linearisation, one a weight matrix, the last of them the unknown scalars'. */
  readonly layers: readonly CapturedLayer[];
  /** e at θ [N], without capture; overwritten by the next call. */
  residuals(theta: Float64Array): Float64Array;
  /** Fills `residual` and `layers` at θ. */
  linearize(theta: Float64Array): void;
}

/**
 * Points that share one jet shape, with the residuals there: one forward pass, one program a segment, one adjoint pass.
 * Everything is allocated once.
 */
export class ResidualBatch implements Batch {
  readonly points: number;
  /** Coordinate rows [d × N]: the first rows of the columns. */
  readonly coordinates: Float64Array;
  /** Field rows [F × N]: the last rows of the columns, the caller's to fill. */
  readonly fields: Float64Array;
  readonly residual: Float64Array;
  readonly layers: readonly CapturedLayer[];
  readonly #engine: Engine;
  readonly #shape: JetShape;
  /** Coordinates, channels and fields [d + m·S + F × N]. */
  readonly #columns: Matrix;
  /** The columns without the fields. */
  readonly #jets: Matrix;
  readonly #outputs: Matrix;
  readonly #seeds: Matrix;
  readonly #trial: Matrix;
  readonly #tape: JetTape;
  readonly #scratch: readonly Scratch[];
  readonly #segments: readonly Segment[];
  readonly #scalars: Scalars;
  /** Their values p at the last θ [P]. */
  readonly #values: Float64Array;
  readonly #captured: CapturedScalars | null;

  constructor(
    engine: Engine,
    layout: ParameterLayout,
    shape: JetShape,
    points: number,
    segments: readonly Segment[],
    scalars: Scalars,
  ) {
    const d = shape.embedding?.coordinates ?? shape.sizes[0]!;
    const { plan, fields } = segments[0]!.compiled;
    const { channels } = plan;
    const rows = shape.sizes.at(-1)! * channels;
    this.points = points;
    this.#engine = engine;
    this.#shape = shape;
    this.#segments = segments;
    this.#columns = matrix(d + rows + fields, points);
    this.#jets = matrixOver(d + rows, points, this.#columns.data.subarray(0, (d + rows) * points));
    this.coordinates = (this.#columns.data as Float64Array).subarray(0, d * points);
    this.fields = (this.#columns.data as Float64Array).subarray((d + rows) * points);
    this.#outputs = matrix(1 + rows + scalars.count, points);
    this.residual = (this.#outputs.data as Float64Array).subarray(0, points);
    this.#seeds = matrixOver(rows, points, this.#outputs.data.subarray(points, (1 + rows) * points));
    this.#trial = matrix(1, points);
    this.#tape = engine.jets.tape(shape, points);
    this.#scalars = scalars;
    this.#values = new Float64Array(scalars.count);
    this.#captured = scalars.count === 0 ? null : new CapturedScalars(engine, scalars, points);
    this.layers = [
      ...this.#tape.inputs.map((inputs, l) =>
        denseCapturedLayer(engine, layout.blocks[l]!.name, inputs, this.#tape.gradients[l]!, channels),
      ),
      ...(this.#captured ? [this.#captured.layer] : []),
    ];
    this.#scratch =
      segments.length === 1
        ? []
        : segments.map((segment) => ({
            segment,
            columns: matrix(d + rows + fields, segment.count),
            outputs: matrix(this.#outputs.rows, segment.count),
          }));
  }

  residuals(theta: Float64Array): Float64Array {
    this.#engine.jets.forward(this.#shape, this.#scalars.networkPart(theta), this.#jets, null);
    this.#evaluate('residual', theta, this.#trial);
    return this.#trial.data as Float64Array;
  }

  linearize(theta: Float64Array): void {
    const { jets } = this.#engine;
    const network = this.#scalars.networkPart(theta);
    jets.forward(this.#shape, network, this.#jets, this.#tape);
    this.#evaluate('linearized', theta, this.#outputs);
    jets.adjoint(this.#shape, network, this.#seeds, this.#tape);
    const first = 1 + this.#seeds.rows;
    this.#captured?.set(theta, this.#outputs.data.subarray(first * this.points));
  }

  #evaluate(kind: 'residual' | 'linearized', theta: Float64Array, out: Matrix): void {
    const { programs } = this.#engine;
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
