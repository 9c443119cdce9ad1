import { type Engine, type JetTape, type Matrix, matrixOver } from '@kfac/core';
import { type CapturedPair, CapturedParameters } from './captured-parameters.ts';
import { type JetColumns, type NetworkColumns, type Networks, jetColumns } from './networks.ts';

/** One network at the points of a batch: forward pass into the batch's columns, adjoint pass, captured pairs. */
export class NetworkPass {
  /** Of the last `adjoint`, in the order of the network's part of the layout. */
  readonly pairs: readonly CapturedPair[];
  readonly #engine: Engine;
  readonly #networks: Networks;
  readonly #part: NetworkColumns;
  readonly #columns: JetColumns;
  readonly #seeds: Matrix;
  readonly #tape: JetTape;
  /** The network's weights at the last θ. */
  readonly #weights: Float64Array;
  readonly #captured: CapturedParameters;

  /**
   * `columns` [d + Σ m·S × N] are those of all networks, `seeds` [Σ m·S × N] what the residuals' slopes by the channels will
   * be; `pointsPerResidual` consecutive points are uses of one example.
   */
  constructor(
    engine: Engine,
    networks: Networks,
    part: NetworkColumns,
    columns: Matrix,
    seeds: Matrix,
    pointsPerResidual: number,
  ) {
    const { network, shape, from, rows } = part;
    const { parametrization, unknowns } = network;
    const first = from - (columns.rows - seeds.rows);
    const channels = rows / unknowns.length;
    this.#engine = engine;
    this.#networks = networks;
    this.#part = part;
    this.#columns = jetColumns(part, columns);
    this.#seeds = matrixOver(rows, seeds.cols, seeds.data.subarray(first * seeds.cols, (first + rows) * seeds.cols));
    this.#tape = engine.jets.tape(shape, columns.cols);
    this.#weights = new Float64Array(parametrization.network.size);
    this.#captured = new CapturedParameters(engine, parametrization, this.#tape, channels * pointsPerResidual);
    this.pairs = this.#captured.pairs;
  }

  /** Fills the network's rows of the columns, at θ without unknown scalars; for an adjoint pass with capture. */
  forward(theta: Float64Array, capture: boolean): void {
    const { shape } = this.#part;
    this.#columns.take();
    this.#engine.jets.forward(shape, this.#weightsAt(theta), this.#columns.columns, capture ? this.#tape : null);
    this.#columns.give();
  }

  /** Fills the pairs from the seeds, at the θ of the last forward pass, which was with capture. */
  adjoint(theta: Float64Array): void {
    this.#engine.jets.adjoint(this.#part.shape, this.#weightsAt(theta), this.#seeds, this.#tape);
    this.#captured.pullBack(this.#networks.parametersOf(theta, this.#part.network));
  }

  #weightsAt(theta: Float64Array): Float64Array {
    const { network } = this.#part;
    return network.parametrization.weights(this.#networks.parametersOf(theta, network), this.#weights);
  }
}
