import { KfacError } from '../../errors.ts';
import type { Dtype, Hedge, HedgeBatch, HedgeLayer, HedgeTape, HedgeTask, LstmShape, RealArray } from '../engine.ts';
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
} from '../hedge-checks.ts';

type Policy = [features: number, hidden: number, squash: number, theta: Float64Array];
type World = [
  paths: number,
  dates: number,
  features: RealArray,
  gains: RealArray,
  costs: RealArray,
  base: Float64Array,
];
type Tape = [features: number, hidden: number, paths: number, dates: number, memory: RealArray];

type Prepare = (
  numbers: Float64Array,
  call: boolean,
  unwind: boolean,
  paths: number,
  dates: number,
  spot: RealArray,
  variance: RealArray,
  features: RealArray,
  gains: RealArray,
  costs: RealArray,
  base: Float64Array,
) => void;
type Rollout = (
  ...args: [...Policy, ...World, pnl: Float64Array, cost: Float64Array, turnover: Float64Array, positions: RealArray]
) => void;
type Linearize = (...args: [...Policy, ...World, memory: RealArray, pnl: Float64Array]) => void;
type Gradient = (...args: [...Tape, layer: number, weights: Float64Array, out: Float64Array]) => void;
type Jvp = (
  ...args: [...Tape, layer: number, directions: readonly Float64Array[], stride: number, out: Float64Array]
) => void;
type Factors = (
  ...args: [...Tape, layer: number, weights: Float64Array, stride: number, a: RealArray, g: RealArray]
) => void;
type LagFactors = (
  ...args: [
    ...Tape,
    layer: number,
    weights: Float64Array,
    stride: number,
    a0: RealArray,
    a1: RealArray,
    g0: RealArray,
    g1: RealArray,
  ]
) => void;
type HeadBlock = (...args: [...Tape, weights: Float64Array, out: RealArray]) => void;
type Capture = (...args: [...Tape, layer: number, z: RealArray, g: RealArray]) => void;

/** What this room calls in the addon; the suffix is the dtype of batch and tape. */
export interface HedgeAddon {
  hedgeTapeLength(features: number, hidden: number, paths: number, dates: number, f32: boolean): number;
  hedgePrepareF64: Prepare;
  hedgePrepareF32: Prepare;
  hedgeRolloutF64: Rollout;
  hedgeRolloutF32: Rollout;
  hedgeLinearizeF64: Linearize;
  hedgeLinearizeF32: Linearize;
  hedgeGradientF64: Gradient;
  hedgeGradientF32: Gradient;
  hedgeJvpF64: Jvp;
  hedgeJvpF32: Jvp;
  hedgeFactorsF64: Factors;
  hedgeFactorsF32: Factors;
  hedgeLagFactorsF64: LagFactors;
  hedgeLagFactorsF32: LagFactors;
  hedgeReducedFactorsF64: Factors;
  hedgeReducedFactorsF32: Factors;
  hedgeHeadBlockF64: HeadBlock;
  hedgeHeadBlockF32: HeadBlock;
  hedgeCaptureF64: Capture;
  hedgeCaptureF32: Capture;
}

/** The tape owns its memory, laid out as the addon likes it. */
interface NativeTape extends HedgeTape {
  readonly memory: RealArray;
}

const SQUASHES = ['tanh', 'logistic', 'identity'] as const;
const LAYERS = ['gates', 'head'] as const;
const NONE = new Float64Array(0);

function policy(shape: LstmShape, theta: Float64Array): Policy {
  return [shape.staticFeatures, shape.hidden, SQUASHES.indexOf(shape.squash), theta];
}

function world(batch: HedgeBatch): World {
  return [batch.paths, batch.dates, batch.features.data, batch.gains.data, batch.costs.data, batch.base];
}

function memoryOf(tape: HedgeTape): RealArray {
  if (!('memory' in tape)) throw new KfacError('KFAC_ENGINE', 'tape: made by another engine');
  return (tape as NativeTape).memory;
}

function tapeOf(tape: HedgeTape): Tape {
  return [tape.shape.staticFeatures, tape.shape.hidden, tape.paths, tape.dates, memoryOf(tape)];
}

function layerOf(layer: HedgeLayer): number {
  return LAYERS.indexOf(layer);
}

function numbersOf(task: HedgeTask): Float64Array {
  const theta = task.model === 'heston' ? task.theta : Number.NaN;
  const { horizon, rate, dividend, strike, proportionalCost, premium, logScale } = task;
  return Float64Array.of(theta, horizon, rate, dividend, strike, proportionalCost, premium, logScale);
}

