import {
  type CapturedLayer,
  type Engine,
  type JetShape,
  type JetTape,
  type Matrix,
  denseCapturedLayer,
  matrix,
  matrixOver,
} from '@kfac/core';
import { CapturedParameters } from './captured-parameters.ts';
import type { Segment } from './conditions.ts';
import type { Parametrization } from './parametrization.ts';

/** Working columns of one segment of a batch that has several. */
interface Scratch {
  readonly segment: Segment;
  readonly columns: Matrix;
  readonly outputs: Matrix;
}

/**
 * Points that share one jet shape, with the residuals there: one forward pass, one program a segment, one adjoint pass.
 * Everything is allocated once.
 */
export class ResidualBatch {
  readonly points: number;
  /** Coordinate rows [d × N]: the first rows of the columns. */
  readonly coordinates: Float64Array;
  /** Field rows [F × N]: the last rows of the columns, the caller's to fill. */
  readonly fields: Float64Array;
  /** e at the last linearisation [N]. */
  readonly residual: Float64Array;
  /** Captured pairs of the last linearisation, one a block of θ. */
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
  readonly #parametrization: Parametrization;
  readonly #weights: Float64Array;
  readonly #captured: CapturedParameters;
  readonly #scratch: readonly Scratch[];
  readonly #segments: readonly Segment[];

  constructor(
    engine: Engine,
    parametrization: Parametrization,
    shape: JetShape,
    points: number,
    segments: readonly Segment[],
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
    this.#outputs = matrix(1 + rows, points);
    this.residual = (this.#outputs.data as Float64Array).subarray(0, points);
    this.#seeds = matrixOver(rows, points, this.#outputs.data.subarray(points));
    this.#trial = matrix(1, points);
    this.#tape = engine.jets.tape(shape, points);
    this.#parametrization = parametrization;
    this.#weights = new Float64Array(parametrization.network.size);
    this.#captured = new CapturedParameters(engine, parametrization, this.#tape, channels);
    this.layers = this.#captured.pairs.map(({ name, inputs, gradients, uses }) =>
      denseCapturedLayer(engine, name, inputs, gradients, uses),
    );
    this.#scratch =
      segments.length === 1
        ? []
        : segments.map((segment) => ({
            segment,
            columns: matrix(d + rows + fields, segment.count),
            outputs: matrix(1 + rows, segment.count),
          }));
  }

  /** e at θ [N], without capture; overwritten by the next call. */
  residuals(theta: Float64Array): Float64Array {
    this.#engine.jets.forward(this.#shape, this.#weightsAt(theta), this.#jets, null);
    this.#evaluate('residual', this.#trial);
    return this.#trial.data as Float64Array;
  }

  /** Fills `residual` and `layers` at θ. */
  linearize(theta: Float64Array): void {
    const { jets } = this.#engine;
    const weights = this.#weightsAt(theta);
    jets.forward(this.#shape, weights, this.#jets, this.#tape);
    this.#evaluate('linearized', this.#outputs);
    jets.adjoint(this.#shape, weights, this.#seeds, this.#tape);
    this.#captured.pullBack(theta);
  }

  /** out ← ‖∂e_n/∂θ‖² at the last linearisation [N]: Σ over pairs and uses s, s′ of (Z_s·Z_s′)(G_s·G_s′). */
  kernelDiagonal(out: Float64Array): void {
    out.fill(0);
    for (const { inputs: z, gradients: g, uses } of this.#captured.pairs) {
      for (let n = 0; n < this.points; n++) {
        for (let s = n * uses; s < (n + 1) * uses; s++) {
          out[n]! += rowProduct(z, s, s) * rowProduct(g, s, s);
          for (let other = n * uses; other < s; other++)
            out[n]! += 2 * rowProduct(z, s, other) * rowProduct(g, s, other);
        }
      }
    }
  }

  #weightsAt(theta: Float64Array): Float64Array {
    return this.#parametrization.weights(theta, this.#weights);
  }

  #evaluate(kind: 'residual' | 'linearized', out: Matrix): void {
    const { programs } = this.#engine;
    if (this.#scratch.length === 0) {
      programs.evaluate(this.#segments[0]!.compiled[kind], this.#columns, out);
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
      programs.evaluate(compiled[kind], columns, part);
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
