import type { PathSet, World } from './world.ts';

/** Positions over (t, t+1] of every path, [dates × B] row-major, f64. */
export type Positions = Float64Array;

/** Per-path results, all discounted to date 0: P&L and costs in currency, turnover Σ|δ_t − δ_{t−1}| in units. */
export interface Account {
  readonly pnl: Float64Array;
  readonly cost: Float64Array;
  readonly turnover: Float64Array;
}

/**
 * The books of given positions, in f64: P&L = premium − payoff + Σ gains − costs. The first trade is charged; the sale of
 * the last position is charged only with the world's `unwind` flag, and is no part of the turnover. Positions and paths hold
 * `account.pnl.length` paths at least.
 */
export function settle(world: World, paths: PathSet, positions: Positions, account: Account): void {
  const { task, dates, interval } = world;
  const spot = paths.spot.data;
  const columns = paths.spot.cols;
  const sign = task.liability === 'european-call' ? 1 : -1;
  const discount = Float64Array.from({ length: dates + 1 }, (_, t) => Math.exp(-task.rate * t * interval));
  const carry = Math.exp(task.dividend * interval);
  for (let i = 0; i < account.pnl.length; i++) {
    let held = 0;
    let gains = 0;
    let cost = 0;
    let turnover = 0;
    for (let t = 0; t < dates; t++) {
      const position = positions[t * columns + i]!;
      const now = discount[t]! * spot[t * columns + i]!;
      const traded = Math.abs(position - held);
      cost += task.proportionalCost * now * traded;
      turnover += traded;
      gains += position * (discount[t + 1]! * carry * spot[(t + 1) * columns + i]! - now);
      held = position;
    }
    const final = spot[dates * columns + i]!;
    if (task.unwind) cost += task.proportionalCost * discount[dates]! * final * Math.abs(held);
    const payoff = Math.max(sign * (final - task.strike), 0);
    account.pnl[i] = task.premium - discount[dates]! * payoff + gains - cost;
    account.cost[i] = cost;
    account.turnover[i] = turnover;
  }
}
