import type { CapturedSequence } from '../linearization.ts';
import { FactorAverage, type AverageRule } from './factor-average.ts';
import type { RecurrentMoments } from './recurrent-block.ts';

/** Moving averages of the moments of a recurrent matrix, all taken in together and with one weight, or not at all. */
export class RecurrentAverages {
  readonly moments: RecurrentMoments;
  readonly #a: Lags;
  readonly #g: Lags;
  readonly #counts: FactorAverage;
  readonly #all: readonly FactorAverage[];

  /** With the rule 'identity' the moments of lag 0 begin at I, those of lag 1 at zero and the lag counts as 'debiased'. */
  constructor(inputs: number, outputs: number, steps: number, decay: number, rule: AverageRule) {
    const lags = (size: number): Lags => ({
      lag0: new FactorAverage(size, decay, rule),
      lag1: new FactorAverage(size, decay, rule, { start: 0 }),
    });
    [this.#a, this.#g] = [lags(inputs), lags(outputs)];
    this.#counts = new FactorAverage(1, decay, rule === 'identity' ? 'debiased' : rule, { cols: steps });
    this.#all = [this.#a.lag0, this.#a.lag1, this.#g.lag0, this.#g.lag1, this.#counts];
    const [a0, a1, g0, g1, counts] = this.#all.map(({ value }) => value);
    this.moments = { a0: a0!, a1: a1!, g0: g0!, g1: g1!, counts: counts! };
  }

  /** Takes a batch in for the `steps` that it stands for; false, and nothing changed, if it is not finite. */
  update(sequence: CapturedSequence, curvature: Float64Array, steps: number): boolean {
    const batch = ({ lag0, lag1 }: Lags): { lag0: FactorAverage['batch']; lag1: FactorAverage['batch'] } => ({
      lag0: lag0.batch,
      lag1: lag1.batch,
    });
    sequence.moments(curvature, batch(this.#a), batch(this.#g));
    this.#counts.batch.data.set(sequence.counts);
    if (!this.#all.every((average) => average.batchIsFinite())) return false;
    for (const average of this.#all) average.commit(steps);
    return true;
  }

  save(): Float64Array {
    const parts = this.#all.map((average) => average.save());
    const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  restore(saved: Float64Array): void {
    let at = 0;
    for (const average of this.#all) {
      const length = average.value.data.length + 2;
      average.restore(saved.subarray(at, at + length));
      at += length;
    }
  }
}

interface Lags {
  readonly lag0: FactorAverage;
  readonly lag1: FactorAverage;
}
