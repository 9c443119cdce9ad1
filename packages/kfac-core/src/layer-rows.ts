import type { Matrix } from './engine/engine.ts';
import { matrixOver } from './engine/matrix.ts';
import type { Linearization } from './linearization.ts';
import type { ParameterBlock, ParameterLayout } from './parameters.ts';

/**
 * √Ω·J of all terms one below the other, [N × in·out], for one weight matrix after the other: J in column blocks, so that
 * no more than the widest is held. Memory is allocated once.
 */
export class LayerRows {
  readonly #layout: ParameterLayout;
  readonly #examples: number;
  readonly #rows: Float64Array;

  /** `examples`: N. */
  constructor(layout: ParameterLayout, examples: number) {
    const widest = Math.max(0, ...layout.blocks.map(({ inputs, outputs }) => inputs * outputs));
    this.#layout = layout;
    this.#examples = examples;
    this.#rows = new Float64Array(examples * widest);
  }

  /** Calls `visit` with each block of the layout and its rows, which the next call overwrites. */
  forEach({ terms }: Linearization, visit: (block: ParameterBlock, rows: Matrix) => void): void {
    const roots = terms.map((term) => term.curvature.map(Math.sqrt));
    for (const block of this.#layout.blocks) {
      const width = block.inputs * block.outputs;
      const rows = matrixOver(this.#examples, width, this.#rows.subarray(0, this.#examples * width).fill(0));
      let row = 0;
      terms.forEach((term, t) => {
        const root = roots[t]!;
        term.layers.find((layer) => layer.matrix === block.name)?.jacobian(root, rows, row, 0);
        row += root.length;
      });
      visit(block, rows);
    }
  }
}
