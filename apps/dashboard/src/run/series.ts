import type { MetricPoint } from '../api/types.ts';

/** One point of a series; `value` is NaN or infinite where the service named it so. */
export interface Point {
  readonly step: number;
  readonly seconds: number;
  readonly value: number;
}

/** The points of one `metrics` event. */
export interface MetricsEvent {
  readonly points: readonly {
    readonly step: number;
    readonly seconds: number;
    readonly metrics: { readonly [key: string]: number | null };
    readonly nonfinite?: { readonly [key: string]: string };
  }[];
}

function numberOf(value: number | null, code: string | undefined): number {
  if (value !== null) return value;
  return code === '+Inf' ? Infinity : code === '-Inf' ? -Infinity : NaN;
}

/** Every series of a run, by key, ordered by step. Points may come twice, late or out of order: a step has one value. */
export class SeriesStore {
  private readonly series = new Map<string, Point[]>();
  /** Grows with every change. */
  revision = 0;

  keys(): readonly string[] {
    return [...this.series.keys()];
  }

  get(key: string): readonly Point[] {
    return this.series.get(key) ?? [];
  }

  /** The last point of a series; of one that comes in parts ('pinn/rmse/u', 'pinn/rmse/v') the largest of their last. */
  latest(key: string): Point | undefined {
    const whole = this.series.get(key)?.at(-1);
    if (whole !== undefined) return whole;
    const parts = [...this.series].flatMap(([name, points]) => (name.startsWith(`${key}/`) ? points.slice(-1) : []));
    return parts.toSorted((a, b) => b.value - a.value)[0];
  }

  add(key: string, point: Point): void {
    let points = this.series.get(key);
    if (points === undefined) this.series.set(key, (points = []));
    this.revision++;
    const last = points.at(-1);
    if (last === undefined || last.step < point.step) {
      points.push(point);
      return;
    }
    const at = lowerBound(points, point.step);
    points.splice(at, points[at]?.step === point.step ? 1 : 0, point);
  }

  addEvent(event: MetricsEvent): void {
    for (const { step, seconds, metrics, nonfinite } of event.points) {
      for (const [key, value] of Object.entries(metrics)) {
        this.add(key, { step, seconds, value: numberOf(value, nonfinite?.[key]) });
      }
    }
  }

  addSeries(series: { readonly [key: string]: readonly MetricPoint[] }): void {
    for (const [key, points] of Object.entries(series)) {
      for (const { step, seconds, value, nonfinite } of points) {
        this.add(key, { step, seconds, value: numberOf(value, nonfinite) });
      }
    }
  }

  /** Takes back everything after a step: training goes on from there. */
  rewind(step: number): void {
    this.revision++;
    for (const points of this.series.values()) points.splice(lowerBound(points, step + 1));
  }
}

/** Index of the first point whose step is at least `step`. */
function lowerBound(points: readonly Point[], step: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]!.step < step) low = middle + 1;
    else high = middle;
  }
  return low;
}
