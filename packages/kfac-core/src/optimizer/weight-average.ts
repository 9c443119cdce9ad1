/**
 * The averaged iterate W̄ ← β·W̄ + (1−β)·W from step `from` on, β = min(0.98, 1 − 1/(n − from + 1)) (Polyak & Juditsky
 * 1992 with a window). It never touches the trajectory; it is what is evaluated and shipped.
 */
export class WeightAverage {
  readonly value: Float64Array;
  readonly #from: number;
  #started = false;

  constructor(size: number, from: number) {
    this.value = new Float64Array(size);
    this.#from = from;
  }

  /** Takes the weights after step n in. */
  update(step: number, theta: Float64Array): void {
    if (step < this.#from) return;
    const beta = this.#started ? Math.min(0.98, 1 - 1 / (step - this.#from + 1)) : 0;
    this.#started = true;
    for (let i = 0; i < theta.length; i++) this.value[i] = beta * this.value[i]! + (1 - beta) * theta[i]!;
  }

  /** W̄, or the weights themselves while the average has not started. */
  evaluationPoint(theta: Float64Array): Float64Array {
    return this.#started ? this.value : theta;
  }

  save(): Float64Array {
    const out = new Float64Array(this.value.length + 1);
    out.set(this.value);
    out[this.value.length] = this.#started ? 1 : 0;
    return out;
  }

  restore(saved: Float64Array): void {
    this.value.set(saved.subarray(0, this.value.length));
    this.#started = saved[this.value.length] === 1;
  }
}
