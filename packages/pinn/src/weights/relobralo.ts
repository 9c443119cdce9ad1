import type { PhiloxStream } from '@kfac/core';
import { clampWeight } from './clamp.ts';
import type { PartMeasures, PartScheme } from './part-scheme.ts';

/** Settings of `relobralo`. */
export interface RelobraloOptions {
  readonly every: number;
  /** τ > 0: large makes all weights equal, small gives all to the part that lags most. */
  readonly temperature: number;
  /** a: the share of what was. */
  readonly decay: number;
  /** Chance that what was is the last weight, not the progress since the start. */
  readonly lookback: number;
}

/**
 * Relative loss balancing with random lookback (Bischof & Kraus 2021), in factors f_i = w_i/w_i(0) whose mean is 1:
 * f_i ← a·[b·f_i + (1−b)·λ_i(t, 0)] + (1−a)·λ_i(t, t−1), b ~ Bernoulli(lookback), with
 * λ_i(t, t′) = M·softmax_i(L_i(t)/(τ·L_i(t′))); clamped. t counts updates; the first one only remembers.
 */
export class Relobralo implements PartScheme {
  readonly every: number;
  readonly #options: RelobraloOptions;
  readonly #stream: PhiloxStream;
  #first: Float64Array | null = null;
  #previous = new Float64Array(0);
  #updates = 0;

  constructor(options: RelobraloOptions, stream: PhiloxStream) {
    this.every = options.every;
    this.#options = options;
    this.#stream = stream;
  }

  update(measures: PartMeasures, start: Float64Array, weights: Float64Array): void {
    const losses = measures.losses().slice();
    if (this.#first === null) this.#first = losses;
    else {
      const { temperature, decay, lookback } = this.#options;
      const sinceStart = progress(losses, this.#first, temperature);
      const sinceLast = progress(losses, this.#previous, temperature);
      const looksBack = this.#stream.uniformAt(this.#updates++) >= lookback;
      for (let i = 0; i < weights.length; i++) {
        const before = weights[i]!;
        const kept = looksBack ? sinceStart[i]! : before / start[i]!;
        weights[i] = clampWeight(start[i]! * (decay * kept + (1 - decay) * sinceLast[i]!), start[i]!, before);
      }
    }
    this.#previous = losses;
  }

  save(): Record<string, Float64Array> {
    if (this.#first === null) return {};
    return {
      first: this.#first.slice(),
      previous: this.#previous.slice(),
      updates: Float64Array.of(this.#updates),
    };
  }

  restore({ first, previous, updates }: Readonly<Record<string, Float64Array>>): void {
    if (!first) return;
    this.#first = first.slice();
    this.#previous = previous!.slice();
    this.#updates = updates![0]!;
  }
}

/** M·softmax_i(L_i/(τ·L′_i)); NaN throughout where a loss was zero and is again. */
function progress(losses: Float64Array, before: Float64Array, temperature: number): Float64Array {
  const ratios = losses.map((loss, i) => loss / (temperature * before[i]!));
  const largest = Math.max(...ratios);
  const powers = ratios.map((ratio) => Math.exp(ratio - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => (losses.length * power) / sum);
}
