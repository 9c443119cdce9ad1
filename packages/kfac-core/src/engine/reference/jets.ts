import type { JetShape, Jets, RealArray } from '../engine.ts';
import type { JetDimensions } from '../jet-tape.ts';
import { embed } from './embedding.ts';
import { ACTIVATION_DERIVATIVES } from './activations.ts';
import { activateHigher, deactivateHigher } from './higher-jets.ts';
import { checkAdjoint, checkForward, layerOutputs, layoutTape } from '../jet-tape.ts';
import { gate, gatedAdjoint, productTerms } from './gated.ts';
import { blockEndingAt, mix, mixingOf } from './residual.ts';

/**
 * Taylor-mode jets of an MLP by plain loops, one point at a time (docs/math.md, Jets). Intermediate results are stored
 * in the shape's dtype, sums run in f64.
 */
export function referenceJets(): Jets {
  return { tape: layoutTape, forward, adjoint };
}

const forward: Jets['forward'] = (shape, theta, columns, tape) => {
  const dimensions = checkForward(shape, theta, columns, tape);
  const { inputs: d, channels } = dimensions;
  const { dtype } = shape;
  const layers = weights(shape, theta);
  const widths = layerOutputs(shape);
  const { activate: activated } = activationOf(shape);
  const terms = shape.gated ? productTerms(shape, dimensions) : [];
  const mixing = mixingOf(shape, dimensions, theta);
  const points = columns.cols;
  // Without a tape one point's panels are enough.
  const panels = tape ?? layoutTape(shape, 1);
  const x = new Float64Array(d);

  for (let n = 0; n < points; n++) {
    const row = tape ? n * channels : 0;
    const first = panels.inputs[0]!;
    for (let i = 0; i < d; i++) x[i] = columns.data[i * points + n]!;
    embed(shape, dimensions, x, first.data, row * first.cols, first.cols);
    for (let layer = 0; layer < layers.length; layer++) {
      const z = panels.inputs[layer]!;
      const width = widths[layer]!;
      for (let s = 0; s < channels; s++) z.data[(row + s) * z.cols + z.cols - 1] = s === 0 ? 1 : 0;
      const last = layer === layers.length - 1;
      for (let j = 0; j < width; j++) {
        for (let s = 0; s < channels; s++) {
          let sum = 0;
          for (let i = 0; i < z.cols; i++) sum += z.data[(row + s) * z.cols + i]! * layers[layer]![i * width + j]!;
          if (last) columns.data[(d + j * channels + s) * points + n] = dtype === 'f32' ? Math.fround(sum) : sum;
          else panels.preactivations[layer]!.data[(row + s) * width + j] = sum;
        }
      }
      if (last) continue;
      const y = panels.inputs[layer + 1]!;
      const block = blockEndingAt(shape, layer);
      if (!shape.gated) activated(shape, dimensions, panels.preactivations[layer]!.data, y.data, row, width);
      else if (block >= 0) mix(shape, dimensions, activated, mixing[block]!, panels, row, layer);
      else gate(shape, dimensions, activated, terms, panels, row, layer);
    }
  }
};

/** y₀ = ψ(a₀), y_r = ψ₁a_r, y_q = ψ₁a_q + ψ₂·Σ_r c_qr·a_r² for every unit of one point. */
function activate(
  shape: JetShape,
  { firsts, channels }: JetDimensions,
  a: RealArray,
  y: RealArray,
  row: number,
  width: number,
): void {
  for (let j = 0; j < width; j++) {
    const at = (s: number): number => a[(row + s) * width + j]!;
    const [value, psi1, psi2] = ACTIVATION_DERIVATIVES[shape.activation](at(0));
    y[row * (width + 1) + j] = value;
    for (let s = 1; s < channels; s++) {
      let sum = psi1 * at(s);
      if (s > firsts) sum += psi2 * squares(shape, firsts, s - 1 - firsts, at);
      y[(row + s) * (width + 1) + j] = sum;
    }
  }
}

/** Σ_r c_qr·a_r². */
function squares(shape: JetShape, firsts: number, q: number, at: (s: number) => number): number {
  let sum = 0;
  for (let r = 0; r < firsts; r++) sum += shape.second[q * firsts + r]! * at(1 + r) ** 2;
  return sum;
}

