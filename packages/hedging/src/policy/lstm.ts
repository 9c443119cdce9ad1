import { ParameterLayout, PhiloxStream } from '@kfac/core';
import type { LstmShape } from '@kfac/core';
import type { HedgingSpec } from '../spec.ts';

/** Purpose of the random stream that initial weights are drawn from. */
const INITIAL_WEIGHTS = 16;

/** The LSTM of a problem: static features are log-moneyness, for Heston the volatility, and the time left. */
export function lstmShape({ market, policy }: Pick<HedgingSpec, 'market' | 'policy'>): LstmShape {
  return { staticFeatures: market.model === 'heston' ? 3 : 2, hidden: policy.hidden, squash: policy.head };
}

/** θ = gates [F+1+H+1 × 4H] (columns i, f, g, o; the position is the last feature), then head [H+1 × 1]. */
export function lstmLayout({ staticFeatures, hidden }: LstmShape): ParameterLayout {
  return new ParameterLayout([
    { name: 'gates', inputs: staticFeatures + 1 + hidden + 1, outputs: 4 * hidden },
    { name: 'head', inputs: hidden + 1, outputs: 1 },
  ]);
}

/** Initial weights: uniform on ±1/√H from the seed's own stream, biases 0, forget biases 1. */
export function initialLstm(shape: LstmShape, layout: ParameterLayout, seed: number): Float64Array {
  const theta = new Float64Array(layout.size);
  const stream = new PhiloxStream(seed, INITIAL_WEIGHTS);
  const bound = 1 / Math.sqrt(shape.hidden);
  for (const { inputs, outputs, offset } of layout.blocks) {
    const weights = (inputs - 1) * outputs;
    for (let k = 0; k < weights; k++) theta[offset + k] = bound * (2 * stream.uniform() - 1);
  }
  const gates = layout.block('gates');
  const bias = gates.offset + (gates.inputs - 1) * gates.outputs;
  theta.fill(1, bias + shape.hidden, bias + 2 * shape.hidden);
  return theta;
}
