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
const FIRST_LINE_S = 1;
const LINE_INTERVAL_S = 5;
const RATE_WINDOW_S = 5;
const DEFAULT_COLUMNS = 80;

/** Metrics that are shown, in this order; of one that comes in parts ('pinn/rmse/u', 'pinn/rmse/v') the largest. */
const METRICS = ['loss', 'pinn/rmse', 'pinn/rel_l2', 'hedge/entropic', 'opt/damping', 'opt/radius'];

/** Parts of the line by importance: on a narrow terminal the last are left out first. */
const IMPORTANCE = ['loss', 'pinn/rel_l2', 'hedge/entropic', 'left', 'pinn/rmse', 'rate', 'opt/damping', 'opt/radius'];

/** What a part says, by what it is: 'step', 'rate', 'left' or a metric. */
type Part = readonly [name: string, text: string];

/** One line that says step, loss, errors, rate and time left: rewritten in place on a terminal, repeated now and then elsewhere. */
export class ProgressLine {
  readonly #stream: ProgressStream;
  readonly #stop: StopRules;
  readonly #seen = new Map<string, number>();
  #recent: { seconds: number; step: number }[] = [];
  #nextAt: number | undefined;
  #isOpen = false;

  constructor(stream: ProgressStream, stop: StopRules) {
    this.#stream = stream;
    this.#stop = stop;
  }

  /** Takes a step's report; shows it when one is due. */
  update({ step, seconds, metrics }: Progress): void {
    for (const [key, value] of Object.entries(metrics)) this.#seen.set(key, value);
    // Training that is resumed counts on from what it had taken before.
    const begin = seconds - (metrics['time/total'] ?? 0);
    this.#nextAt ??= this.#stream.isTTY ? begin : begin + FIRST_LINE_S;
    if (this.#recent.length === 0) this.#recent.push({ seconds: begin, step: step - 1 });
    this.#recent.push({ seconds, step });
    while (this.#recent.length > 2 && seconds - this.#recent[1]!.seconds > RATE_WINDOW_S) this.#recent.shift();
    if (seconds < this.#nextAt) return;
    this.#nextAt = seconds + (this.#stream.isTTY ? TTY_INTERVAL_S : LINE_INTERVAL_S);
    this.#show(step, seconds);
  }

  /** Ends the line, so that what follows begins on a new one. */
  close(): void {
    if (this.#isOpen) this.#stream.write('\n');
    this.#isOpen = false;
  }

  #show(step: number, seconds: number): void {
    const parts = [this.#position(step), ...this.#values(), ...this.#timing(step, seconds)];
    if (this.#stream.isTTY) {
      this.#stream.write(`\r${fitted(parts, (this.#stream.columns || DEFAULT_COLUMNS) - 1)}\u001B[K`);
      this.#isOpen = true;
    } else {
      this.#stream.write(`${joined(parts)}\n`);
    }
  }

  #position(step: number): Part {
    return ['step', this.#stop.steps === undefined ? `step ${step}` : `step ${step}/${this.#stop.steps}`];
  }

  #values(): Part[] {
    return METRICS.flatMap((key): Part[] => {
      const value = this.#latest(key);
      if (value === undefined || Number.isNaN(value)) return [];
      return [[key, `${key.replace(/^.*\//, '').replace('_', ' ')} ${value.toPrecision(3)}`]];
    });
  }

  #latest(key: string): number | undefined {
    const parts = [...this.#seen].flatMap(([name, value]) => (name.startsWith(`${key}/`) ? [value] : []));
    return this.#seen.get(key) ?? (parts.length === 0 ? undefined : Math.max(...parts));
  }

  #timing(step: number, seconds: number): Part[] {
    const start = this.#recent[0]!;
    const rate = (step - start.step) / (seconds - start.seconds);
    if (!(rate > 0 && Number.isFinite(rate))) return [];
    const left = [
      this.#stop.steps === undefined ? Number.POSITIVE_INFINITY : (this.#stop.steps - step) / rate,
      this.#stop.seconds === undefined ? Number.POSITIVE_INFINITY : this.#stop.seconds - seconds,
    ];
    const least = Math.max(Math.min(...left), 0);
    const parts: Part[] = [['rate', `${rate.toPrecision(3)} steps/s`]];
    if (Number.isFinite(least)) parts.push(['left', `at most ${duration(least)} left`]);
    return parts;
  }
}

function joined(parts: readonly Part[]): string {
  return parts.map(([, text]) => text).join('  ');
}

/** The parts that fit into so many columns, whole; the step alone is cut if need be. */
function fitted(parts: readonly Part[], columns: number): string {
  let kept = parts;
  for (const least of IMPORTANCE.toReversed()) {
    if (joined(kept).length <= columns) break;
    kept = kept.filter(([name]) => name !== least);
  }
  return joined(kept).slice(0, columns);
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
