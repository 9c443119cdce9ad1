import { KfacError } from '../errors.ts';
import type {
  Dtype,
  HedgeBatch,
  HedgeLayer,
  HedgeOutcome,
  HedgeTape,
  HedgeTask,
  LstmShape,
  Matrix,
  RealArray,
} from './engine.ts';

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

/** Throws `KFAC_SHAPE` unless the value is an integer in [minimum, maximum]. */
export function expectInteger(value: number, minimum: number, maximum: number, name: string): void {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new KfacError('KFAC_SHAPE', `${name}: expected an integer in [${minimum}, ${maximum}], got ${value}`);
  }
}

/** Throws `KFAC_SHAPE` or `KFAC_DTYPE` unless the matrix has this shape, this dtype and as many numbers. */
export function expectShape(m: Matrix, rows: number, cols: number, dtype: Dtype, name: string): void {
  if (m.rows !== rows || m.cols !== cols || m.data.length !== rows * cols) {
    throw new KfacError(
      'KFAC_SHAPE',
      `${name}: expected ${rows}×${cols}, got ${m.rows}×${m.cols} over ${m.data.length} numbers`,
    );
  }
  const stored: Dtype | undefined =
    m.data instanceof Float64Array ? 'f64' : m.data instanceof Float32Array ? 'f32' : undefined;
  if (m.dtype !== dtype || stored !== dtype) {
    throw new KfacError('KFAC_DTYPE', `${name}: expected ${dtype}, got ${m.dtype} over ${m.data.constructor.name}`);
  }
}

/** Throws `KFAC_DTYPE` or `KFAC_SHAPE` unless the vector is f64 of this length. */
export function expectVector(v: Float64Array, length: number, name: string): void {
  if (!(v instanceof Float64Array)) throw new KfacError('KFAC_DTYPE', `${name}: expected a Float64Array`);
  if (v.length !== length) throw new KfacError('KFAC_SHAPE', `${name}: expected ${length} numbers, got ${v.length}`);
}

function overlap(a: RealArray, b: RealArray): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}

/** Throws `KFAC_ALIAS` when an output overlaps another output or an input. */
export function expectDistinct(outputs: readonly RealArray[], inputs: readonly RealArray[]): void {
  for (let i = 0; i < outputs.length; i++) {
    for (let j = i + 1; j < outputs.length; j++) {
      if (overlap(outputs[i]!, outputs[j]!)) throw new KfacError('KFAC_ALIAS', 'two outputs share memory');
    }
    for (const input of inputs) {
      if (overlap(outputs[i]!, input)) throw new KfacError('KFAC_ALIAS', 'an output shares memory with an input');
    }
  }
}

/** Number of static features of a market's model: log-moneyness, [variance], time left. */
export function staticFeatures(task: HedgeTask): number {
  return task.model === 'heston' ? 3 : 2;
}

/** Throws unless the batch's arrays agree with its own sizes. */
export function checkBatch(batch: HedgeBatch): void {
  const { paths, dates, dtype } = batch;
  expectShape(batch.features, dates * batch.staticFeatures, paths, dtype, 'batch.features');
  expectShape(batch.gains, dates, paths, dtype, 'batch.gains');
  expectShape(batch.costs, dates + 1, paths, dtype, 'batch.costs');
  expectVector(batch.base, paths, 'batch.base');
}

/** Sizes of a new batch or tape: paths ≥ 0, dates ≥ 1. */
export function checkSizes(paths: number, dates: number): void {
  expectInteger(paths, 0, 2 ** 31 - 1, 'paths');
  expectInteger(dates, 1, 2 ** 24 - 1, 'dates');
}

/** Static features ≥ 0 and hidden units ≥ 1. */
export function checkLstm(shape: LstmShape): void {
  expectInteger(shape.staticFeatures, 0, 4096, 'staticFeatures');
  expectInteger(shape.hidden, 1, 4096, 'hidden');
}

