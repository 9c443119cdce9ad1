import { type Engine, type Matrix, matrix } from '@kfac/core';
import { type NetworkColumns, forwardAll } from '../network-columns.ts';
import type { Networks } from '../networks.ts';

/** Time cut into windows, each with a network of its own. */
export interface TimeWindows {
  /** The number of t among the coordinates. */
  readonly axis: number;
  /** Ends of the windows, ascending [K + 1], those of the interval of t included. */
  readonly times: readonly number[];
}

/** The ends of K equal windows of an interval, or of those between given times. */
export function windowTimes(windows: number | readonly number[], [from, to]: readonly [number, number]): number[] {
  if (typeof windows !== 'number') return [from, ...windows, to];
  const inner = Array.from({ length: windows - 1 }, (_, k) => from + ((to - from) * (k + 1)) / windows);
  return [from, ...inner, to];
}

/** A problem's networks, or with windows those of each. */
export interface WindowedNetworks {
  readonly networks: Networks;
  readonly windows?: TimeWindows;
}

/**
 * Forward passes through the networks of a solution, without capture: as `forwardAll` for all weights [P]; those of r
 * windows [r·P] give every column the network of the window in which its t lies, the earlier one where
 * two meet, and beyond the last of them that.
 */
export function forwardNetworks(
  { networks, windows }: WindowedNetworks,
  engine: Engine,
  parts: readonly NetworkColumns[],
  weights: Float64Array,
  columns: Matrix,
): void {
  const size = networks.weightCount;
  const count = weights.length / size;
  if (windows === undefined || count === 1) {
    forwardAll(networks, engine, parts, weights, columns);
    return;
  }
  const d = parts[0]!.network.axes.length;
  const { rows, cols, data } = columns;
  const inner = windows.times.slice(1, count);
  const members: number[][] = Array.from({ length: count }, () => []);
  for (let n = 0; n < cols; n++) {
    const t = data[windows.axis * cols + n]!;
    const after = inner.findIndex((time) => t <= time);
    members[after < 0 ? count - 1 : after]!.push(n);
  }
  for (const [k, own] of members.entries()) {
    if (own.length === 0) continue;
    const part = matrix(rows, own.length);
    for (let row = 0; row < d; row++)
      for (const [j, n] of own.entries()) part.data[row * own.length + j] = data[row * cols + n]!;
    forwardAll(networks, engine, parts, weights.subarray(k * size, (k + 1) * size), part);
    for (let row = d; row < rows; row++)
      for (const [j, n] of own.entries()) data[row * cols + n] = part.data[row * own.length + j]!;
  }
}
