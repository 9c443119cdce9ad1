import type { Progress } from '@kfac/core';

/** Where progress goes: stderr, or anything like it in tests. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface StopRules {
  readonly steps?: number | undefined;
  readonly seconds?: number | undefined;
}

const TTY_INTERVAL_S = 0.1;
const LINE_INTERVAL_S = 5;
const RATE_WINDOW_S = 5;

/** One line that says step, loss, errors, rate and time left: rewritten in place on a terminal, repeated now and then elsewhere. */
export class ProgressLine {
  readonly #stream: ProgressStream;
  readonly #stop: StopRules;
  readonly #seen = new Map<string, number>();
  #recent: { seconds: number; step: number }[] = [];
  #lastShown = Number.NEGATIVE_INFINITY;
  #isOpen = false;

  constructor(stream: ProgressStream, stop: StopRules) {
    this.#stream = stream;
    this.#stop = stop;
  }

  /** Takes a step's report; shows it when one is due. */
  update({ step, seconds, metrics }: Progress): void {
    for (const [key, value] of Object.entries(metrics)) this.#seen.set(key, value);
    this.#recent.push({ seconds, step });
    while (this.#recent.length > 2 && seconds - this.#recent[1]!.seconds > RATE_WINDOW_S) this.#recent.shift();
    const interval = this.#stream.isTTY ? TTY_INTERVAL_S : LINE_INTERVAL_S;
    if (seconds - this.#lastShown < interval) return;
    // The first line of a log waits for an interval too: short runs then say nothing but their summary.
    const isFirst = this.#lastShown === Number.NEGATIVE_INFINITY;
    this.#lastShown = seconds;
    if (isFirst && !this.#stream.isTTY) return;
    this.#show(step, seconds);
  }

  /** Ends the line, so that what follows begins on a new one. */
  close(): void {
    if (this.#isOpen) this.#stream.write('\n');
    this.#isOpen = false;
  }

  #show(step: number, seconds: number): void {
    const line = [this.#position(step), ...this.#values(), ...this.#timing(step, seconds)].join('  ');
    if (this.#stream.isTTY) {
      this.#stream.write(`\r${line.slice(0, (this.#stream.columns ?? 100) - 1)}\u001B[K`);
      this.#isOpen = true;
    } else {
      this.#stream.write(`${line}\n`);
    }
  }

  #position(step: number): string {
    return this.#stop.steps === undefined ? `step ${step}` : `step ${step}/${this.#stop.steps}`;
  }

  #values(): string[] {
    const shown = ['loss', 'pinn/rmse', 'pinn/rel_l2', 'hedge/entropic', 'opt/damping', 'opt/radius'];
    return shown.flatMap((key) => {
      const value = this.#seen.get(key);
      return value === undefined || Number.isNaN(value)
        ? []
        : [`${key.replace(/^.*\//, '').replace('_', ' ')} ${value.toPrecision(3)}`];
    });
  }

  #timing(step: number, seconds: number): string[] {
    const start = this.#recent[0]!;
    const rate = (step - start.step) / (seconds - start.seconds);
    if (!(rate > 0)) return [];
    const left = [
      this.#stop.steps === undefined ? Number.POSITIVE_INFINITY : (this.#stop.steps - step) / rate,
      this.#stop.seconds === undefined ? Number.POSITIVE_INFINITY : this.#stop.seconds - seconds,
    ];
    const least = Math.max(Math.min(...left), 0);
    return [`${rate.toPrecision(3)} steps/s`, ...(Number.isFinite(least) ? [`at most ${duration(least)} left`] : [])];
  }
}

/** 75.3 → '1 min 15 s'. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
