import { type Engine, type JetShape, type JetTape, type Matrix, matrix, matrixOver } from '@kfac/core';
import { type CapturedPair, CapturedParameters } from './captured-parameters.ts';
import { type JetColumns, type NetworkColumns, NOWHERE, jetColumns, jetShape } from './network-columns.ts';
import type { Member, Networks } from './networks.ts';
import { ProductJets } from './product-jets.ts';

/** One network at the points of a batch: forward pass into the batch's columns, adjoint pass, captured pairs. */
export interface NetworkPass {
  /** Of the last `adjoint`, in the order of the network's part of the layout. */
  readonly pairs: readonly CapturedPair[];
  /** Fills the network's rows of the columns, at θ without unknown scalars; for an adjoint pass with capture. */
  forward(theta: Float64Array, capture: boolean): void;
  /** Fills the pairs from the seeds, at the θ of the last forward pass, which was with capture. */
  adjoint(theta: Float64Array): void;
}

/**
 * The pass of a network. `columns` [d + Σ m·S × N] are those of all networks, `seeds` [Σ m·S × N] what the residuals' slopes by
 * the channels will be; `pointsPerResidual` consecutive points are uses of one example.
 */
export function networkPass(
  engine: Engine,
  networks: Networks,
  { network, plan, dtype, from, rows }: NetworkColumns,
  columns: Matrix,
  seeds: Matrix,
  pointsPerResidual: number,
): NetworkPass {
  const points = columns.cols;
  const first = from - (columns.rows - seeds.rows);
  const own = matrixOver(rows, points, seeds.data.subarray(first * points, (first + rows) * points));
  if (network.rank === null) {
    const [member] = network.members as [Member];
    const read = jetColumns(network.axes, from, rows, columns);
    const shape = jetShape(member, plan, dtype);
    return new MemberPass(engine, networks, member, shape, read, own, plan.channels * pointsPerResidual);
  }
  const product = new ProductJets(network, network.rank, plan);
  const passes = product.factors.map(({ member, plan: ofFactor, rows: count }) => {
    const read = jetColumns(member.axes, NOWHERE, count, columns);
    const shape = jetShape(member, ofFactor, dtype);
    const uses = ofFactor.channels * pointsPerResidual;
    return new MemberPass(engine, networks, member, shape, { ...read, give() {} }, matrix(count, points), uses);
  });
  const factors = passes.map((pass) => pass.columns);
  const factorSeeds = passes.map((pass) => pass.seeds);
  return {
    pairs: passes.flatMap(({ pairs }) => pairs),
    forward(theta, capture) {
      for (const pass of passes) pass.forward(theta, capture);
      product.multiply(factors, columns, from);
    },
    adjoint(theta) {
      product.pullBack(factors, own, factorSeeds);
      for (const pass of passes) pass.adjoint(theta);
    },
  };
}

/** The pass of a network that the engine knows. */
class MemberPass implements NetworkPass {
  readonly pairs: readonly CapturedPair[];
  readonly seeds: Matrix;
  readonly #engine: Engine;
  readonly #networks: Networks;
  readonly #member: Member;
  readonly #shape: JetShape;
  readonly #columns: JetColumns;
  readonly #tape: JetTape;
  /** Its weights at the last θ. */
  readonly #weights: Float64Array;
  readonly #captured: CapturedParameters;

  constructor(
    engine: Engine,
    networks: Networks,
    member: Member,
    shape: JetShape,
    columns: JetColumns,
    seeds: Matrix,
    uses: number,
  ) {
    const { parametrization } = member;
    this.#engine = engine;
    this.#networks = networks;
    this.#member = member;
    this.#shape = shape;
    this.#columns = columns;
    this.seeds = seeds;
    this.#tape = engine.jets.tape(shape, seeds.cols);
    this.#weights = new Float64Array(parametrization.network.size);
    this.#captured = new CapturedParameters(engine, parametrization, this.#tape, uses);
    this.pairs = this.#captured.pairs;
  }

  /** Coordinates, then channels. */
  get columns(): Matrix {
    return this.#columns.columns;
  }

  forward(theta: Float64Array, capture: boolean): void {
    this.#columns.take();
    this.#engine.jets.forward(this.#shape, this.#weightsAt(theta), this.columns, capture ? this.#tape : null);
    this.#columns.give();
  }

  adjoint(theta: Float64Array): void {
    this.#engine.jets.adjoint(this.#shape, this.#weightsAt(theta), this.seeds, this.#tape);
    this.#captured.pullBack(this.#networks.parametersOf(theta, this.#member));
  }

  #weightsAt(theta: Float64Array): Float64Array {
    return this.#member.parametrization.weights(this.#networks.parametersOf(theta, this.#member), this.#weights);
  }
}
