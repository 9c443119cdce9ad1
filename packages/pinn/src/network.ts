import type { ParameterLayout } from '@kfac/core';
import { streamOf } from './sampling/sample.ts';

/** A trained network, enough to evaluate it anywhere. */
export interface TrainedNetwork {
  readonly type: 'mlp';
  /** Names of the inputs, in order. */
  readonly coordinates: readonly string[];
  /** Names of the outputs, in order. */
  readonly unknowns: readonly string[];
  /** Widths, input first. */
  readonly sizes: readonly number[];
  readonly activation: 'tanh' | 'sin';
  /** The layers' matrices [inputs + 1 × outputs] one after the other, row-major, the bias as the last row. */
  readonly parameters: Float64Array;
}

/**
 * Initial parameters: weights and biases uniform in ±1/√fan_in, in the first layer times `firstLayerScale`; a pure
 * function of the seed.
 */
export function initialParameters(layout: ParameterLayout, seed: number, firstLayerScale = 1): Float64Array {
  const stream = streamOf({ seed, purpose: 'parameters', place: 0, refresh: 0 });
  const theta = new Float64Array(layout.size);
  for (const [l, block] of layout.blocks.entries()) {
    const bound = (l === 0 ? firstLayerScale : 1) / Math.sqrt(block.inputs - 1);
    const values = layout.view(theta, block);
    for (let k = 0; k < values.length; k++) values[k] = bound * (2 * stream.uniform() - 1);
  }
  return theta;
}
