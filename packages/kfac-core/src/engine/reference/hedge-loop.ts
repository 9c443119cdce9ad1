import type { HedgeBatch, LstmShape } from '../engine.ts';
import { gateInputs } from '../hedge-checks.ts';
import { lstmBackward, lstmDate, lstmForward, squashSlope } from './lstm-cell.ts';
import type { LstmDate, LstmWeights } from './lstm-cell.ts';

/** Sums of one path, discounted to date 0. */
export interface PathResult {
  pnl: number;
  cost: number;
  turnover: number;
}

/** One path of the closed loop, forward and back; all memory is allocated once and reused for every path. */
export class HedgeLoop {
  readonly trace: readonly LstmDate[];
  /** ∂pnl/∂(gate pre-activations) by date [4H], and ∂pnl/∂(head pre-activation). */
  readonly gateErrors: readonly Float64Array[];
  readonly headErrors: Float64Array;
  readonly #shape: LstmShape;
  readonly #batch: HedgeBatch;
  readonly #zero: Float64Array;
  readonly #hidden: Float64Array;
  readonly #cell: Float64Array;

  constructor(shape: LstmShape, batch: HedgeBatch) {
    this.#shape = shape;
    this.#batch = batch;
    this.trace = Array.from({ length: batch.dates }, () => lstmDate(shape));
    this.gateErrors = Array.from({ length: batch.dates }, () => new Float64Array(4 * shape.hidden));
    this.headErrors = new Float64Array(batch.dates);
    this.#zero = new Float64Array(shape.hidden);
    this.#hidden = new Float64Array(shape.hidden);
    this.#cell = new Float64Array(shape.hidden);
  }

  /** Rolls path i out and leaves its trace behind; the first trade is charged, the last one if costs has its row N. */
  forward(weights: LstmWeights, path: number, result: PathResult): void {
    const { features, gains, costs, base, dates, paths } = this.#batch;
    const f0 = this.#shape.staticFeatures;
    const last = gateInputs(this.#shape) - 1;
    result.pnl = base[path]!;
    result.cost = 0;
    result.turnover = 0;
    let position = 0;
    let hidden = this.#zero;
    let cell = this.#zero;
    for (let t = 0; t < dates; t++) {
      const now = this.trace[t]!;
      for (let f = 0; f < f0; f++) now.input[f] = features.data[(t * f0 + f) * paths + path]!;
      now.input[f0] = 2 * position - 1;
      now.input.set(hidden, f0 + 1);
      now.input[last] = 1;
      lstmForward(this.#shape, weights, cell, now);
      const trade = Math.abs(now.position - position);
      result.pnl += now.position * gains.data[t * paths + path]!;
      result.cost += trade * costs.data[t * paths + path]!;
      result.turnover += trade;
      position = now.position;
      hidden = now.hidden;
      cell = now.cell;
    }
    result.cost += Math.abs(position) * costs.data[dates * paths + path]!;
    result.pnl -= result.cost;
  }

  /** Adjoint of the path that `forward` has just left behind, seed ∂/∂pnl = 1; at a kink of |trade| the slope is 0. */
  backward(weights: LstmWeights, path: number): void {
    const { gains, costs, dates, paths } = this.#batch;
    this.#hidden.fill(0);
    this.#cell.fill(0);
    let feedback = 0;
    for (let t = dates - 1; t >= 0; t--) {
      const now = this.trace[t]!;
      const before = t > 0 ? this.trace[t - 1]!.position : 0;
      const after = t + 1 < dates ? this.trace[t + 1]!.position : 0;
      const positionError =
        gains.data[t * paths + path]! -
        costs.data[t * paths + path]! * Math.sign(now.position - before) +
        costs.data[(t + 1) * paths + path]! * Math.sign(after - now.position) +
        2 * feedback;
      this.headErrors[t] = positionError * squashSlope(this.#shape.squash, now.position);
      feedback = lstmBackward(
        this.#shape,
        weights,
        t > 0 ? this.trace[t - 1]!.cell : this.#zero,
        now,
        this.headErrors[t]!,
        this.#hidden,
        this.#cell,
        this.gateErrors[t]!,
      );
    }
  }
}
