import { BLOCK_BYTES, type ColumnBlock, columnBlocks } from './blocks.ts';
import type { Matrix } from './engine/engine.ts';
import { matrixOver } from './engine/matrix.ts';
import type { Linearization } from './linearization.ts';
import type { ParameterLayout } from './parameters.ts';

/**
 * √Ω·J of all terms one below the other in blocks of columns, [N × width] for one weight matrix after the other or, if that
 * is large, for some of its rows: no more than one block is held. Memory is allocated once.
 */
export class LayerRows {
  readonly blocks: readonly ColumnBlock[];
  readonly #examples: number;
  readonly #rows: Float64Array;

  /** `examples`: N; `bytes`: of a block, at most, though it has at least one row of a weight matrix. */
  constructor(layout: ParameterLayout, examples: number, bytes = BLOCK_BYTES) {
    this.blocks = columnBlocks(layout.blocks, examples, bytes);
    this.#examples = examples;
    this.#rows = new Float64Array(examples * Math.max(0, ...this.blocks.map(({ width }) => width)));
  }

  /** Calls `visit` with each block and its columns, which the next call overwrites. */
  forEach({ terms }: Linearization, visit: (block: ColumnBlock, columns: Matrix, index: number) => void): void {
    const roots = terms.map((term) => term.curvature.map(Math.sqrt));
    this.blocks.forEach((one, index) => {
      const { block, from, count, width } = one;
      const rows = matrixOver(this.#examples, width, this.#rows.subarray(0, this.#examples * width).fill(0));
      const part = count < block.inputs ? { from: 0, inputs: { from, count } } : undefined;
      let row = 0;
      terms.forEach((term, t) => {
        const root = roots[t]!;
        term.layers.find((layer) => layer.matrix === block.name)?.jacobian(root, rows, row, 0, part);
        row += root.length;
      });
      visit(one, rows, index);
    });
  }
}
