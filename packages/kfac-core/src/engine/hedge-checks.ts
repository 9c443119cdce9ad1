import { KfacError } from '../errors.ts';
import { requireDistinct, requireInteger, requireShape, requireVector } from './check.ts';
import type {
  Dtype,
  HedgeBatch,
  HedgeLayer,
  HedgeOutcome,
  HedgeTape,
  HedgeTask,
  LagMoments,
  LstmShape,
  Matrix,
  RealArray,
} from './engine.ts';
import { staticFeatures } from './hedge-batch.ts';

/** Paths of one tile of the hedging loop; the partition is fixed by the dtype, never by the number of threads. */
export function hedgeTilePaths(dtype: Dtype): number {
  return dtype === 'f32' ? 64 : 32;
}

/** Rows of the gate matrix: static features, the position feature, the recurrent state, 1. */
export function gateInputs(shape: LstmShape): number {
  return shape.staticFeatures + shape.hidden + 2;
}

/** Length of θ: gate matrix [F0+H+2 × 4H], then head [H+1 × 1]. */
export function hedgeParameters(shape: LstmShape): number {
  return gateInputs(shape) * 4 * shape.hidden + shape.hidden + 1;
}

/** Inputs and outputs of one layer's weight matrix. */
export function layerSize(shape: LstmShape, layer: HedgeLayer): { inputs: number; outputs: number } {
  return layer === 'gates'
    ? { inputs: gateInputs(shape), outputs: 4 * shape.hidden }
    : { inputs: shape.hidden + 1, outputs: 1 };
}

/** Throws `KFAC_ALIAS` when an output overlaps another output or an input. */
export function requireAllDistinct(outputs: readonly RealArray[], inputs: readonly RealArray[]): void {
  for (const [k, output] of outputs.entries()) {
    requireDistinct(output, 'an output', [...outputs.slice(k + 1), ...inputs]);
  }
}

/** Throws unless the batch's arrays agree with its own sizes. */
export function checkBatch(batch: HedgeBatch): void {
  const { paths, dates, dtype } = batch;
  requireShape(batch.features, dates * batch.staticFeatures, paths, 'batch.features', dtype);
  requireShape(batch.gains, dates, paths, 'batch.gains', dtype);
  requireShape(batch.costs, dates + 1, paths, 'batch.costs', dtype);
  requireVector(batch.base, paths, 'batch.base');
}

/** Static features ≥ 0 and hidden units ≥ 1. */
export function checkLstm(shape: LstmShape): void {
  requireInteger(shape.staticFeatures, 0, 4096, 'staticFeatures');
  requireInteger(shape.hidden, 1, 4096, 'hidden');
}

/** What `prepare` requires. */
export function checkPrepare(task: HedgeTask, spot: Matrix, variance: Matrix | null, batch: HedgeBatch): void {
  checkBatch(batch);
  requireInteger(batch.staticFeatures, staticFeatures(task), staticFeatures(task), 'batch.staticFeatures');
  requireShape(spot, batch.dates + 1, batch.paths, 'spot', 'f64');
  if ((variance !== null) !== (task.model === 'heston')) {
    throw new KfacError('KFAC_SHAPE', 'variance: expected a matrix exactly when the model is heston');
  }
  if (variance) requireShape(variance, batch.dates + 1, batch.paths, 'variance', 'f64');
  requireAllDistinct(
    [batch.features.data, batch.gains.data, batch.costs.data, batch.base],
    variance ? [spot.data, variance.data] : [spot.data],
  );
}

function checkPolicy(shape: LstmShape, theta: Float64Array, batch: HedgeBatch): void {
  checkLstm(shape);
  checkBatch(batch);
  requireInteger(batch.staticFeatures, shape.staticFeatures, shape.staticFeatures, 'batch.staticFeatures');
  requireVector(theta, hedgeParameters(shape), 'theta');
}

