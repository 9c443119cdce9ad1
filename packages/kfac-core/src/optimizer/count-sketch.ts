import type { Matrix } from '../engine/engine.ts';
import type { PhiloxStream } from '../random.ts';

/** Buckets that a row goes to. */
const HASHES = 4;
const SHARE = 1 / Math.sqrt(HASHES);

/**
 * A count sketch of rows with four hashes (Charikar, Chen & Farach-Colton 2002; Kane & Nelson 2014): every row is added,
 * times ±½, to one random bucket of r for each hash. S [r × N] is linear with E[SᵀS] = I; S·X costs 8·N operations a column.
 */
export class CountSketch {
  readonly #buckets: number;
  readonly #places: Uint32Array;
  readonly #shares: Float64Array;

  /** From N rows into `buckets` = r. */
  constructor(rows: number, buckets: number) {
    this.#buckets = buckets;
    this.#places = new Uint32Array(HASHES * rows);
    this.#shares = new Float64Array(HASHES * rows);
  }

  /** A new sketch from 4N random numbers. */
  draw(stream: PhiloxStream): void {
    for (let h = 0; h < this.#places.length; h++) {
      const cell = Math.floor(stream.uniform() * 2 * this.#buckets);
      this.#places[h] = cell >> 1;
      this.#shares[h] = cell % 2 === 0 ? SHARE : -SHARE;
    }
  }

  /** out ← S·X, X [N × w], out [r × w]. */
  apply({ cols, data }: Matrix, out: Matrix): void {
    out.data.fill(0);
    for (let h = 0; h < this.#places.length; h++) {
      const share = this.#shares[h]!;
      const from = Math.floor(h / HASHES) * cols;
      const to = this.#places[h]! * cols;
      for (let k = 0; k < cols; k++) out.data[to + k]! += share * data[from + k]!;
    }
  }
}
