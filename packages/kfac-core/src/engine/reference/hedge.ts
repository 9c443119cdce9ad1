import { KfacError } from '../../errors.ts';
import type { Hedge, HedgeLayer, HedgeTape, LstmShape, Matrix } from '../engine.ts';
import { checkSizes, hedgeBatch } from '../hedge-batch.ts';
import {
  checkCapture,
  checkFactors,
  checkGradient,
  checkHeadBlock,
  checkJvp,
  checkLagFactors,
  checkLinearize,
  checkLstm,
  checkPrepare,
  checkRollout,
  hedgeTilePaths,
  layerSize,
} from '../hedge-checks.ts';
import { matrix } from '../matrix.ts';
import { HedgeLoop } from './hedge-loop.ts';
import { prepareBatch } from './hedge-prepare.ts';
import { lstmWeights } from './lstm-cell.ts';

/** Inputs Z and errors G of one weight matrix, row i·dates + t. */
interface Pair {
  readonly z: Matrix;
  readonly g: Matrix;
}

interface ReferenceTape extends HedgeTape {
  readonly pairs: Readonly<Record<HedgeLayer, Pair>>;
}

function pairOf(tape: HedgeTape, layer: HedgeLayer): Pair {
  if (!('pairs' in tape)) throw new KfacError('KFAC_ENGINE', 'tape: made by another engine');
  return (tape as ReferenceTape).pairs[layer];
}

/** The paths of every `stride`-th tile, and what makes their sums means over paths and dates, A's and G's (to all of ω). */
function sampled(
  { paths, dates, dtype }: HedgeTape,
  weights: Float64Array,
  stride: number,
): { readonly list: readonly number[]; readonly aScale: number; readonly gScale: number } {
  const tile = hedgeTilePaths(dtype);
  const list: number[] = [];
  let weight = 0;
  let total = 0;
  for (let i = 0; i < paths; i++) {
    total += weights[i]!;
    if (Math.floor(i / tile) % stride !== 0) continue;
    list.push(i);
    weight += weights[i]!;
  }
  const aScale = list.length > 0 ? 1 / (list.length * dates) : 0;
  return { list, aScale, gScale: weight > 0 ? total / weight / dates : 0 };
}

/** Copies row values into row `row` of a matrix. */
function setRow(m: Matrix, row: number, values: ArrayLike<number>): void {
  m.data.set(values, row * m.cols);
}

/** J_i = Σ_t z_{i,t}ᵀ·g_{i,t} [in × out] of one path. */
function pathJacobian(pair: Pair, path: number, dates: number, out: Float64Array): void {
  const { z, g } = pair;
  out.fill(0);
  for (let row = path * dates; row < (path + 1) * dates; row++) {
    for (let k = 0; k < z.cols; k++) {
      const input = z.data[row * z.cols + k]!;
      for (let j = 0; j < g.cols; j++) out[k * g.cols + j]! += input * g.data[row * g.cols + j]!;
    }
  }
}

/** out += weight·x·yᵀ, x row `row` and y row `other` of `m`. */
function addOuter(out: Float64Array, weight: number, m: Matrix, row: number, other: number): void {
  const n = m.cols;
  for (let j = 0; j < n; j++) {
    const left = m.data[row * n + j]!;
    // The product first: its result is symmetric to the last bit where x is y.
    for (let k = 0; k < n; k++) out[j * n + k]! += weight * (left * m.data[other * n + k]!);
  }
}

/** out ← scale·Σ_i w_i·Σ_t x_{i,t+lag}·x_{i,t}ᵀ over the listed paths. */
function lagMoment(
  m: Matrix,
  dates: number,
  lag: 0 | 1,
  paths: readonly number[],
  weight: (path: number) => number,
  factor: number,
  out: Matrix,
): void {
  out.data.fill(0);
  for (const i of paths) {
    for (let row = i * dates; row + lag < (i + 1) * dates; row++)
      addOuter(out.data as Float64Array, weight(i), m, row + lag, row);
  }
  scale(out, factor);
}

/** out ← the sum of the rows of one path. */
function pathSum(m: Matrix, path: number, dates: number, out: Matrix): void {
  out.data.fill(0);
  for (let row = path * dates; row < (path + 1) * dates; row++) {
    for (let k = 0; k < m.cols; k++) out.data[k]! += m.data[row * m.cols + k]!;
  }
}

function scale(m: Matrix, factor: number): void {
  for (let k = 0; k < m.data.length; k++) m.data[k]! *= factor;
}

function makeTape(shape: LstmShape, paths: number, dates: number, dtype: HedgeTape['dtype']): ReferenceTape {
  const pair = (layer: HedgeLayer): Pair => {
    const { inputs, outputs } = layerSize(shape, layer);
    return { z: matrix(paths * dates, inputs, dtype), g: matrix(paths * dates, outputs, dtype) };
  };
  return { shape, paths, dates, dtype, pairs: { gates: pair('gates'), head: pair('head') } };
}

/**
 * The hedging loop in plain TypeScript: path after path, every pair stored as a matrix row. It computes in f64 whatever
 * the dtype of its arrays; an f32 tape rounds what it stores.
 */
