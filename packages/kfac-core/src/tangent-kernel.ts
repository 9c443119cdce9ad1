import { BLOCK_BYTES } from './blocks.ts';
import type { Engine, Matrix } from './engine/engine.ts';
import { matrix } from './engine/matrix.ts';
import { LayerRows } from './layer-rows.ts';
import type { Linearization } from './linearization.ts';
import type { ParameterLayout } from './parameters.ts';

/**
 * K = √Ω·J·Jᵀ·√Ω over the examples of all terms one after the other, [N × N] f64: the tangent kernel, whose non-zero
 * eigenvalues are those of the Gauss–Newton matrix JᵀΩJ. Formed from J in blocks of columns
 * (`LayerRows`), so that no more than one block is held. Centred terms are taken uncentred. Memory is allocated once.
 */
export class TangentKernel {
  /** K of the last `update`. */
  readonly matrix: Matrix;
  readonly #engine: Engine;
  readonly #rows: LayerRows;

  /** `examples`: N; `blockBytes`: of the columns of J that are held at once. */
  constructor(engine: Engine, layout: ParameterLayout, examples: number, blockBytes = BLOCK_BYTES) {
    this.#engine = engine;
    this.#rows = new LayerRows(layout, examples, blockBytes);
    this.matrix = matrix(examples, examples);
  }

  update(linearization: Linearization): void {
    this.#rows.forEach(linearization, ({ offset }, rows) => {
      this.#engine.linalg.gemm(1, rows, 'n', rows, 't', offset === 0 ? 0 : 1, this.matrix);
    });
  }
}
