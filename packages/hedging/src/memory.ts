import { lstmShape } from './policy/lstm.ts';
import type { HedgingSpec } from './spec.ts';

/**
 * Bytes that the buffers of one training take: simulated paths, the prepared batch and the tape of the LSTM
 * (inputs, gate pre-activations, cell and hidden states, error signals) for every path and date.
 */
export function trainingBytes(
  spec: Pick<HedgingSpec, 'market' | 'policy' | 'batch' | 'horizon' | 'precision'>,
): number {
  const { staticFeatures, hidden } = lstmShape(spec);
  const real = spec.precision === 'f32' ? 4 : 8;
  const state = spec.market.model === 'heston' ? 2 : 1;
  const tape = staticFeatures + 2 + hidden + 8 * hidden + 2 * hidden + (hidden + 1) + 1;
  return spec.batch * spec.horizon.steps * (8 * state + real * (staticFeatures + 2 + tape));
}
