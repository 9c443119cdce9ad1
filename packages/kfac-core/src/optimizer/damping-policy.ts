/** How λ adapts. 'constant'; 'reject': ×4 on a rejection, ×0.9 on an acceptance; 'lm': Levenberg–Marquardt every 5 steps. */
export interface DampingOptions {
  readonly policy: 'constant' | 'reject' | 'lm';
  readonly initial: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** Steps between two Levenberg–Marquardt adaptations, and the factor of one. */
export const LM_PERIOD = 5;
const LM_FACTOR = 0.95 ** LM_PERIOD;

/** λ with its adaptation rule (docs/math.md, "Damping"). */
export class DampingPolicy {
  lambda: number;
  readonly #options: DampingOptions;

  constructor(options: DampingOptions) {
    this.#options = options;
    this.lambda = options.initial;
  }

  /** True if the rule wants the reduction ratio of this step. */
  needsRatio(step: number): boolean {
    return this.#options.policy === 'lm' && step % LM_PERIOD === 0;
  }

  /** A step was taken; `ratio` = actual over predicted change if it was asked for, `predicted` < 0 is a decrease. */
  accepted(step: number, ratio: number, predicted: number): void {
    if (this.#options.policy === 'reject') this.#set(0.9 * this.lambda);
    if (!this.needsRatio(step)) return;
    if (!(ratio >= 0.25) || predicted >= 0) this.#set(this.lambda / LM_FACTOR);
    else if (ratio > 0.75) this.#set(this.lambda * LM_FACTOR);
  }

  /** A step was rejected; counts as the adaptation of that step. */
  rejected(): void {
    if (this.#options.policy !== 'constant') this.#set(4 * this.lambda);
  }

  #set(lambda: number): void {
    this.lambda = Math.min(this.#options.maximum, Math.max(this.#options.minimum, lambda));
  }
}