/** What `rollout` requires. */
export function checkRollout(shape: LstmShape, theta: Float64Array, batch: HedgeBatch, outcome: HedgeOutcome): void {
  checkPolicy(shape, theta, batch);
  const outputs: RealArray[] = [outcome.pnl, outcome.cost, outcome.turnover];
  requireVector(outcome.pnl, batch.paths, 'outcome.pnl');
  requireVector(outcome.cost, batch.paths, 'outcome.cost');
  requireVector(outcome.turnover, batch.paths, 'outcome.turnover');
  if (outcome.positions) {
    requireShape(outcome.positions, batch.dates, batch.paths, 'outcome.positions', 'f64');
    outputs.push(outcome.positions.data);
  }
  requireAllDistinct(outputs, [theta, batch.features.data, batch.gains.data, batch.costs.data, batch.base]);
}

/** What `linearize` requires. */
export function checkLinearize(
  shape: LstmShape,
  theta: Float64Array,
  batch: HedgeBatch,
  tape: HedgeTape,
  pnl: Float64Array,
): void {
  checkPolicy(shape, theta, batch);
  const own = tape.shape;
  if (
    own.hidden !== shape.hidden ||
    own.staticFeatures !== shape.staticFeatures ||
    own.squash !== shape.squash ||
    tape.paths !== batch.paths ||
    tape.dates !== batch.dates
  ) {
    throw new KfacError(
      'KFAC_SHAPE',
      `tape: expected ${batch.paths} paths, ${batch.dates} dates of ${JSON.stringify(shape)}, ` +
        `got ${tape.paths}, ${tape.dates} of ${JSON.stringify(own)}`,
    );
  }
  if (tape.dtype !== batch.dtype) {
    throw new KfacError('KFAC_DTYPE', `tape: expected the batch's dtype ${batch.dtype}, got ${tape.dtype}`);
  }
  requireVector(pnl, batch.paths, 'pnl');
  requireAllDistinct([pnl], [theta, batch.features.data, batch.gains.data, batch.costs.data, batch.base]);
}

/** What `gradient` requires. */
export function checkGradient(tape: HedgeTape, layer: HedgeLayer, weights: Float64Array, out: Float64Array): void {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  requireVector(weights, tape.paths, 'weights');
  requireVector(out, inputs * outputs, 'out');
  requireAllDistinct([out], [weights]);
}

/** What `jvp` requires. */
export function checkJvp(
  tape: HedgeTape,
  layer: HedgeLayer,
  directions: readonly Float64Array[],
  stride: number,
  out: Float64Array,
): void {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  requireInteger(stride, 1, 2 ** 31 - 1, 'stride');
  for (const [k, direction] of directions.entries()) requireVector(direction, inputs * outputs, `directions[${k}]`);
  requireVector(out, directions.length * tape.paths, 'out');
  requireAllDistinct([out], directions);
}

/** What `factors` requires. */
export function checkFactors(
  tape: HedgeTape,
  layer: HedgeLayer,
  weights: Float64Array,
  stride: number,
  a: Matrix,
  g: Matrix,
): void {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  requireVector(weights, tape.paths, 'weights');
  requireInteger(stride, 1, 2 ** 31 - 1, 'stride');
  requireShape(a, inputs, inputs, 'a', 'f64');
  requireShape(g, outputs, outputs, 'g', 'f64');
  requireAllDistinct([a.data, g.data], [weights]);
}

/** What `lagFactors` requires. */
export function checkLagFactors(
  tape: HedgeTape,
  layer: HedgeLayer,
  weights: Float64Array,
  stride: number,
  a: LagMoments,
  g: LagMoments,
): void {
  checkFactors(tape, layer, weights, stride, a.lag0, g.lag0);
  checkFactors(tape, layer, weights, stride, a.lag1, g.lag1);
  requireAllDistinct([a.lag0.data, a.lag1.data, g.lag0.data, g.lag1.data], [weights]);
}

/** What `headBlock` requires. */
export function checkHeadBlock(tape: HedgeTape, weights: Float64Array, out: Matrix): void {
  const { inputs } = layerSize(tape.shape, 'head');
  requireVector(weights, tape.paths, 'weights');
  requireShape(out, inputs, inputs, 'out', 'f64');
  requireAllDistinct([out.data], [weights]);
}

/** What `capture` requires. */
export function checkCapture(tape: HedgeTape, layer: HedgeLayer, z: Matrix, g: Matrix): void {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  requireShape(z, tape.paths * tape.dates, inputs, 'z', tape.dtype);
  requireShape(g, tape.paths * tape.dates, outputs, 'g', tape.dtype);
  requireAllDistinct([z.data, g.data], []);
}
