import { lstmLayout, lstmShape } from './policy/lstm.ts';
import type { HedgingSpec } from './spec.ts';

/** Matrices of K-FAC on each side of the gate block, averages and working memory included, by its model over time. */
const GATE_MATRICES = { independent: 8, reduce: 8, option1: 18, option2: 28, complete: 28 } as const;

/**
 * Bytes that the buffers of one training take: simulated paths, the prepared batch and the tape of the LSTM
 * (inputs, gate pre-activations, cell and hidden states, error signals) for every path and date, and K-FAC's matrices.
 */
export function trainingBytes(
  spec: Pick<HedgingSpec, 'market' | 'policy' | 'batch' | 'horizon' | 'precision' | 'optimizer'>,
): number {
  const { staticFeatures, hidden } = lstmShape(spec);
  const real = spec.precision === 'f32' ? 4 : 8;
  const state = spec.market.model === 'heston' ? 2 : 1;
  const tape = staticFeatures + 2 + hidden + 8 * hidden + 2 * hidden + (hidden + 1) + 1;
  return spec.batch * spec.horizon.steps * (8 * state + real * (staticFeatures + 2 + tape)) + curvatureBytes(spec);
}

function curvatureBytes({ market, policy, optimizer }: Pick<HedgingSpec, 'market' | 'policy' | 'optimizer'>): number {
  if (optimizer.name !== 'kfac') return 0;
  const layout = lstmLayout(lstmShape({ market, policy }));
  const [gates, head] = [layout.block('gates'), layout.block('head')];
  const onSides = GATE_MATRICES[optimizer.curvature] * (gates.inputs ** 2 + gates.outputs ** 2);
  return 8 * (onSides + 8 * head.inputs ** 2 + 20 * layout.size);
}
