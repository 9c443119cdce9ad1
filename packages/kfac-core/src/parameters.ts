import type { Matrix } from './engine/engine.ts';
import { matrixOver } from './engine/matrix.ts';
import { KfacError } from './errors.ts';

/** One named weight matrix [inputs × outputs] (bias row included) inside the flat parameter vector. */
export interface ParameterBlock {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** First entry in the flat vector. */
  readonly offset: number;
}

/** All parameters as one flat f64 vector θ and the table of its named matrices, in order and without gaps. */
export class ParameterLayout {
  readonly blocks: readonly ParameterBlock[];
  readonly size: number;

  constructor(matrices: readonly { name: string; inputs: number; outputs: number }[]) {
    let offset = 0;
    const seen = new Set<string>();
    this.blocks = matrices.map(({ name, inputs, outputs }) => {
      if (seen.has(name)) throw new KfacError('KFAC_SHAPE', `two parameter matrices are named "${name}"`);
      seen.add(name);
      const block = { name, inputs, outputs, offset };
      offset += inputs * outputs;
      return block;
    });
    this.size = offset;
  }

  /** The block of that name; throws `KFAC_SHAPE` if there is none. */
  block(name: string): ParameterBlock {
    const found = this.blocks.find((block) => block.name === name);
    if (!found)
      throw new KfacError(
        'KFAC_SHAPE',
        `no parameter matrix "${name}"; there are ${this.blocks.map((b) => b.name).join(', ')}`,
      );
    return found;
  }

  /** The part of a flat vector (θ, a gradient, a direction) that belongs to a block: a view, not a copy. */
  view(vector: Float64Array, block: ParameterBlock): Float64Array {
    return vector.subarray(block.offset, block.offset + block.inputs * block.outputs);
  }

  /** The same as a matrix [inputs × outputs]. */
  matrix(vector: Float64Array, block: ParameterBlock): Matrix {
    return matrixOver(block.inputs, block.outputs, this.view(vector, block));
  }
}