/** The hedging loop, natively. */
export function nativeHedge(addon: HedgeAddon): Hedge {
  const is = (dtype: Dtype): boolean => dtype === 'f64';
  return {
    batch: hedgeBatch,
    prepare(task, spot, variance, batch) {
      checkPrepare(task, spot, variance, batch);
      const call = is(batch.dtype) ? addon.hedgePrepareF64 : addon.hedgePrepareF32;
      call(
        numbersOf(task),
        task.liability === 'european-call',
        task.unwind,
        batch.paths,
        batch.dates,
        spot.data,
        variance?.data ?? NONE,
        batch.features.data,
        batch.gains.data,
        batch.costs.data,
        batch.base,
      );
    },
    rollout(shape, theta, batch, outcome) {
      checkRollout(shape, theta, batch, outcome);
      const call = is(batch.dtype) ? addon.hedgeRolloutF64 : addon.hedgeRolloutF32;
      const { pnl, cost, turnover, positions } = outcome;
      call(...policy(shape, theta), ...world(batch), pnl, cost, turnover, positions?.data ?? NONE);
    },
    tape(shape, paths, dates, dtype) {
      checkLstm(shape);
      checkSizes(paths, dates);
      const length = addon.hedgeTapeLength(shape.staticFeatures, shape.hidden, paths, dates, !is(dtype));
      if (!(length <= 2 ** 32)) {
        throw new KfacError('KFAC_SHAPE', `tape: ${paths} paths of ${dates} dates are too many for one tape`);
      }
      const memory = is(dtype) ? new Float64Array(length) : new Float32Array(length);
      return { shape, paths, dates, dtype, memory } satisfies NativeTape;
    },
    linearize(shape, theta, batch, tape, pnl) {
      checkLinearize(shape, theta, batch, tape, pnl);
      const call = is(tape.dtype) ? addon.hedgeLinearizeF64 : addon.hedgeLinearizeF32;
      call(...policy(shape, theta), ...world(batch), memoryOf(tape), pnl);
    },
    gradient(tape, layer, weights, out) {
      checkGradient(tape, layer, weights, out);
      const call = is(tape.dtype) ? addon.hedgeGradientF64 : addon.hedgeGradientF32;
      call(...tapeOf(tape), layerOf(layer), weights, out);
    },
    jvp(tape, layer, directions, stride, out) {
      checkJvp(tape, layer, directions, stride, out);
      const call = is(tape.dtype) ? addon.hedgeJvpF64 : addon.hedgeJvpF32;
      call(...tapeOf(tape), layerOf(layer), directions, stride, out);
    },
    factors(tape, layer, weights, stride, a, g) {
      checkFactors(tape, layer, weights, stride, a, g);
      const call = is(tape.dtype) ? addon.hedgeFactorsF64 : addon.hedgeFactorsF32;
      call(...tapeOf(tape), layerOf(layer), weights, stride, a.data, g.data);
    },
    lagFactors(tape, layer, weights, stride, a, g) {
      checkLagFactors(tape, layer, weights, stride, a, g);
      const call = is(tape.dtype) ? addon.hedgeLagFactorsF64 : addon.hedgeLagFactorsF32;
      const arrays = [a.lag0.data, a.lag1.data, g.lag0.data, g.lag1.data] as const;
      call(...tapeOf(tape), layerOf(layer), weights, stride, ...arrays);
    },
    reducedFactors(tape, layer, weights, stride, a, g) {
      checkFactors(tape, layer, weights, stride, a, g);
      const call = is(tape.dtype) ? addon.hedgeReducedFactorsF64 : addon.hedgeReducedFactorsF32;
      call(...tapeOf(tape), layerOf(layer), weights, stride, a.data, g.data);
    },
    headBlock(tape, weights, out) {
      checkHeadBlock(tape, weights, out);
      const call = is(tape.dtype) ? addon.hedgeHeadBlockF64 : addon.hedgeHeadBlockF32;
      call(...tapeOf(tape), weights, out.data);
    },
    capture(tape, layer, z, g) {
      checkCapture(tape, layer, z, g);
      const call = is(tape.dtype) ? addon.hedgeCaptureF64 : addon.hedgeCaptureF32;
      call(...tapeOf(tape), layerOf(layer), z.data, g.data);
    },
  };
}