export function referenceHedge(): Hedge {
  return {
    batch: hedgeBatch,
    prepare(task, spot, variance, batch) {
      checkPrepare(task, spot, variance, batch);
      prepareBatch(task, spot, variance, batch);
    },
    rollout(shape, theta, batch, outcome) {
      checkRollout(shape, theta, batch, outcome);
      const weights = lstmWeights(shape, theta);
      const loop = new HedgeLoop(shape, batch);
      const result = { pnl: 0, cost: 0, turnover: 0 };
      for (let i = 0; i < batch.paths; i++) {
        loop.forward(weights, i, result);
        outcome.pnl[i] = result.pnl;
        outcome.cost[i] = result.cost;
        outcome.turnover[i] = result.turnover;
        if (outcome.positions) {
          for (let t = 0; t < batch.dates; t++) outcome.positions.data[t * batch.paths + i] = loop.trace[t]!.position;
        }
      }
    },
    tape(shape, paths, dates, dtype) {
      checkLstm(shape);
      checkSizes(paths, dates);
      return makeTape(shape, paths, dates, dtype);
    },
    linearize(shape, theta, batch, tape, pnl) {
      checkLinearize(shape, theta, batch, tape, pnl);
      const gates = pairOf(tape, 'gates');
      const head = pairOf(tape, 'head');
      const weights = lstmWeights(shape, theta);
      const loop = new HedgeLoop(shape, batch);
      const result = { pnl: 0, cost: 0, turnover: 0 };
      for (let i = 0; i < batch.paths; i++) {
        loop.forward(weights, i, result);
        loop.backward(weights, i);
        pnl[i] = result.pnl;
        for (let t = 0; t < batch.dates; t++) {
          const row = i * batch.dates + t;
          setRow(gates.z, row, loop.trace[t]!.input);
          setRow(gates.g, row, loop.gateErrors[t]!);
          setRow(head.z, row, loop.trace[t]!.hidden);
          head.z.data[row * head.z.cols + shape.hidden] = 1;
          head.g.data[row] = loop.headErrors[t]!;
        }
      }
    },
    gradient(tape, layer, weights, out) {
      checkGradient(tape, layer, weights, out);
      const pair = pairOf(tape, layer);
      const jacobian = new Float64Array(out.length);
      for (let i = 0; i < tape.paths; i++) {
        pathJacobian(pair, i, tape.dates, jacobian);
        for (let k = 0; k < out.length; k++) out[k]! += weights[i]! * jacobian[k]!;
      }
    },
    jvp(tape, layer, directions, stride, out) {
      checkJvp(tape, layer, directions, stride, out);
      const pair = pairOf(tape, layer);
      const { inputs, outputs } = layerSize(tape.shape, layer);
      const jacobian = new Float64Array(inputs * outputs);
      const tile = hedgeTilePaths(tape.dtype);
      for (let i = 0; i < tape.paths; i++) {
        if (Math.floor(i / tile) % stride !== 0) continue;
        pathJacobian(pair, i, tape.dates, jacobian);
        for (const [k, direction] of directions.entries()) {
          let sum = 0;
          for (let p = 0; p < jacobian.length; p++) sum += jacobian[p]! * direction[p]!;
          out[k * tape.paths + i]! += sum;
        }
      }
    },
    factors(tape, layer, weights, stride, a, g) {
      checkFactors(tape, layer, weights, stride, a, g);
      const pair = pairOf(tape, layer);
      const { list, aScale, gScale } = sampled(tape, weights, stride);
      lagMoment(pair.z, tape.dates, 0, list, () => 1, aScale, a);
      lagMoment(pair.g, tape.dates, 0, list, (i) => weights[i]!, gScale, g);
    },
    lagFactors(tape, layer, weights, stride, a, g) {
      checkLagFactors(tape, layer, weights, stride, a, g);
      const pair = pairOf(tape, layer);
      const { list, aScale, gScale } = sampled(tape, weights, stride);
      for (const [lag, aOut, gOut] of [
        [0, a.lag0, g.lag0],
        [1, a.lag1, g.lag1],
      ] as const) {
        lagMoment(pair.z, tape.dates, lag, list, () => 1, aScale, aOut);
        lagMoment(pair.g, tape.dates, lag, list, (i) => weights[i]!, gScale, gOut);
      }
    },
    reducedFactors(tape, layer, weights, stride, a, g) {
      checkFactors(tape, layer, weights, stride, a, g);
      const pair = pairOf(tape, layer);
      const { list, aScale, gScale } = sampled(tape, weights, stride);
      const [zSum, gSum] = [matrix(1, pair.z.cols), matrix(1, pair.g.cols)];
      a.data.fill(0);
      g.data.fill(0);
      for (const i of list) {
        pathSum(pair.z, i, tape.dates, zSum);
        pathSum(pair.g, i, tape.dates, gSum);
        addOuter(a.data as Float64Array, 1, zSum, 0, 0);
        addOuter(g.data as Float64Array, weights[i]!, gSum, 0, 0);
      }
      scale(a, aScale / tape.dates);
      scale(g, gScale * tape.dates);
    },
    headBlock(tape, weights, out) {
      checkHeadBlock(tape, weights, out);
      const pair = pairOf(tape, 'head');
      const jacobian = matrix(1, out.cols);
      const sum = out.data as Float64Array;
      sum.fill(0);
      for (let i = 0; i < tape.paths; i++) {
        pathJacobian(pair, i, tape.dates, jacobian.data as Float64Array);
        addOuter(sum, weights[i]!, jacobian, 0, 0);
      }
    },
    capture(tape, layer, z, g) {
      checkCapture(tape, layer, z, g);
      const pair = pairOf(tape, layer);
      z.data.set(pair.z.data);
      g.data.set(pair.g.data);
    },
  };
}
