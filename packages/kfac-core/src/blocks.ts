import type { ParameterBlock } from './parameters.ts';

/** Bytes that a part of J may take; a J that is larger is never held whole. */
export const BLOCK_BYTES = 2 ** 28;

/**
 * Rows of J [examples × columns] that are held at once to be folded into a square matrix [columns × columns]: all of them,
 * or blocks as even as can be of at most 256 MiB, or as large as that square where it is larger.
 */
export function rowsAtOnce(examples: number, columns: number, bytes = BLOCK_BYTES): number {
  const most = Math.max(1, columns, Math.floor(bytes / (8 * columns)));
  return evenly(examples, most);
}

/** Some rows of one weight matrix, whose columns of J stand together. */
export interface ColumnBlock {
  readonly block: ParameterBlock;
  /** The first of the matrix's rows, and how many. */
  readonly from: number;
  readonly count: number;
  /** First entry in the flat vector θ. */
  readonly offset: number;
  /** Columns of J. */
  readonly width: number;
}

/**
 * J of so many examples in blocks of columns: a weight matrix each, or, where its columns would take more than 256 MiB, some
 * of the matrix's rows, one at least, as even as can be.
 */
export function columnBlocks(
  blocks: readonly ParameterBlock[],
  examples: number,
  bytes = BLOCK_BYTES,
): readonly ColumnBlock[] {
  return blocks.flatMap((block) => {
    const { inputs, outputs } = block;
    const step = evenly(inputs, Math.max(1, Math.floor(bytes / (8 * Math.max(1, examples * outputs)))));
    return Array.from({ length: Math.ceil(inputs / step) }, (_, k) => {
      const from = k * step;
      const count = Math.min(step, inputs - from);
      return { block, from, count, offset: block.offset + from * outputs, width: count * outputs };
    });
  });
}

/** The largest of as few parts as possible of at most `most`, as even as can be; at least 1. */
function evenly(total: number, most: number): number {
  return Math.max(1, Math.ceil(total / Math.max(1, Math.ceil(total / most))));
}
