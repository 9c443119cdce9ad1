import { type Engine, type JetShape, type Matrix, type ParameterLayout, matrix } from '@kfac/core';

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

/** A problem's networks: one, or with windows one each. */
export interface Networks {
  readonly layout: ParameterLayout;
  readonly windows?: TimeWindows;
}

/**
 * Forward passes through the networks of a solution, without capture: as `engine.jets.forward` for parameters [P] of one
 * network; those of r windows [r·P] give every column the network of the window in which its t lies, the earlier one where
 * two meet, and beyond the last of them that.
 */
export function forwardNetworks(
  { layout, windows }: Networks,
  engine: Engine,
  shape: JetShape,
  theta: Float64Array,
  columns: Matrix,
): void {
  const count = theta.length / layout.size;
  if (windows === undefined || count === 1) {
    engine.jets.forward(shape, theta, columns, null);
    return;
  }
  const d = shape.embedding?.coordinates ?? shape.sizes[0]!;
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
    engine.jets.forward(shape, theta.subarray(k * layout.size, (k + 1) * layout.size), part, null);
    for (let row = d; row < rows; row++)
      for (const [j, n] of own.entries()) data[row * cols + n] = part.data[row * own.length + j]!;
  }
}
