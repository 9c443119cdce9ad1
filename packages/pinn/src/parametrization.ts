import { KfacError, type ParameterBlock, ParameterLayout, layerOutputs, residualBlocks } from '@kfac/core';
import { HEAD, MIXING, gatesOf, initialParameters } from './network.ts';
import { streamOf } from './sampling/sample.ts';
import type { PinnSpec } from './spec.ts';

/** Mean and standard deviation of the initial p of factorised weights. */
const FACTOR_MEAN = 0.5;
const FACTOR_DEVIATION = 0.1;

/** One weight matrix of the network that is trained as [W b] = V·diag(s). */
export interface ScaledMatrix {
  /** Number of its layer. */
  readonly layer: number;
  /** p [1 × outputs], or [1 × 1] for one scale of the whole layer. */
  readonly scales: ParameterBlock;
  /** V [inputs + 1 × outputs], bias last. */
  readonly matrix: ParameterBlock;
}

/**
 * How the parameters θ that are trained give the network's weights; unknown scalars, which follow them in a problem's
 * training, have been cut off. By default they are the weights. Otherwise θ holds
 * scale parameters p of every scaled matrix, then all matrices and the η of residual blocks, and a scaled one [W b] has column j (all that enters
 * neuron j, its bias included) W̃_j = s_j·V_j:
 * - factorised weights, all layers: s = e^p, p ~ N(0.5, 0.1²) at the start (Wang et al. 2022; there the bias stays outside);
 * - trainable slopes, hidden layers: ψ(p·a) with s = p, 1 at the start, one a layer or a neuron (Jagtap et al. 2020).
 *
 * The network at the start is the one that it is without scales.
 */
export class Parametrization {
  /** Of θ. */
  readonly layout: ParameterLayout;
  /** Of the weights: what the engine sees. */
  readonly network: ParameterLayout;
  readonly scaled: readonly ScaledMatrix[];
  /** The η of residual blocks in θ; null: it has none. */
  readonly mixing: ParameterBlock | null;
  readonly #isExponential: boolean;

  /** `sizes`: widths of the network, input first; `prefix` tells its matrices from those of other networks. */
  constructor(
    sizes: readonly number[],
    { type, weights, slopes }: Pick<PinnSpec['network'], 'type' | 'weights' | 'slopes'>,
    prefix = '',
  ) {
    const gates = gatesOf(type);
    const blocks = residualBlocks({ sizes, ...gates });
    const mixing = blocks === 0 ? [] : [{ name: prefix + MIXING, inputs: 1, outputs: blocks }];
    const matrices = layerOutputs({ sizes, ...gates }).map((outputs, l) => ({
      name: prefix + (l === sizes.length - 2 ? HEAD : `hidden${l + 1}`),
      inputs: sizes[l]! + 1,
      outputs,
    }));
    const withScales = weights === 'factorised' ? matrices : slopes === 'fixed' ? [] : matrices.slice(0, -1);
    const scales = withScales.map(({ name, outputs }) => ({
      name: `${name}-scale`,
      inputs: 1,
      outputs: slopes === 'layer' ? 1 : outputs,
    }));
    this.#isExponential = weights === 'factorised';
    this.network = new ParameterLayout([...matrices, ...mixing]);
    this.layout = new ParameterLayout([...scales, ...matrices, ...mixing]);
    this.mixing = blocks === 0 ? null : this.layout.block(prefix + MIXING);
    this.scaled = scales.map(({ name }, layer) => ({
      layer,
      scales: this.layout.block(name),
      matrix: this.layout.block(matrices[layer]!.name),
    }));
  }

  /** Number of scale parameters: the first entries of θ. */
  get scaleCount(): number {
    return this.layout.size - this.network.size;
  }

  /** s_j at θ, for column j of a scaled matrix. */
  scale(theta: Float64Array, { scales }: ScaledMatrix, j: number): number {
    const p = theta[scales.offset + (scales.outputs === 1 ? 0 : j)]!;
    return this.#isExponential ? Math.exp(p) : p;
  }

  /** ds/dp there. */
  scaleSlope(theta: Float64Array, scaled: ScaledMatrix, j: number): number {
    return this.#isExponential ? this.scale(theta, scaled, j) : 1;
  }

  /** The network's weights at θ, in `out`; without scales θ itself. */
  weights(
    theta: Float64Array,
    out: Float64Array = new Float64Array(this.scaleCount === 0 ? 0 : this.network.size),
  ): Float64Array {
    if (this.scaleCount === 0) return theta;
    out.set(theta.subarray(this.scaleCount));
    this.#scaleColumns(out, (one, j) => this.scale(theta, one, j));
    return out;
  }

  /** The scale parameters p in θ. */
  scales(theta: Float64Array): Float64Array {
    return theta.slice(0, this.scaleCount);
  }

  /**
   * θ with these scale parameters at which the network has these weights, to round-off: V = W̃·diag(1/s). Throws
   * `KFAC_NETWORK` for a scale that is 0 or not finite, of which there is no V.
   */
  parameters(weights: Float64Array, scales: Float64Array): Float64Array {
    const theta = new Float64Array(this.layout.size);
    theta.set(scales);
    theta.set(weights, this.scaleCount);
    this.#scaleColumns(theta.subarray(this.scaleCount), (one, j) => {
      const s = this.scale(theta, one, j);
      if (s === 0 || !Number.isFinite(s))
        throw new KfacError(
          'KFAC_NETWORK',
          `expected scales of the weights that are finite and not 0, got ${s} in ${one.scales.name}`,
        );
      return 1 / s;
    });
    return theta;
  }

  /**
   * θ at the start of a training: the network of `initialParameters`, scales as described above; a pure function of the seed
   * and of the network's number `place`.
   */
  initial(
    { activation, firstLayerScale }: Pick<PinnSpec['network'], 'activation' | 'firstLayerScale'>,
    seed: number,
    place = 0,
  ): Float64Array {
    const weights = initialParameters(this.network, activation, seed, firstLayerScale, place);
    const stream = streamOf({ seed, purpose: 'scales', place, refresh: 0 });
    const scales = new Float64Array(this.scaleCount);
    for (let k = 0; k < scales.length; k++)
      scales[k] = this.#isExponential ? FACTOR_MEAN + FACTOR_DEVIATION * stream.normal() : 1;
    return this.parameters(weights, scales);
  }

  /** Bytes of working memory beside that of the network: weights and V, Z·V of one layer, and ∂e/∂p of every point. */
  bytes(batches: readonly { readonly points: number; readonly channels: number }[]): number {
    if (this.scaleCount === 0) return 0;
    const widest = Math.max(...this.scaled.map(({ matrix }) => matrix.outputs));
    const perBatch = batches.map(
      ({ points, channels }) => 2 * this.network.size + points * (channels * widest + 1 + this.scaleCount),
    );
    return 8 * perBatch.reduce((sum, entries) => sum + entries, 0);
  }

  /** Multiplies column j of every scaled matrix in a vector of network weights by `factor`. */
  #scaleColumns(weights: Float64Array, factor: (scaled: ScaledMatrix, j: number) => number): void {
    for (const one of this.scaled) {
      const { inputs, outputs, offset } = this.network.blocks[one.layer]!;
      for (let j = 0; j < outputs; j++) {
        const s = factor(one, j);
        for (let k = offset + j; k < offset + inputs * outputs; k += outputs) weights[k] = weights[k]! * s;
      }
    }
  }
}
