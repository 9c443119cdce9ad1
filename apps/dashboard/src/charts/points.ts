/** One point of a curve; `y` is NaN where there is nothing to draw. */
export interface XY {
  readonly x: number;
  readonly y: number;
}

/** At most about `limit` points that keep the shape: the smallest and the largest value of each stretch, and both ends. */
export function thin(points: readonly XY[], limit: number): readonly XY[] {
  if (points.length <= limit) return points;
  const stretches = Math.max(1, Math.floor((limit - 2) / 2));
  const last = points.length - 1;
  const kept: XY[] = [points[0]!];
  for (let s = 0; s < stretches; s++) {
    const from = 1 + Math.floor((s * (last - 1)) / stretches);
    const to = 1 + Math.floor(((s + 1) * (last - 1)) / stretches);
    let low = -1;
    let high = -1;
    for (let k = from; k < to; k++) {
      const y = points[k]!.y;
      if (Number.isNaN(y)) continue;
      if (low < 0 || y < points[low]!.y) low = k;
      if (high < 0 || y > points[high]!.y) high = k;
    }
    if (low < 0) continue;
    kept.push(points[Math.min(low, high)]!);
    if (low !== high) kept.push(points[Math.max(low, high)]!);
  }
  kept.push(points[last]!);
  return kept;
}

/** The points with NaN in place of what an axis cannot show: on a logarithmic axis that is everything ≤ 0. */
export function drawable(points: readonly XY[], logX: boolean, logY: boolean): readonly XY[] {
  return points
    .filter((point) => Number.isFinite(point.x) && (!logX || point.x > 0))
    .map((point) => ({ x: point.x, y: Number.isFinite(point.y) && (!logY || point.y > 0) ? point.y : NaN }));
}

/** The range of finite values, widened a little; null if there is none. A logarithmic one ends at powers of ten near by. */
export function extent(series: readonly (readonly XY[])[], axis: 'x' | 'y', log: boolean): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const points of series) {
    for (const point of points) {
      const value = point[axis];
      if (Number.isNaN(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return null;
  if (axis === 'x') return low === high ? (log ? [low / 2, low * 2] : [low - 0.5, low + 0.5]) : [low, high];
  if (log) return low === high ? [low / 3, high * 3] : [low / 1.3, high * 1.3];
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}
