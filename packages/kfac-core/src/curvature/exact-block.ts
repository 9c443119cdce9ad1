import type { Engine, Matrix } from '../engine/engine.ts';
import { matrixOver } from '../engine/matrix.ts';
import type { CurvatureBlock } from './block.ts';
import { DampedInverse } from './damped-inverse.ts';

/**
 * The exact Gauss–Newton block of one small weight matrix, Σ_i ω_i·vec(J_i)·vec(J_i)ᵀ + λ·I, vec row-stacking as the
 * weights are stored. For a layer like an LSTM's head it costs next to nothing and needs no Kronecker approximation.
 */
export class ExactBlock implements CurvatureBlock {
  readonly #engine: Engine;
  readonly #statistic: Matrix;
  readonly #inverse: DampedInverse;

  /** `statistic`: the undamped block [in·out × in·out], read at every refresh. */
  constructor(engine: Engine, statistic: Matrix) {
    this.#engine = engine;
    this.#statistic = statistic;
    this.#inverse = new DampedInverse(engine, statistic.rows);
  }

  refresh(lambda: number): boolean {
    const good = this.#inverse.prepare(this.#statistic, lambda);
    if (good) this.#inverse.install();
    else this.#inverse.keep(this.#statistic, lambda);
    return good;
  }

  solve(v: Matrix, out: Matrix): boolean {
    const size = this.#statistic.rows;
    this.#engine.linalg.gemm(
      1,
      this.#inverse.inverse,
      'n',
      matrixOver(size, 1, v.data),
      'n',
      0,
      matrixOver(size, 1, out.data),
    );
    return true;
  }

  save(): Float64Array {
    return this.#inverse.save();
  }

  restore(saved: Float64Array): void {
    this.#inverse.restore(saved);
  }
}
