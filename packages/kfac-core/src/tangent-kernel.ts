import type { Engine, Matrix } from './engine/engine.ts';
import { matrix, matrixOver } from './engine/matrix.ts';
import type { Linearization } from './linearization.ts';
import type { ParameterLayout } from './parameters.ts';

/**
 * K = √Ω·J·Jᵀ·√Ω over the examples of all terms one after the other, [N × N] f64: the tangent kernel, whose non-zero
 * eigenvalues are those of the Gauss–Newton matrix JᵀΩJ. Formed layer by layer, so that no more than one layer's Jacobian
 * [N × in·out] is held. Centred terms are taken uncentred. Memory is allocated once.
 */
export class TangentKernel {
  /** K of the last `update`. */
  readonly matrix: Matrix;
  readonly #engine: Engine;
  readonly #layout: ParameterLayout;
  readonly #rows: Float64Array;

  /** `examples`: N. */
  constructor(engine: Engine, layout: ParameterLayout, examples: number) {
    const widest = Math.max(0, ...layout.blocks.map(({ inputs, outputs }) => inputs * outputs));
    this.#engine = engine;
    this.#layout = layout;
    this.#rows = new Float64Array(examples * widest);
    this.matrix = matrix(examples, examples);
  }

  update({ terms }: Linearization): void {
    const roots = terms.map((term) => term.curvature.map(Math.sqrt));
    const examples = this.matrix.rows;
    this.#layout.blocks.forEach(({ name, inputs, outputs }, l) => {
      const width = inputs * outputs;
      const rows = matrixOver(examples, width, this.#rows.subarray(0, examples * width).fill(0));
      let row = 0;
      terms.forEach((term, t) => {
        const root = roots[t]!;
        term.layers.find((layer) => layer.matrix === name)?.jacobian(root, rows, row, 0);
        row += root.length;
      });
      this.#engine.linalg.gemm(1, rows, 'n', rows, 't', l === 0 ? 0 : 1, this.matrix);
    });
  }
}
