/** A second-order operator on an unknown: coefficient of u_ij at [i][j] with i ≤ j; missing entries are 0. */
export type SecondOperator = ReadonlyMap<string, number>;

/** The derivative channels of a network that an equation needs: value, firsts along directions, second-order combinations. */
export interface JetPlan {
  /** d: number of coordinates. */
  readonly dimensions: number;
  /** R × d, row-major. */
  readonly directions: Float64Array;
  /** Q × R, row-major: one row per second-order channel. */
  readonly second: Float64Array;
  /** S = 1 + R + Q. */
  readonly channels: number;
  /** Channel of the first derivative along each axis, −1 where it is not carried. */
  readonly firstChannel: readonly number[];
  /** Channels of the second-order operators, in their order. */
  readonly secondChannels: readonly number[];
}

/** Key of the pair (i, j), i ≤ j. */
export function pairKey(i: number, j: number): string {
  return i <= j ? `${i},${j}` : `${j},${i}`;
}

function pairOf(key: string): [number, number] {
  return key.split(',').map(Number) as [number, number];
}

/**
 * Chooses directions for the first derivatives along `firsts` and for the second-order operators. Pure derivatives use
 * the axes; mixed ones polarisation, ∂x∂y = ½(D²₍₁,₁₎ − D²₍₁,₀₎ − D²₍₀,₁₎) when at most one of the two axes would be
 * new, else ¼(D²₍₁,₁₎ − D²₍₁,₋₁₎).
 */
export function planJets(dimensions: number, firsts: Iterable<number>, operators: readonly SecondOperator[]): JetPlan {
  const axes = new Set<number>(firsts);
  const mixed = new Set<string>();
  for (const key of operators.flatMap((operator) => [...operator.keys()])) {
    const [i, j] = pairOf(key);
    if (i === j) axes.add(i);
    else mixed.add(key);
  }
  const halves = new Set<string>();
  for (const key of mixed) {
    const pair = pairOf(key);
    if (pair.filter((axis) => !axes.has(axis)).length > 1) continue;
    halves.add(key);
    for (const axis of pair) axes.add(axis);
  }
  const directions: Float64Array[] = [];
  const unit = (entries: readonly (readonly [number, number])[]): number => {
    const direction = new Float64Array(dimensions);
    for (const [axis, value] of entries) direction[axis] = value;
    return directions.push(direction) - 1;
  };
  const axisDirection = new Map([...axes].toSorted((a, b) => a - b).map((axis) => [axis, unit([[axis, 1]])]));
  const parts = new Map<string, [direction: number, weight: number][]>();
  for (const key of mixed) {
    const [i, j] = pairOf(key);
    const sum = unit([
      [i, 1],
      [j, 1],
    ]);
    parts.set(
      key,
      halves.has(key)
        ? [
            [sum, 0.5],
            [axisDirection.get(i)!, -0.5],
            [axisDirection.get(j)!, -0.5],
          ]
        : [
            [sum, 0.25],
            [
              unit([
                [i, 1],
                [j, -1],
              ]),
              -0.25,
            ],
          ],
    );
  }
  const count = directions.length;
  const second = new Float64Array(operators.length * count);
  for (const [q, operator] of operators.entries()) {
    for (const [key, coefficient] of operator) {
      const [i, j] = pairOf(key);
      for (const [direction, weight] of i === j ? [[axisDirection.get(i)!, 1] as const] : parts.get(key)!) {
        second[q * count + direction]! += coefficient * weight;
      }
    }
  }
  return {
    dimensions,
    directions: Float64Array.from(directions.flatMap((direction) => [...direction])),
    second,
    channels: 1 + count + operators.length,
    firstChannel: Array.from({ length: dimensions }, (_, axis) =>
      axisDirection.has(axis) ? 1 + axisDirection.get(axis)! : -1,
    ),
    secondChannels: operators.map((_, q) => 1 + count + q),
  };
}
