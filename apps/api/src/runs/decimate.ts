import type { SeriesPoint } from './store.ts';

/**
 * At most `maxPoints` points that look like all of them: largest triangle three buckets (Steinarsson 2013), which keeps
 * the first, the last and in each bucket between the point that stands out most. Points that are not finite always
 * stay, the earliest of them if there are more than fit. `scale`: the axis on which standing out is measured; values
 * that a logarithm does not have are measured as the smallest that it has. `maxPoints` ≥ 2.
 */
export function decimate(
  points: readonly SeriesPoint[],
  maxPoints: number,
  scale: 'linear' | 'log' = 'linear',
): SeriesPoint[] {
  if (points.length <= maxPoints) return [...points];
  const broken = points.filter(({ value }) => value === null).slice(0, maxPoints);
  const finite = points.filter(({ value }) => value !== null);
  const room = maxPoints - broken.length;
  const chosen = finite.length <= room ? finite : largestTriangles(finite, room, heights(finite, scale));
  return [...chosen, ...broken].sort((a, b) => a.step - b.step);
}

function heights(points: readonly SeriesPoint[], scale: 'linear' | 'log'): Float64Array {
  const values = Float64Array.from(points, ({ value }) => value!);
  if (scale === 'linear') return values;
  const smallest = values.reduce((least, value) => (value > 0 && value < least ? value : least), Infinity);
  return values.map((value) => Math.log(value > 0 ? value : smallest));
}

function largestTriangles(points: readonly SeriesPoint[], count: number, y: Float64Array): SeriesPoint[] {
  if (count < 1) return [];
  if (count < 3) return count === 1 ? [points.at(-1)!] : [points[0]!, points.at(-1)!];
  const chosen = [0];
  const width = (points.length - 2) / (count - 2);
  for (let bucket = 0; bucket < count - 2; bucket++) {
    const [from, to] = [Math.floor(bucket * width) + 1, Math.floor((bucket + 1) * width) + 1];
    const end = Math.min(Math.floor((bucket + 2) * width) + 1, points.length);
    const ahead = centroid(points, y, to, Math.max(end, to + 1));
    chosen.push(mostProminent(points, y, chosen.at(-1)!, from, to, ahead));
  }
  chosen.push(points.length - 1);
  return chosen.map((index) => points[index]!);
}

function centroid(points: readonly SeriesPoint[], y: Float64Array, from: number, to: number): [number, number] {
  let [sumX, sumY] = [0, 0];
  const end = Math.min(to, points.length);
  for (let i = from; i < end; i++) [sumX, sumY] = [sumX + points[i]!.step, sumY + y[i]!];
  return [sumX / (end - from), sumY / (end - from)];
}

function mostProminent(
  points: readonly SeriesPoint[],
  y: Float64Array,
  before: number,
  from: number,
  to: number,
  [aheadX, aheadY]: [number, number],
): number {
  const [x0, y0] = [points[before]!.step, y[before]!];
  let [best, bestArea] = [from, -1];
  for (let i = from; i < to; i++) {
    const area = Math.abs((x0 - aheadX) * (y[i]! - y0) - (x0 - points[i]!.step) * (aheadY - y0));
    if (area > bestArea) [best, bestArea] = [i, area];
  }
  return best;
}
