import type { JetShape, JetTape } from '../engine.ts';
import { type JetDimensions, LAYERS_OF_BLOCK } from '../jet-tape.ts';
import { activated } from './activated.ts';
import type { ActivationStage } from './jets.ts';

/** The residual block that a hidden layer is the last of, or −1. */
export function blockEndingAt({ residual }: JetShape, layer: number): number {
  return residual && layer % LAYERS_OF_BLOCK === LAYERS_OF_BLOCK - 1 ? Math.floor(layer / LAYERS_OF_BLOCK) : -1;
}

/** η of every residual block: the end of θ, rounded to the shape's dtype. */
export function mixingOf({ dtype }: JetShape, { blocks }: JetDimensions, theta: Float64Array): ArrayLike<number> {
  const eta = theta.subarray(theta.length - blocks);
  return dtype === 'f64' ? eta : Float32Array.from(eta);
}

/** h_new and h_old of the block that ends at a layer, at one point, by channel and unit. */
export function ends(
  shape: JetShape,
  dimensions: JetDimensions,
  activate: ActivationStage['activate'],
  panels: Pick<JetTape, 'preactivations' | 'inputs'>,
  row: number,
  layer: number,
): { after: (s: number, j: number) => number; before: (s: number, j: number) => number } {
  const own = activated(shape, dimensions, activate, panels, row, layer);
  const after = (s: number, j: number): number => own.y[s * own.stride + j]!;
  if (layer < LAYERS_OF_BLOCK) {
    const encoded = activated(shape, dimensions, activate, panels, row, 0);
    return { after, before: (s, j) => encoded.y[s * encoded.stride + j]! };
  }
  const { data, cols } = panels.inputs[layer + 1 - LAYERS_OF_BLOCK]!;
  return { after, before: (s, j) => data[(row + s) * cols + j]! };
}

/** What the layer after a block reads at one point: η·h_new + (1 − η)·h_old in every channel. */
export function mix(
  shape: JetShape,
  dimensions: JetDimensions,
  activate: ActivationStage['activate'],
  eta: number,
  panels: Pick<JetTape, 'preactivations' | 'inputs'>,
  row: number,
  layer: number,
): void {
  const { after, before } = ends(shape, dimensions, activate, panels, row, layer);
  const { data, cols } = panels.inputs[layer + 1]!;
  for (let s = 0; s < dimensions.channels; s++) {
    for (let j = 0; j < cols - 1; j++) data[(row + s) * cols + j] = eta * after(s, j) + (1 - eta) * before(s, j);
  }
}
