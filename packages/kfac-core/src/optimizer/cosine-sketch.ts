import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import type { PhiloxStream } from '../random.ts';

/**
 * A subsampled randomised cosine transform of n coordinates: Rᵀ·v keeps k coordinates of the orthonormal DCT-II of v with
 * random signs in random order, without rescaling. R [n × k] has orthonormal columns, lifting y ↦ R·y is the exact adjoint,
 * and k = n makes R orthogonal. Held as Rᵀ in column blocks of given widths, n·k numbers: a product with r rows costs
 * 2·r·n·k operations, as many as n/k reductions of an [r × k] matrix, and runs at the speed of the matrix product.
 */
export class CosineSketch {
  /** Rᵀ in column blocks, [k × width] each. */
  readonly #blocks: readonly Matrix[];
  readonly #engine: Engine;
  readonly #size: number;
  /** cos(π·m/(2n)), m < 4n. */
  readonly #cosines: Float64Array;
  readonly #places: Uint32Array;
  readonly #frequencies: Uint32Array;
  readonly #signs: Float64Array;
  readonly #row: Float64Array;
  readonly #kept: number;

  /** `widths` add up to n; `kept`: k ≤ n. */
  constructor(engine: Engine, widths: readonly number[], kept: number) {
    this.#engine = engine;
    this.#size = widths.reduce((sum, width) => sum + width, 0);
    this.#kept = kept;
    this.#blocks = widths.map((width) => matrix(kept, width));
    this.#cosines = Float64Array.from({ length: 4 * this.#size }, (_, m) => Math.cos((Math.PI * m) / (2 * this.#size)));
    this.#places = new Uint32Array(this.#size);
    this.#frequencies = new Uint32Array(this.#size);
    this.#signs = new Float64Array(this.#size);
    this.#row = new Float64Array(this.#size);
  }

  /** A new sketch from 3n random numbers. */
  draw(stream: PhiloxStream): void {
    const n = this.#size;
    for (let i = 0; i < n; i++) this.#signs[i] = stream.uniform() < 0.5 ? -1 : 1;
    shuffle(this.#places, stream);
    shuffle(this.#frequencies, stream);
    for (let k = 0; k < this.#kept; k++) {
      const frequency = this.#frequencies[k]!;
      const scale = Math.sqrt((frequency === 0 ? 1 : 2) / n);
      // (2j + 1)·frequency mod 4n for j = 0, 1, …
      let angle = frequency;
      for (let j = 0; j < n; j++) {
        const i = this.#places[j]!;
        this.#row[i] = scale * this.#signs[i]! * this.#cosines[angle]!;
        angle += 2 * frequency;
        if (angle >= 4 * n) angle -= 4 * n;
      }
      let from = 0;
      for (const { cols, data } of this.#blocks) {
        data.set(this.#row.subarray(from, from + cols), k * cols);
        from += cols;
      }
    }
  }

  /** out ← β·out + X·R over the coordinates of one block, X [r × width], out [r × k]. */
  compress(block: number, rows: Matrix, beta: number, out: Matrix): void {
    this.#engine.linalg.gemm(1, rows, 'n', this.#blocks[block]!, 't', beta, out);
  }

  /** out ← R·y, y [k], out [n]. */
  lift(y: Float64Array, out: Float64Array): void {
    const column = matrixOver(this.#kept, 1, y);
    let from = 0;
    for (const block of this.#blocks) {
      const part = matrixOver(block.cols, 1, out.subarray(from, from + block.cols));
      this.#engine.linalg.gemm(1, block, 't', column, 'n', 0, part);
      from += block.cols;
    }
  }
}

/** out ← 0 … n−1 in random order (Fisher & Yates), n random numbers. */
function shuffle(out: Uint32Array, stream: PhiloxStream): void {
  for (let i = 0; i < out.length; i++) {
    const j = Math.floor(stream.uniform() * (i + 1));
    out[i] = out[j]!;
    out[j] = i;
  }
}
