import type { JetShape, JetTape, RealArray } from '../engine.ts';
import type { JetDimensions } from '../jet-tape.ts';
import type { ActivationStage } from './jets.ts';

/** ψ of a layer's pre-activations at one point [S × width + 1]. */
export function activated(
  shape: JetShape,
  dimensions: JetDimensions,
  activate: ActivationStage['activate'],
  { preactivations }: Pick<JetTape, 'preactivations'>,
  row: number,
  layer: number,
): { y: RealArray; stride: number } {
  const { data, cols } = preactivations[layer]!;
  const length = dimensions.channels * (cols + 1);
  const y = shape.dtype === 'f64' ? new Float64Array(length) : new Float32Array(length);
  activate(shape, dimensions, data.subarray(row * cols), y, 0, cols);
  return { y, stride: cols + 1 };
}