/** What `prepare` requires. */
export function checkPrepare(task: HedgeTask, spot: Matrix, variance: Matrix | null, batch: HedgeBatch): void {
  checkBatch(batch);
  expectInteger(batch.staticFeatures, staticFeatures(task), staticFeatures(task), 'batch.staticFeatures');
  expectShape(spot, batch.dates + 1, batch.paths, 'f64', 'spot');
  if ((variance !== null) !== (task.model === 'heston')) {
    throw new KfacError('KFAC_SHAPE', 'variance: expected a matrix exactly when the model is heston');
  }
  if (variance) expectShape(variance, batch.dates + 1, batch.paths, 'f64', 'variance');
  expectDistinct(
    [batch.features.data, batch.gains.data, batch.costs.data, batch.base],
    variance ? [spot.data, variance.data] : [spot.data],
  );
}

function checkPolicy(shape: LstmShape, theta: Float64Array, batch: HedgeBatch): void {
  checkLstm(shape);
  checkBatch(batch);
  expectInteger(batch.staticFeatures, shape.staticFeatures, shape.staticFeatures, 'batch.staticFeatures');
  expectVector(theta, hedgeParameters(shape), 'theta');
}

/** What `rollout` requires. */
export function checkRollout(shape: LstmShape, theta: Float64Array, batch: HedgeBatch, outcome: HedgeOutcome): void {
  checkPolicy(shape, theta, batch);
  const outputs: RealArray[] = [outcome.pnl, outcome.cost, outcome.turnover];
  expectVector(outcome.pnl, batch.paths, 'outcome.pnl');
  expectVector(outcome.cost, batch.paths, 'outcome.cost');
  expectVector(outcome.turnover, batch.paths, 'outcome.turnover');
  if (outcome.positions) {
    expectShape(outcome.positions, batch.dates, batch.paths, 'f64', 'outcome.positions');
    outputs.push(outcome.positions.data);
  }
  expectDistinct(outputs, [theta, batch.features.data, batch.gains.data, batch.costs.data, batch.base]);
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
  expectVector(pnl, batch.paths, 'pnl');
  expectDistinct([pnl], [theta, batch.features.data, batch.gains.data, batch.costs.data, batch.base]);
}

/** What `gradient` requires. */
export function checkGradient(tape: HedgeTape, layer: HedgeLayer, weights: Float64Array, out: Float64Array): void {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  expectVector(weights, tape.paths, 'weights');
  expectVector(out, inputs * outputs, 'out');
  expectDistinct([out], [weights]);
}

/** What `jvp` requires. */
export function checkJvp(
  tape: HedgeTape,
  layer: HedgeLayer,
  directions: readonly Float64Array[],
  out: Float64Array,
): void {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  for (const [k, direction] of directions.entries()) expectVector(direction, inputs * outputs, `directions[${k}]`);
  expectVector(out, directions.length * tape.paths, 'out');
  expectDistinct([out], directions);
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
  expectVector(weights, tape.paths, 'weights');
  expectInteger(stride, 1, 2 ** 31 - 1, 'stride');
  expectShape(a, inputs, inputs, 'f64', 'a');
  expectShape(g, outputs, outputs, 'f64', 'g');
  expectDistinct([a.data, g.data], [weights]);
}

/** What `headBlock` requires. */
export function checkHeadBlock(tape: HedgeTape, weights: Float64Array, out: Matrix): void {
  const { inputs } = layerSize(tape.shape, 'head');
  expectVector(weights, tape.paths, 'weights');
  expectShape(out, inputs, inputs, 'f64', 'out');
  expectDistinct([out.data], [weights]);
}

/** What `capture` requires. */
export function checkCapture(tape: HedgeTape, layer: HedgeLayer, z: Matrix, g: Matrix): void {
  const { inputs, outputs } = layerSize(tape.shape, layer);
  expectShape(z, tape.paths * tape.dates, inputs, tape.dtype, 'z');
  expectShape(g, tape.paths * tape.dates, outputs, tape.dtype, 'g');
  expectDistinct([z.data, g.data], []);
}
