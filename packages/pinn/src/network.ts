import type { Activation, Embedding, JetShape, ParameterLayout } from '@kfac/core';
import type { AnsatzSpec } from './ansatz.ts';
import { streamOf } from './sampling/sample.ts';

/** Name of the last layer's matrix in the parameter layout. */
export const HEAD = 'head';
/** Name there of the η of residual blocks [1 × blocks], after the matrices. */
export const MIXING = 'mixing';

export const NETWORK_TYPES = ['mlp', 'gated', 'residual-gated'] as const;
export type NetworkType = (typeof NETWORK_TYPES)[number];

/** What a type of network means to the engine. */
export function gatesOf(type: NetworkForm['type']): Pick<JetShape, 'gated' | 'residual'> {
  const residual = type === 'residual-gated';
  return { gated: residual || type === 'gated', residual };
}

/** The features that the first layer reads: kept coordinates by number, then cos(f·x), then sin(f·x) for the rows f. */
export interface NetworkEmbedding {
  readonly kept: readonly number[];
  readonly frequencies: readonly (readonly number[])[];
}

/** What there is to a network besides its numbers. */
export interface NetworkForm {
  readonly type: NetworkType | 'separable' | 'deeponet';
  /** Names of the inputs, in order. */
  readonly coordinates: readonly string[];
  /** Names of the outputs, in order. */
  readonly unknowns: readonly string[];
  /** Absent: the first layer reads the coordinates themselves. */
  readonly embedding?: NetworkEmbedding;
  /** Widths, input first: coordinates or an embedding's features. Empty for a product network, whose `factors` have them. */
  readonly sizes: readonly number[];
  readonly activation: Activation;
  /** How its weights were trained, where not as they are. */
  readonly weights?: 'factorised';
  readonly slopes?: 'layer' | 'neuron';
}

/** A trained network, enough to evaluate it anywhere. */
export interface TrainedNetwork extends NetworkForm {
  /** By unknown: u = offset + factor·output, texts in the coordinates and these constants. Absent: u is the output. */
  readonly ansatz?: AnsatzSpec;
  readonly constants?: Readonly<Record<string, number>>;
  /**
   * Of a separable network or a deeponet, u = rank^(-1/2)·Σ_r Π_g f_{g,r}: the networks f_g with `rank` outputs for each
   * unknown in turn, whose numbers follow each other. Absent: no product.
   */
  readonly factors?: readonly NetworkForm[];
  readonly rank?: number;
  /** Networks of further unknowns, one each, whose numbers follow. Absent: none. */
  readonly networks?: readonly NetworkForm[];
  /** Times at which one network ends and the next begins; `parameters` holds all networks, one after the other. Absent: one. */
  readonly windows?: readonly number[];
  /**
   * The layers' matrices [inputs + 1 × outputs] one after the other, row-major, the bias as the last row; of a gated network
   * the first has the columns of U, V and the first gate; after the matrices come the η of residual blocks. Those of `networks`
   * follow, network by network.
   */
  readonly parameters: Float64Array;
  /** The scale parameters of all networks, with which training goes on. */
  readonly scales?: Float64Array;
}

/** An embedding as plain JSON. */
export function networkEmbedding({ coordinates: d, kept, frequencies }: Embedding): NetworkEmbedding {
  const rows = Array.from({ length: frequencies.length / d }, (_, k) => [...frequencies.subarray(k * d, (k + 1) * d)]);
  return { kept, frequencies: rows };
}

/**
 * Bound of the uniform initial weights of a layer with `inputs` inputs: 1/√inputs, and in a sine network 1/inputs in the
 * first layer and √(6/inputs) after it, which keeps the phases' variance from layer to layer (Sitzmann et al. 2020).
 */
function weightBound(activation: Activation, layer: number, inputs: number): number {
  if (activation !== 'sin') return 1 / Math.sqrt(inputs);
  return layer === 0 ? 1 / inputs : Math.sqrt(6 / inputs);
}

/**
 * Initial weights of a network: uniform, weights in ±`weightBound`, biases in ±1/√inputs, in the first layer all times
 * `firstLayerScale`; a pure function of the seed and of the network's number `place`. The η of residual blocks and unknown
 * scalars in the layout are left at 0. The training of a problem starts at `problem.networks.initial`, which are other numbers
 * where scales are trained.
 */
export function initialParameters(
  layout: ParameterLayout,
  activation: Activation,
  seed: number,
  firstLayerScale = 1,
  place = 0,
): Float64Array {
  const stream = streamOf({ seed, purpose: 'parameters', place, refresh: 0 });
  const theta = new Float64Array(layout.size);
  for (const [layer, block] of layout.blocks.entries()) {
    // What has no bias is no weight matrix.
    if (block.inputs === 1) continue;
    const inputs = block.inputs - 1;
    const scale = layer === 0 ? firstLayerScale : 1;
    const weights = scale * weightBound(activation, layer, inputs);
    const biases = scale / Math.sqrt(inputs);
    const values = layout.view(theta, block);
    const count = inputs * block.outputs;
    for (let k = 0; k < values.length; k++) values[k] = (k < count ? weights : biases) * (2 * stream.uniform() - 1);
  }
  return theta;
}
