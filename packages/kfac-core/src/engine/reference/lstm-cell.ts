import type { LstmShape } from '../engine.ts';
import { gateInputs } from '../hedge-checks.ts';

/** The two weight matrices inside θ: gates [F0+H+2 × 4H] and head [H+1 × 1], views. */
export interface LstmWeights {
  readonly gates: Float64Array;
  readonly head: Float64Array;
}

/** Splits θ into its matrices without copying. */
export function lstmWeights(shape: LstmShape, theta: Float64Array): LstmWeights {
  const size = gateInputs(shape) * 4 * shape.hidden;
  return { gates: theta.subarray(0, size), head: theta.subarray(size, size + shape.hidden + 1) };
}

/** What one date of one path leaves behind for the way back. */
export interface LstmDate {
  /** ã = [static features; 2δ − 1; h; 1] [F0+H+2]. */
  readonly input: Float64Array;
  /** Gates after their nonlinearities, i, f, g, o one after the other [4H]. */
  readonly gates: Float64Array;
  /** New cell state, its tanh, new hidden state, each [H]. */
  readonly cell: Float64Array;
  readonly tanhCell: Float64Array;
  readonly hidden: Float64Array;
  position: number;
}

/** Memory of one date. */
export function lstmDate(shape: LstmShape): LstmDate {
  const h = shape.hidden;
  return {
    input: new Float64Array(gateInputs(shape)),
    gates: new Float64Array(4 * h),
    cell: new Float64Array(h),
    tanhCell: new Float64Array(h),
    hidden: new Float64Array(h),
    position: 0,
  };
}

/** Logistic function 1/(1 + e^{−x}). */
function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Position from the head's pre-activation. */
export function squash(kind: LstmShape['squash'], u: number): number {
  return kind === 'tanh' ? Math.tanh(u) : kind === 'logistic' ? logistic(u) : u;
}

/** ∂position/∂(pre-activation), from the position itself. */
export function squashSlope(kind: LstmShape['squash'], position: number): number {
  return kind === 'tanh' ? 1 - position * position : kind === 'logistic' ? position * (1 - position) : 1;
}

/** One date forward: `now.input` is given, `previousCell` is c before it; fills the rest of `now`. */
export function lstmForward(shape: LstmShape, weights: LstmWeights, previousCell: Float64Array, now: LstmDate): void {
  const h = shape.hidden;
  const { gates, input } = now;
  gates.fill(0);
  for (let k = 0; k < input.length; k++) {
    for (let j = 0; j < 4 * h; j++) gates[j]! += input[k]! * weights.gates[k * 4 * h + j]!;
  }
  let u = weights.head[h]!;
  for (let j = 0; j < h; j++) {
    const inGate = (gates[j] = logistic(gates[j]!));
    const forget = (gates[h + j] = logistic(gates[h + j]!));
    const candidate = (gates[2 * h + j] = Math.tanh(gates[2 * h + j]!));
    const outGate = (gates[3 * h + j] = logistic(gates[3 * h + j]!));
    now.cell[j] = forget * previousCell[j]! + inGate * candidate;
    now.tanhCell[j] = Math.tanh(now.cell[j]!);
    now.hidden[j] = outGate * now.tanhCell[j]!;
    u += now.hidden[j]! * weights.head[j]!;
  }
  now.position = squash(shape.squash, u);
}

/**
 * One date back. In: ∂x/∂u of the head, ∂x/∂h and ∂x/∂c that come from later dates (`hidden`, `cell`, both updated to
 * what goes on to the date before). Out: g = ∂x/∂(gate pre-activations) [4H] and, returned, ∂x/∂(position feature).
 */
export function lstmBackward(
  shape: LstmShape,
  weights: LstmWeights,
  previousCell: Float64Array,
  now: LstmDate,
  headError: number,
  hidden: Float64Array,
  cell: Float64Array,
  g: Float64Array,
): number {
  const h = shape.hidden;
  for (let j = 0; j < h; j++) {
    const inGate = now.gates[j]!;
    const forget = now.gates[h + j]!;
    const candidate = now.gates[2 * h + j]!;
    const outGate = now.gates[3 * h + j]!;
    const tanhCell = now.tanhCell[j]!;
    const hiddenError = hidden[j]! + weights.head[j]! * headError;
    const cellError = cell[j]! + hiddenError * outGate * (1 - tanhCell * tanhCell);
    g[j] = cellError * candidate * inGate * (1 - inGate);
    g[h + j] = cellError * previousCell[j]! * forget * (1 - forget);
    g[2 * h + j] = cellError * inGate * (1 - candidate * candidate);
    g[3 * h + j] = hiddenError * tanhCell * outGate * (1 - outGate);
    cell[j] = cellError * forget;
  }
  const positionRow = shape.staticFeatures;
  for (let j = 0; j < h; j++) hidden[j] = rowProduct(weights.gates, positionRow + 1 + j, g);
  return rowProduct(weights.gates, positionRow, g);
}

/** Product of one row of the gate matrix with g. */
function rowProduct(gates: Float64Array, row: number, g: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < g.length; k++) sum += gates[row * g.length + k]! * g[k]!;
  return sum;
}
