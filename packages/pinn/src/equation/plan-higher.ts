import {
  type Direction,
  type Operator,
  directionOf,
  directionsFor,
  orderOfOperator,
  weightsOver,
} from './directions.ts';
import type { JetPlan } from './plan.ts';

/**
 * The plan of an equation with derivatives of order 3 or 4. From the highest order down, each order takes the directions of
 * the orders above and adds the fewest that it still needs; those of order 4 come first, then those of order 3, then those
 * that carry a first derivative alone. An operator that is the second or third derivative along one direction is read from
 * the raw channel; all others get a collapsed one.
 */
export function planHigherJets(dimensions: number, firsts: Iterable<number>, operators: readonly Operator[]): JetPlan {
  const directions: Direction[] = [];
  const [rawThirds, rawSeconds] = [4, 3, 2].map((order) => {
    const own = operators.filter((operator) => orderOfOperator(operator) === order);
    return directions.push(...directionsFor(dimensions, directions, own));
  }) as [number, number, number];
  for (const axis of firsts) if (axisAmong(directions, axis) < 0) directions.push(directionOf(dimensions, [[axis, 1]]));
  const count = directions.length;
  // How many directions carry the raw derivative of an order.
  const raw = [0, count, rawSeconds, rawThirds, 0];
  const resolved = operators.map((operator) => {
    const order = orderOfOperator(operator);
    const weights = weightsOver(directions.slice(0, raw[order - 1]), operator)!;
    return { order, weights, direction: singleOf(weights, raw[order]!) };
  });
  const collapsed = (order: number) => resolved.filter((one) => one.order === order && one.direction < 0);
  const weightsOf = (order: number) => Float64Array.from(collapsed(order).flatMap(({ weights }) => [...weights]));
  const rawAt = [0, 1, 1 + count + collapsed(2).length, 1 + count + collapsed(2).length + rawSeconds];
  const thirdAt = rawAt[3]! + rawThirds;
  const collapsedAt = [0, 0, 1 + count, thirdAt, thirdAt + collapsed(3).length];
  return {
    dimensions,
    directions: Float64Array.from(directions.flat()),
    second: weightsOf(2),
    higher: { rawSeconds, rawThirds, third: weightsOf(3), fourth: weightsOf(4) },
    channels: collapsedAt[4]! + collapsed(4).length,
    firstChannel: Array.from({ length: dimensions }, (_, axis) => {
      const direction = axisAmong(directions, axis);
      return direction < 0 ? -1 : 1 + direction;
    }),
    operatorChannels: resolved.map((one) =>
      one.direction < 0
        ? collapsedAt[one.order]! + collapsed(one.order).indexOf(one)
        : rawAt[one.order]! + one.direction,
    ),
  };
}

/** Number of the axis among the directions, −1 if it is none of them. */
function axisAmong(directions: readonly Direction[], axis: number): number {
  return directions.findIndex((v) => v.every((value, k) => value === (k === axis ? 1 : 0)));
}

/** The direction below `limit` that has the weight 1 while all others have 0, −1 if there is none. */
function singleOf(weights: Float64Array, limit: number): number {
  const direction = weights.indexOf(1);
  return direction < limit && weights.every((weight, r) => r === direction || weight === 0) ? direction : -1;
}
