import { denseCapturedLayer } from '../captured-layer.ts';
import type { Engine } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import type { Objective } from '../linearization.ts';
import { ParameterLayout } from '../parameters.ts';

/** L = ½Σ e_i(θ)² as an objective: `fill` writes e [N] and ∂e/∂θ [N × P]. */
export function sumOfSquares(
  engine: Engine,
  rows: number,
  size: number,
  fill: (theta: Float64Array, residual: Float64Array, jacobian: Float64Array) => void,
): Objective {
  const z = matrix(rows, size);
  const ones = matrix(rows, 1);
  ones.data.fill(1);
  const residual = new Float64Array(rows);
  const linearize = (theta: Float64Array): number => {
    fill(theta, residual, z.data as Float64Array);
    return residual.reduce((sum, e) => sum + 0.5 * e * e, 0);
  };
  const term = {
    name: 'data',
    residual,
    slope: residual,
    curvature: new Float64Array(rows).fill(1),
    centred: false,
    layers: [denseCapturedLayer(engine, 'w', z, ones)],
  };
  return {
    engine,
    parameters: new ParameterLayout([{ name: 'w', inputs: size, outputs: 1 }]),
    loss: linearize,
    linearize: (theta) => ({ loss: linearize(theta), terms: [term] }),
    nextBatch: () => {},
  };
}
