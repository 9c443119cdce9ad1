import type { JetShape, JetTape } from '../engine.ts';
import { jetChannels } from '../jet-channels.ts';
import type { JetDimensions } from '../jet-tape.ts';
import { activated } from './activated.ts';
import { BINOMIALS, rawChannel } from './higher-jets.ts';
import type { ActivationStage } from './jets.ts';
import { blockEndingAt, ends } from './residual.ts';

/** One product in the channels of f·g: out += weight·f[left]·g[right]. */
interface ProductTerm {
  readonly out: number;
  readonly left: number;
  readonly right: number;
  readonly weight: number;
}

/**
 * The product rule in the channels of a shape (Leibniz): (f·g)₀ = f₀g₀, and for a channel of order k
 * f_s·g₀ + f₀·g_s + Σ_r c_r·Σ_{0<j<k} C(k,j)·f_{r,j}·g_{r,k−j}.
 */
export function productTerms(shape: JetShape, dimensions: JetDimensions): ProductTerm[] {
  return [
    { out: 0, left: 0, right: 0, weight: 1 },
    ...jetChannels(shape, dimensions.inputs).flatMap(({ order, terms }, k) => [
      { out: 1 + k, left: 1 + k, right: 0, weight: 1 },
      { out: 1 + k, left: 0, right: 1 + k, weight: 1 },
      ...terms.flatMap(([r, c]) =>
        Array.from({ length: order - 1 }, (_, i) => ({
          out: 1 + k,
          left: rawChannel(1 + i, r, dimensions),
          right: rawChannel(order - 1 - i, r, dimensions),
          weight: c * BINOMIALS[order as 1 | 2 | 3 | 4][1 + i]!,
        })),
      ),
    ]),
  ];
}

/** What the layer after `layer` reads at one point: V + f·(U − V) in every channel, from the pre-activations so far. */
export function gate(
  shape: JetShape,
  dimensions: JetDimensions,
  activate: ActivationStage['activate'],
  terms: readonly ProductTerm[],
  panels: Pick<JetTape, 'preactivations' | 'inputs'>,
  row: number,
  layer: number,
): void {
  const width = shape.sizes[1]!;
  const encoded = activated(shape, dimensions, activate, panels, row, 0);
  const gates = layer === 0 ? encoded : activated(shape, dimensions, activate, panels, row, layer);
  const from = layer === 0 ? 2 * width : 0;
  const z = panels.inputs[layer + 1]!;
  for (let j = 0; j < width; j++) {
    const v = (s: number): number => encoded.y[s * encoded.stride + width + j]!;
    const difference = (s: number): number => encoded.y[s * encoded.stride + j]! - v(s);
    const sums = Array.from({ length: dimensions.channels }, (_, s) => v(s));
    for (const { out, left, right, weight } of terms)
      sums[out]! += weight * gates.y[left * gates.stride + from + j]! * difference(right);
    for (const [s, sum] of sums.entries()) z.data[(row + s) * z.cols + j] = sum;
  }
}

/**
 * The transpose at one point: from what the layer above gives to h̄ (`outer`: of layer and unit, a number a channel), f̄, Ū and
 * V̄ by the product rule, and from these G of the hidden layers. At the end of a residual block h̄ has besides what the block
 * above passes on; η·h̄ goes to its last layer, (1 − η)·h̄ to what it began with, and Σ h̄·(h_new − h_old) is ∂e/∂η.
 */
export function gatedAdjoint(
  shape: JetShape,
  dimensions: JetDimensions,
  { activate, deactivate }: ActivationStage,
  terms: readonly ProductTerm[],
  mixing: ArrayLike<number>,
  tape: JetTape,
  row: number,
  outer: (layer: number, j: number) => readonly number[],
): void {
  const width = shape.sizes[1]!;
  const zeros = (): number[] => Array.from({ length: dimensions.channels }, () => 0);
  const ofU = Array.from({ length: width }, zeros);
  const ofV = Array.from({ length: width }, zeros);
  const trunk = Array.from({ length: width }, zeros);
  const encoded = activated(shape, dimensions, activate, tape, row, 0);
  const write = (layer: number, unit: number, y: readonly number[]): void => {
    const { data, cols } = tape.preactivations[layer]!;
    const g = tape.gradients[layer]!.data;
    deactivate(
      shape,
      dimensions,
      y,
      (s) => data[(row + s) * cols + unit]!,
      (s, value) => void (g[(row + s) * cols + unit] = value),
    );
  };
  for (let layer = shape.sizes.length - 3; layer >= 0; layer--) {
    const block = blockEndingAt(shape, layer);
    if (block >= 0) {
      const { after, before } = ends(shape, dimensions, activate, tape, row, layer);
      const eta = mixing[block]!;
      let slope = 0;
      for (let j = 0; j < width; j++) {
        const h = outer(layer, j).map((value, s) => value + trunk[j]![s]!);
        for (const [s, value] of h.entries()) slope += value * (after(s, j) - before(s, j));
        write(
          layer,
          j,
          h.map((value) => eta * value),
        );
        trunk[j] = h.map((value) => (1 - eta) * value);
      }
      tape.mixing.data[(row / dimensions.channels) * dimensions.blocks + block] = slope;
      continue;
    }
    const gates = layer === 0 ? encoded : activated(shape, dimensions, activate, tape, row, layer);
    const from = layer === 0 ? 2 * width : 0;
    for (let j = 0; j < width; j++) {
      const h = outer(layer, j);
      const ofGate = zeros();
      for (const [s, value] of h.entries()) ofV[j]![s]! += value;
      for (const { out, left, right, weight } of terms) {
        const at = right * encoded.stride + j;
        ofGate[left]! += weight * (encoded.y[at]! - encoded.y[at + width]!) * h[out]!;
        const share = weight * gates.y[left * gates.stride + from + j]! * h[out]!;
        ofU[j]![right]! += share;
        ofV[j]![right]! -= share;
      }
      write(layer, from + j, ofGate);
    }
  }
  for (let j = 0; j < width; j++) {
    write(
      0,
      j,
      ofU[j]!.map((value, s) => value + trunk[j]![s]!),
    );
    write(0, width + j, ofV[j]!);
  }
}
