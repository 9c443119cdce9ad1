const GAPS_KEPT = 64;

/** Notices that a training makes no new step: not for `floorMs`, nor for 20 times the median time between reports. */
export class Watchdog {
  readonly #floorMs: number;
  readonly #gaps: number[] = [];
  #step = -1;
  #at = -Infinity;

  constructor(floorMs: number) {
    this.#floorMs = floorMs;
  }

  /** The training is at `step`, seen at `now` (ms). */
  step(step: number, now: number): void {
    if (step === this.#step) return;
    if (this.#step >= 0) this.#gaps.push(now - this.#at);
    if (this.#gaps.length > GAPS_KEPT) this.#gaps.shift();
    [this.#step, this.#at] = [step, now];
  }

  /** The training works inside its step, at `now` (ms). */
  alive(now: number): void {
    if (this.#step >= 0) this.#at = now;
  }

  /** False before the first step was seen. */
  isHung(now: number): boolean {
    const gaps = [...this.#gaps].sort((a, b) => a - b);
    const median = gaps[gaps.length >> 1] ?? 0;
    return this.#step >= 0 && now - this.#at > Math.max(this.#floorMs, 20 * median);
  }
}
