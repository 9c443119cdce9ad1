import { BLOCK_BYTES, rowsAtOnce } from '../blocks.ts';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrixOver } from '../engine/matrix.ts';
import type { Linearization } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { examplesOf, leastSquaresRows } from './least-squares-rows.ts';

/** What a moving average of JᵀJ keeps: M ← βM + (1−β)JᵀJ. */
export interface KeptTriangle {
  /** M = RᵀR; the R factor of [J | r] before, [P+1 × P+1], its last row and column not read. */
  readonly triangle: Matrix;
  /** β in (0, 1). */
  readonly decay: number;
}

/**
 * The rows [J | r] of a linearisation folded into a square matrix [P+1 × P+1], block of rows by block of rows: J is not held
 * whole where it is larger than a block (`rowsAtOnce`). With one block it is formed and folded at once. The sums depend on
 * N and P alone.
 */
export class LeastSquaresFold {
  readonly #engine: Engine;
  readonly #layout: ParameterLayout;
  readonly #bytes: number;
  #buffer = new Float64Array(0);

  /** `bytes`: of a block, at most, though it has at least P + 1 rows. */
  constructor(engine: Engine, layout: ParameterLayout, bytes = BLOCK_BYTES) {
    this.#engine = engine;
    this.#layout = layout;
    this.#bytes = bytes;
  }

  /** out ← [J | r]ᵀ[J | r], the sum over the blocks. Throws `KFAC_SPEC` for centred terms. */
  gram(linearization: Linearization, out: Matrix): void {
    const { total, step } = this.#partition(linearization, 0);
    for (let from = 0; from === 0 || from < total; from += step) {
      const count = Math.min(step, total - from);
      const rows = this.#rows(count);
      leastSquaresRows(this.#layout, linearization, rows, from, count);
      this.#engine.linalg.gram(1, rows, null, 1, from === 0 ? 0 : 1, out);
    }
  }

  /**
   * out ← the R factor of [J | r], R ← qr([J_k | r_k; R]) over the blocks k (sequential TSQR: Demmel, Grigori, Hoemmen &
   * Langou 2012). With `kept` that of [√(1−β)·J | r/√(1−β); √β·R₀ | 0]. Throws `KFAC_SPEC` for centred terms.
   */
  triangle(linearization: Linearization, out: Matrix, kept: KeptTriangle | null = null): void {
    const size = this.#layout.size;
    const cols = size + 1;
    const { total, step } = this.#partition(linearization, kept ? size : 0);
    for (let from = 0; from === 0 || from < total; from += step) {
      const count = Math.min(step, total - from);
      const below = from > 0 ? cols : kept ? size : 0;
      const rows = this.#rows(count + below);
      leastSquaresRows(this.#layout, linearization, rows, from, count);
      if (kept) weigh(rows, count, Math.sqrt(1 - kept.decay));
      if (from > 0) rows.data.set(out.data, count * cols);
      else if (kept) writeKept(kept, rows, count);
      this.#engine.linalg.qrFactor(rows, out);
    }
  }

  /** Rows in all and in a block; reserves memory for a block with what is stacked below it: a triangle, or `below` rows. */
  #partition(linearization: Linearization, below: number): { readonly total: number; readonly step: number } {
    const cols = this.#layout.size + 1;
    const total = examplesOf(linearization);
    const step = rowsAtOnce(total, cols, this.#bytes);
    const length = (step + (step < total ? cols : below)) * cols;
    if (this.#buffer.length < length) this.#buffer = new Float64Array(length);
    return { total, step };
  }

  #rows(count: number): Matrix {
    const cols = this.#layout.size + 1;
    return matrixOver(count, cols, this.#buffer.subarray(0, count * cols));
  }
}

/** J ← J·factor and r ← r/factor in the first `count` rows. */
function weigh({ cols, data }: Matrix, count: number, factor: number): void {
  const size = cols - 1;
  for (let n = 0; n < count; n++) {
    for (let k = 0; k < size; k++) data[n * cols + k]! *= factor;
    data[n * cols + size]! /= factor;
  }
}

/** The rows from `first` on ← [√β·R | 0]. */
function writeKept({ triangle, decay }: KeptTriangle, { cols, data }: Matrix, first: number): void {
  const size = cols - 1;
  const factor = Math.sqrt(decay);
  for (let i = 0; i < size; i++) {
    const at = (first + i) * cols;
    for (let k = 0; k < size; k++) data[at + k] = factor * triangle.data[i * cols + k]!;
    data[at + size] = 0;
  }
}
