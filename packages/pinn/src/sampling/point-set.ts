/** Points of a pool that go through the network in one pass. */
export const CHUNK = 8192;

/** Points in columns: coordinate a of point n is data[a·count + n]; [d × count]. */
export interface PointSet {
  readonly data: Float64Array;
  readonly count: number;
}

/** Point `to` of one set ← point `from` of another, of the same dimension. */
export function copyPoint(source: PointSet, from: number, target: PointSet, to: number): void {
  const d = target.data.length / target.count;
  for (let axis = 0; axis < d; axis++) target.data[axis * target.count + to] = source.data[axis * source.count + from]!;
}