const adjoint: Jets['adjoint'] = (shape, theta, seeds, tape) => {
  const dimensions = checkAdjoint(shape, theta, seeds, tape);
  const { outputs, channels } = dimensions;
  const layers = weights(shape, theta);
  const last = layers.length - 1;
  const activation = activationOf(shape);
  const terms = shape.gated ? productTerms(shape, dimensions) : [];
  const mixing = mixingOf(shape, dimensions, theta);
  for (let n = 0; n < tape.points; n++) {
    const row = n * channels;
    for (let o = 0; o < outputs; o++) {
      for (let s = 0; s < channels; s++)
        tape.gradients[last]!.data[(row + s) * outputs + o] = seeds.data[(o * channels + s) * tape.points + n]!;
    }
    // ȳ = W·Ḡ of the layer above, bias row left out.
    const outer = (layer: number, j: number): number[] => {
      const next = tape.gradients[layer + 1]!;
      return Array.from({ length: channels }, (_, s) => {
        let sum = 0;
        for (let k = 0; k < next.cols; k++)
          sum += layers[layer + 1]![j * next.cols + k]! * next.data[(row + s) * next.cols + k]!;
        return sum;
      });
    };
    if (shape.gated) {
      gatedAdjoint(shape, dimensions, activation, terms, mixing, tape, row, outer);
      continue;
    }
    for (let layer = last - 1; layer >= 0; layer--) {
      const width = shape.sizes[layer + 1]!;
      for (let j = 0; j < width; j++) {
        const y = outer(layer, j);
        const a = tape.preactivations[layer]!.data;
        activation.deactivate(
          shape,
          dimensions,
          y,
          (s) => a[(row + s) * width + j]!,
          (s, value) => {
            tape.gradients[layer]!.data[(row + s) * width + j] = value;
          },
        );
      }
    }
  }
};

/**
 * The transpose of `activate` for one unit: ā_q = ψ₁ȳ_q, ā_r = ψ₁ȳ_r + 2ψ₂a_r·Σ_q c_qr·ȳ_q,
 * ā₀ = ψ₁ȳ₀ + ψ₂·(Σ_r a_rȳ_r + Σ_q a_qȳ_q) + ψ₃·Σ_q ȳ_q·Σ_r c_qr·a_r².
 */
function deactivate(
  shape: JetShape,
  { firsts, seconds, channels }: JetDimensions,
  y: readonly number[],
  at: (s: number) => number,
  write: (s: number, value: number) => void,
): void {
  const [, psi1, psi2, psi3] = ACTIVATION_DERIVATIVES[shape.activation](at(0));
  let value = psi1 * y[0]!;
  for (let s = 1; s < channels; s++) value += psi2 * at(s) * y[s]!;
  for (let q = 0; q < seconds; q++) value += psi3 * y[1 + firsts + q]! * squares(shape, firsts, q, at);
  write(0, value);
  for (let r = 0; r < firsts; r++) {
    let collapsed = 0;
    for (let q = 0; q < seconds; q++) collapsed += shape.second[q * firsts + r]! * y[1 + firsts + q]!;
    write(1 + r, psi1 * y[1 + r]! + 2 * psi2 * at(1 + r) * collapsed);
  }
  for (let q = 1 + firsts; q < channels; q++) write(q, psi1 * y[q]!);
}

/** The element-wise stages of a shape. */
export interface ActivationStage {
  readonly activate: typeof activate;
  readonly deactivate: typeof deactivate;
}

function activationOf({ higher }: JetShape): ActivationStage {
  return higher ? { activate: activateHigher, deactivate: deactivateHigher } : { activate, deactivate };
}

/** The layers' matrices [in+1 × out], rounded to the shape's dtype. */
function weights(shape: JetShape, theta: Float64Array): RealArray[] {
  const { sizes, dtype } = shape;
  let offset = 0;
  return layerOutputs(shape).map((width, layer) => {
    const view = theta.subarray(offset, (offset += (sizes[layer]! + 1) * width));
    return dtype === 'f64' ? view : Float32Array.from(view);
  });
}
