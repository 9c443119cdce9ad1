import type { Dtype, Engine, HedgeBatch, HedgeLayer, HedgeTape, HedgeTask, LstmShape, Matrix } from '../engine.ts';
import { gateInputs, hedgeParameters, layerSize } from '../hedge-checks.ts';
import { matrix } from '../matrix.ts';
import { numbers } from './dense.test.helper.ts';

/** A Heston world with costs, rates and an unwind: every term of the P&L is there. */
export const TASK: HedgeTask = {
  model: 'heston',
  theta: 0.04,
  horizon: 0.5,
  rate: 0.05,
  dividend: 0.02,
  liability: 'european-call',
  strike: 100,
  proportionalCost: 0.01,
  premium: 2,
  unwind: true,
  logScale: 20,
};

export const LAYERS: readonly HedgeLayer[] = ['gates', 'head'];

export function shapeOf(hidden: number, squash: LstmShape['squash'] = 'tanh', staticFeatures = 3): LstmShape {
  return { staticFeatures, hidden, squash };
}

/** θ uniform in ±scale. */
export function randomTheta(shape: LstmShape, seed = 1, scale = 0.4): Float64Array {
  const next = numbers(seed);
  return Float64Array.from({ length: hedgeParameters(shape) }, () => scale * next());
}

/** Positive weights that differ from path to path. */
export function randomWeights(paths: number, seed = 5): Float64Array {
  const next = numbers(seed);
  return Float64Array.from({ length: paths }, () => (1.2 + next()) / paths);
}

/** A prepared batch over simulated paths; the paths are the same for every engine to the last digits. */
export function prepared(engine: Engine, paths: number, dates: number, dtype: Dtype, task = TASK): HedgeBatch {
  const spot = matrix(dates + 1, paths);
  const variance = matrix(dates + 1, paths);
  const market = { spot: 100, drift: 0.05, v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7 } as const;
  const key = { seed: 3, purpose: 0, step: 1, firstPath: 0 };
  const interval = task.horizon / dates;
  engine.paths.simulate({ model: 'heston', scheme: 'qe-m', ...market }, interval, key, spot, variance);
  const batch = engine.hedge.batch(task, paths, dates, dtype);
  engine.hedge.prepare(task, spot, task.model === 'heston' ? variance : null, batch);
  return batch;
}

/** Per-path P&L of a policy. */
export function pnlOf(engine: Engine, shape: LstmShape, theta: Float64Array, batch: HedgeBatch): Float64Array {
  const vector = (): Float64Array => new Float64Array(batch.paths);
  const outcome = { pnl: vector(), cost: vector(), turnover: vector(), positions: null };
  engine.hedge.rollout(shape, theta, batch, outcome);
  return outcome.pnl;
}

export interface Linearized {
  readonly tape: HedgeTape;
  readonly pnl: Float64Array;
}

export function linearized(engine: Engine, shape: LstmShape, theta: Float64Array, batch: HedgeBatch): Linearized {
  const tape = engine.hedge.tape(shape, batch.paths, batch.dates, batch.dtype);
  const pnl = new Float64Array(batch.paths);
  engine.hedge.linearize(shape, theta, batch, tape, pnl);
  return { tape, pnl };
}

/** A layer's pairs, row i·dates + t. */
export function captured(engine: Engine, tape: HedgeTape, layer: HedgeLayer): { z: Matrix; g: Matrix } {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  const z = matrix(tape.paths * tape.dates, inputs, tape.dtype);
  const g = matrix(tape.paths * tape.dates, outputs, tape.dtype);
  engine.hedge.capture(tape, layer, z, g);
  return { z, g };
}

/** The part of θ that is a layer's matrix. */
export function part(shape: LstmShape, layer: HedgeLayer, theta: Float64Array): Float64Array {
  const size = gateInputs(shape) * 4 * shape.hidden;
  return layer === 'gates' ? theta.subarray(0, size) : theta.subarray(size);
}

export function statistics(
  engine: Engine,
  tape: HedgeTape,
  layer: HedgeLayer,
  weights: Float64Array,
  stride: number,
): { a: Matrix; g: Matrix } {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  const [a, g] = [matrix(inputs, inputs), matrix(outputs, outputs)];
  engine.hedge.factors(tape, layer, weights, stride, a, g);
  return { a, g };
}

/** Moments of both lags and statistics of whole paths. */
export function temporalStatistics(
  engine: Engine,
  tape: HedgeTape,
  layer: HedgeLayer,
  weights: Float64Array,
  stride: number,
): Record<'a0' | 'a1' | 'g0' | 'g1' | 'aReduced' | 'gReduced', Matrix> {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  const [a0, a1, aReduced] = [matrix(inputs, inputs), matrix(inputs, inputs), matrix(inputs, inputs)];
  const [g0, g1, gReduced] = [matrix(outputs, outputs), matrix(outputs, outputs), matrix(outputs, outputs)];
  engine.hedge.lagFactors(tape, layer, weights, stride, { lag0: a0, lag1: a1 }, { lag0: g0, lag1: g1 });
  engine.hedge.reducedFactors(tape, layer, weights, stride, aReduced, gReduced);
  return { a0, a1, g0, g1, aReduced, gReduced };
}

/** Everything that an engine computes from a batch, in one list. */
export function everything(
  engine: Engine,
  shape: LstmShape,
  theta: Float64Array,
  batch: HedgeBatch,
  stride = 1,
): [string, Float64Array][] {
  const { paths, dates } = batch;
  const vector = (): Float64Array => new Float64Array(paths);
  const outcome = { pnl: vector(), cost: vector(), turnover: vector(), positions: matrix(dates, paths) };
  engine.hedge.rollout(shape, theta, batch, outcome);
  const { tape, pnl } = linearized(engine, shape, theta, batch);
  const weights = randomWeights(paths);
  const list: [string, Float64Array][] = [
    ['rollout', outcome.pnl],
    ['cost', outcome.cost],
    ['turnover', outcome.turnover],
    ['positions', outcome.positions.data as Float64Array],
    ['pnl', pnl],
  ];
  for (const layer of LAYERS) {
    const size = part(shape, layer, theta).length;
    const directions = [2, 3, 4].map((seed) => Float64Array.from({ length: size }, numbers(seed)));
    const gradient = new Float64Array(size);
    engine.hedge.gradient(tape, layer, weights, gradient);
    const products = new Float64Array(3 * paths);
    engine.hedge.jvp(tape, layer, directions, stride, products);
    const { a, g } = statistics(engine, tape, layer, weights, stride);
    const overTime = temporalStatistics(engine, tape, layer, weights, stride);
    for (const [name, { data }] of Object.entries(overTime)) list.push([`${layer} ${name}`, data as Float64Array]);
    const pairs = captured(engine, tape, layer);
    list.push([`${layer} gradient`, gradient], [`${layer} jvp`, products]);
    list.push([`${layer} A`, a.data as Float64Array], [`${layer} G`, g.data as Float64Array]);
    list.push([`${layer} z`, Float64Array.from(pairs.z.data)], [`${layer} g`, Float64Array.from(pairs.g.data)]);
  }
  const block = matrix(shape.hidden + 1, shape.hidden + 1);
  engine.hedge.headBlock(tape, weights, block);
  list.push(['head block', block.data as Float64Array]);
  return list;
}
