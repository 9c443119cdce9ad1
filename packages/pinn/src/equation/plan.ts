import type { HigherChannels } from '@kfac/core';
import { type Operator, orderOfOperator } from './directions.ts';
import { planHigherJets } from './plan-higher.ts';

/** The derivative channels of a network that an equation needs: value, firsts along directions, combinations of higher orders. */
export interface JetPlan {
  /** d: number of coordinates. */
  readonly dimensions: number;
  /** R × d, row-major. */
  readonly directions: Float64Array;
  /** Q × R, row-major: one row per second-order channel. */
  readonly second: Float64Array;
  /** Channels of the orders 3 and 4, if there are any. */
  readonly higher?: HigherChannels;
  /** S. */
  readonly channels: number;
  /** Channel of the first derivative along each axis, −1 where it is not carried. */
  readonly firstChannel: readonly number[];
  /** Channels of the operators of order 2 and more, in their order. */
  readonly operatorChannels: readonly number[];
}

function pairOf(key: string): [number, number] {
  return key.split(',').map(Number) as [number, number];
}

/**
 * Chooses directions for the first derivatives along `firsts` and for operators of the orders 2, 3 and 4, few of them.
 */
export function planJets(dimensions: number, firsts: Iterable<number>, operators: readonly Operator[]): JetPlan {
  return operators.some((operator) => orderOfOperator(operator) > 2)
    ? planHigherJets(dimensions, firsts, operators)
    : planSecondJets(dimensions, firsts, operators);
}

/**
 * The plan where no operator is above order 2. Pure derivatives use
 * the axes; mixed ones polarisation, ∂x∂y = ½(D²₍₁,₁₎ − D²₍₁,₀₎ − D²₍₀,₁₎) when at most one of the two axes would be
 * new, else ¼(D²₍₁,₁₎ − D²₍₁,₋₁₎).
 */
function planSecondJets(dimensions: number, firsts: Iterable<number>, operators: readonly Operator[]): JetPlan {
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
    operatorChannels: operators.map((_, q) => 1 + count + q),
  };
}
