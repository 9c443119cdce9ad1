import type { Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { allFinite } from '../vector.ts';

/**
 * How batch statistics are averaged over steps (docs/math.md, "Moving averages").
 * 'debiased': w_k = ε·w_{k−1} + 1, X += (X_batch − X)/w_k. 'warm': X = ε_k·X + (1−ε_k)·X_batch, ε_k = min(1 − 1/k, ε).
 * 'identity': starts at I, X = ε·X + (1−ε)·X_batch; the leftover identity acts as a decaying damping.
 */
export type AverageRule = 'debiased' | 'warm' | 'identity';

/** A moving average of a matrix, and the batch buffer that feeds it. */
export class FactorAverage {
  readonly value: Matrix;
  /** Where the next batch statistic is written before `commit`. */
  readonly batch: Matrix;
  readonly #decay: number;
  readonly #rule: AverageRule;
  #updates = 0;
  #weight = 0;

  /** [rows × cols], square by default. With 'identity' it begins at `start`·I. */
  constructor(rows: number, decay: number, rule: AverageRule, { cols = rows, start = 1 } = {}) {
    this.value = matrix(rows, cols);
    this.batch = matrix(rows, cols);
    this.#decay = decay;
    this.#rule = rule;
    if (rule === 'identity') for (let i = 0; i < rows; i++) this.value.data[i * cols + i] = start;
  }

  /** True if the batch statistic is usable. */
  batchIsFinite(): boolean {
    return allFinite(this.batch.data);
  }

  /** Takes the batch statistic in as if it had come in each of the `steps` that it stands for. */
  commit(steps = 1): void {
    const kept = this.#decay ** steps;
    const added = (1 - kept) / (1 - this.#decay);
    this.#updates += steps;
    this.#weight = kept * this.#weight + added;
    const share = this.#share(steps, kept, added);
    const value = this.value.data;
    const batch = this.batch.data;
    for (let i = 0; i < value.length; i++) value[i] = value[i]! + share * (batch[i]! - value[i]!);
  }

  #share(steps: number, kept: number, added: number): number {
    switch (this.#rule) {
      case 'debiased':
        return added / this.#weight;
      case 'warm':
        return 1 - Math.min(1 - steps / this.#updates, kept);
      case 'identity':
        return 1 - kept;
    }
  }

  /** The average, then the number of updates and the weight: [rows·cols + 2]. */
  save(): Float64Array {
    const out = new Float64Array(this.value.data.length + 2);
    out.set(this.value.data);
    out[out.length - 2] = this.#updates;
    out[out.length - 1] = this.#weight;
    return out;
  }

  restore(saved: Float64Array): void {
    this.value.data.set(saved.subarray(0, saved.length - 2));
    this.#updates = saved[saved.length - 2]!;
    this.#weight = saved[saved.length - 1]!;
  }
}
