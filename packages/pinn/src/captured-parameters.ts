import { type Engine, type JetTape, type Matrix, matrix, matrixOver } from '@kfac/core';
import type { Parametrization, ScaledMatrix } from './parametrization.ts';

/** What one block of θ saw: inputs Z and gradients G, row n·uses + s for use s of example n. */
export interface CapturedPair {
  readonly name: string;
  readonly inputs: Matrix;
  readonly gradients: Matrix;
  readonly uses: number;
}

/**
 * The captured pairs of a tape, whose G is ∂e/∂(W̃ᵀz), as pairs of the parameters θ with W̃ = V·diag(s):
 * - V: the same Z, and G·diag(s);
 * - p: one use with input 1 and ∂e_n/∂p_j = (ds_j/dp_j)·Σ_s (Z·V)[n,s,j]·G[n,s,j]; summed over j for one p a layer. Its
 *   Kronecker block 1 ⊗ Σ ω ∂e/∂p ∂e/∂pᵀ is exact;
 * - η of residual blocks: one use with input 1, likewise, and ∂e_n/∂η summed over the points of the example.
 *
 * Memory is allocated once.
 */
export class CapturedParameters {
  /** In the order of the layout. */
  readonly pairs: readonly CapturedPair[];
  readonly #engine: Engine;
  readonly #parametrization: Parametrization;
  readonly #tape: JetTape;
  readonly #uses: number;
  /** Z·V of one layer. */
  readonly #products: Matrix['data'];
  /** V of one layer in the tape's precision. */
  readonly #factor: Matrix['data'];
  /** s and ds/dp of one layer. */
  readonly #scales: Float64Array;
  readonly #slopes: Float64Array;

  /** `uses`: of every weight matrix by an example, the channels of its points. */
  constructor(engine: Engine, parametrization: Parametrization, tape: JetTape, uses: number) {
    const { scaled, network, mixing } = parametrization;
    const { inputs, gradients } = tape;
    const { rows, dtype } = inputs[0]!;
    const examples = rows / uses;
    this.#engine = engine;
    this.#parametrization = parametrization;
    this.#tape = tape;
    this.#uses = uses;
    const widest = Math.max(0, ...scaled.map((one) => one.matrix.outputs));
    const largest = Math.max(0, ...scaled.map((one) => one.matrix.inputs * one.matrix.outputs));
    this.#products = matrix(rows, widest, dtype).data;
    this.#factor = matrix(1, largest, dtype).data;
    this.#scales = new Float64Array(widest);
    this.#slopes = new Float64Array(widest);
    const ones = matrixOver(examples, 1, new Float64Array(examples).fill(1));
    this.pairs = [
      ...scaled.map(({ scales: { name, outputs } }) => ({
        name,
        inputs: ones,
        gradients: matrix(examples, outputs),
        uses: 1,
      })),
      ...network.blocks.map(({ name, outputs }, l) =>
        name === mixing?.name
          ? { name, inputs: ones, gradients: matrix(examples, outputs), uses: 1 }
          : { name, inputs: inputs[l]!, gradients: gradients[l]!, uses },
      ),
    ];
  }

  /** Turns the gradients that an adjoint pass has just left in the tape into those by θ, the parametrisation's parameters. */
  pullBack(theta: Float64Array): void {
    for (const [k, one] of this.#parametrization.scaled.entries())
      this.#pullBack(theta, one, this.pairs[k]!.gradients.data);
    const { mixing } = this.#parametrization;
    if (mixing) this.#addMixing(this.pairs.find(({ name }) => name === mixing.name)!.gradients);
  }

  #addMixing({ rows: examples, cols, data }: Matrix): void {
    const { points, mixing } = this.#tape;
    data.fill(0);
    for (let n = 0; n < points; n++) {
      const to = Math.floor((n * examples) / points) * cols;
      for (let k = 0; k < cols; k++) data[to + k]! += mixing.data[n * cols + k]!;
    }
  }

  #pullBack(theta: Float64Array, scaled: ScaledMatrix, out: Matrix['data']): void {
    const { layer, scales, matrix: block } = scaled;
    const { inputs, outputs } = block;
    const z = this.#tape.inputs[layer]!;
    const g = this.#tape.gradients[layer]!.data;
    const factor = this.#factor.subarray(0, inputs * outputs);
    const products = this.#products.subarray(0, z.rows * outputs);
    factor.set(this.#parametrization.layout.view(theta, block));
    this.#engine.linalg.gemm(
      1,
      z,
      'n',
      matrixOver(inputs, outputs, factor),
      'n',
      0,
      matrixOver(z.rows, outputs, products),
    );
    out.fill(0);
    for (let j = 0; j < outputs; j++) {
      this.#scales[j] = this.#parametrization.scale(theta, scaled, j);
      this.#slopes[j] = this.#parametrization.scaleSlope(theta, scaled, j);
    }
    const perNeuron = scales.outputs === 1 ? 0 : 1;
    for (let row = 0, at = 0; row < z.rows; row++) {
      const n = Math.floor(row / this.#uses) * scales.outputs;
      for (let j = 0; j < outputs; j++, at++) {
        out[n + perNeuron * j]! += this.#slopes[j]! * products[at]! * g[at]!;
        g[at] = g[at]! * this.#scales[j]!;
      }
    }
  }
}
