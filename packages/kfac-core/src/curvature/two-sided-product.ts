import type { Engine, Matrix, Op } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';

/** Products L·V·R on [in × out] matrices, with the memory for what stands between. */
export class TwoSidedProduct {
  readonly #engine: Engine;
  readonly #work: Matrix;

  constructor(engine: Engine, inputs: number, outputs: number) {
    this.#engine = engine;
    this.#work = matrix(inputs, outputs);
  }

  /** out ← op(left)·v·op(right); `out` may be `v`. */
  apply(left: Matrix, opLeft: Op, v: Matrix, right: Matrix, opRight: Op, out: Matrix): void {
    const { linalg } = this.#engine;
    linalg.gemm(1, left, opLeft, v, 'n', 0, this.#work);
    linalg.gemm(1, this.#work, 'n', right, opRight, 0, out);
  }
}
