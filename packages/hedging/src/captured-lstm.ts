import { KfacError, denseCapturedLayer, lagCounts, matrix } from '@kfac/core';
import type { CapturedLayer, Engine, HedgeLayer, HedgeTape, Matrix, ParameterBlock } from '@kfac/core';

/** Largest block that `exactBlock` forms for the gates: in·out of a toy network. */
const EXACT_LIMIT = 2048;

/**
 * A weight matrix of the LSTM as optimizers see it, on top of the engine's tape: dates are its uses, one series a path. The
 * Kronecker statistics are taken over every `stride()`-th tile of paths.
 */
export function capturedLstmLayer(
  engine: Engine,
  tape: HedgeTape,
  block: ParameterBlock,
  stride: () => number,
): CapturedLayer {
  const layer = block.name as HedgeLayer;
  const { paths, dates, dtype } = tape;
  let copy: { z: Matrix; g: Matrix; layer: CapturedLayer } | undefined;

  const jacobian: CapturedLayer['jacobian'] = (...wanted) => {
    if (!copy) {
      const z = matrix(paths * dates, block.inputs, dtype);
      const g = matrix(paths * dates, block.outputs, dtype);
      copy = { z, g, layer: denseCapturedLayer(engine, block.name, z, g, dates) };
    }
    engine.hedge.capture(tape, layer, copy.z, copy.g);
    copy.layer.jacobian(...wanted);
  };

  return {
    matrix: block.name,
    uses: dates,
    gradient: (weights, out) => engine.hedge.gradient(tape, layer, weights, out),
    jvp: (directions, out) => engine.hedge.jvp(tape, layer, directions, 1, out),
    factors: (curvature, a, g) => engine.hedge.factors(tape, layer, curvature, stride(), a, g),
    sequence: {
      counts: lagCounts([dates], dates),
      moments: (curvature, a, g) => engine.hedge.lagFactors(tape, layer, curvature, stride(), a, g),
      reduced: (curvature, a, g) => engine.hedge.reducedFactors(tape, layer, curvature, stride(), a, g),
    },
    exactBlock(curvature, out) {
      if (layer === 'head') {
        engine.hedge.headBlock(tape, curvature, out);
        return;
      }
      const size = block.inputs * block.outputs;
      if (size > EXACT_LIMIT) {
        throw new KfacError(
          'KFAC_LIMIT',
          `the exact block of "${block.name}" has ${size} rows, the limit is ${EXACT_LIMIT}`,
        );
      }
      const rows = matrix(paths, size);
      jacobian(new Float64Array(paths).fill(1), rows, 0, 0);
      engine.linalg.gram(1, rows, curvature, 1, 0, out);
    },
    jacobian,
  };
}
