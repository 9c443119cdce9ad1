import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';

/**
 * A moving average M ← βM + (1−β)·X of symmetric matrices [n × n] with an orthogonal basis Q near its eigenvectors: they
 * themselves once, then one step of orthogonal iteration, Q ← QR factor of M·Q with the columns sorted by diag(QᵀMQ).
 */
export class Eigenbasis {
  readonly average: Matrix;
  /** Q, [n × n]. */
  readonly vectors: Matrix;
  readonly #engine: Engine;
  readonly #product: Matrix;
  readonly #triangle: Matrix;
  readonly #values: Float64Array;

  constructor(engine: Engine, size: number) {
    this.#engine = engine;
    this.average = matrix(size, size);
    this.vectors = matrix(size, size);
    this.#product = matrix(size, size);
    this.#triangle = matrix(size, size);
    this.#values = new Float64Array(size);
  }

  /** M ← decay·M + (1 − decay)·G·Gᵀ ('rows') or GᵀG ('columns'). */
  add(decay: number, gradient: Matrix, side: 'rows' | 'columns'): void {
    const [first, second] = side === 'rows' ? (['n', 't'] as const) : (['t', 'n'] as const);
    this.#engine.linalg.gemm(1 - decay, gradient, first, gradient, second, decay, this.average);
  }

  /** Q ← eigenvectors of M, the largest eigenvalue first. */
  decompose(): void {
    const n = this.vectors.rows;
    this.#engine.linalg.eigenSymmetric(this.average, this.#values, this.#product);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) this.vectors.data[i * n + j] = this.#product.data[i * n + n - 1 - j]!;
    }
  }

  /** One step of orthogonal iteration; gives the order of the columns: column j was column order[j]. */
  iterate(): readonly number[] {
    const n = this.vectors.rows;
    const { linalg } = this.#engine;
    linalg.gemm(1, this.average, 'n', this.vectors, 'n', 0, this.#product);
    this.#values.fill(0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++)
        this.#values[j]! += (this.vectors.data[i * n + j] as number) * (this.#product.data[i * n + j] as number);
    }
    const order = Array.from(this.#values, (_, j) => j).toSorted(
      (a, b) => this.#values[b]! - this.#values[a]! || a - b,
    );
    // M·Q with its columns in that order, by way of the triangle's memory.
    for (let i = 0; i < n; i++)
      order.forEach((from, j) => (this.#triangle.data[i * n + j] = this.#product.data[i * n + from]!));
    this.#product.data.set(this.#triangle.data);
    linalg.qr(this.#product, this.vectors, this.#triangle);
    return order;
  }
}
