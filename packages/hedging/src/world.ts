import { matrix } from '@kfac/core';
import type { Engine, HedgeTask, Market, Matrix } from '@kfac/core';
import { horizonYears } from './horizon.ts';
import { logScale, realWorldMarket } from './market/market.ts';
import { priceLiability } from './pricing/price.ts';
import type { HedgingSpec } from './spec.ts';

/** A problem as the engine takes it: the market to simulate and what enters the hedging loop. */
export interface World {
  readonly spec: HedgingSpec;
  readonly market: Market;
  readonly task: HedgeTask;
  /** N, the number of hedging intervals. */
  readonly dates: number;
  /** T/N in years. */
  readonly interval: number;
  /** The liability's risk-neutral price without costs. */
  readonly price: number;
}

/** Resolves a problem: horizon in years, premium in currency, feature scale. */
export function createWorld(spec: HedgingSpec): World {
  const horizon = horizonYears(spec.horizon);
  const { price } = priceLiability(spec);
  const { market, liability } = spec;
  return {
    spec,
    market: realWorldMarket(market),
    dates: spec.horizon.steps,
    interval: horizon / spec.horizon.steps,
    price,
    task: {
      model: market.model,
      theta: market.model === 'heston' ? market.theta : 0,
      horizon,
      rate: market.rate,
      dividend: market.dividend,
      liability: liability.type,
      strike: liability.strike,
      proportionalCost: spec.cost.proportional,
      premium: spec.premium === 'model' ? price : spec.premium,
      unwind: spec.unwind,
      logScale: logScale(spec),
    },
  };
}

/** Simulated paths: row t is date t, column i path i. */
export interface PathSet {
  readonly spot: Matrix;
  /** Instantaneous variance, for Heston. */
  readonly variance: Matrix | null;
}

/** Room for `paths` paths of a world. */
export function allocatePaths(world: World, paths: number): PathSet {
  const room = (): Matrix => matrix(world.dates + 1, paths, 'f64');
  return { spot: room(), variance: world.market.model === 'heston' ? room() : null };
}

/** Fills the room with the paths firstPath, firstPath + 1, … of a (seed, purpose, step). */
export function simulate(
  engine: Engine,
  world: World,
  key: { seed: number; purpose: number; step: number; firstPath: number },
  paths: PathSet,
): void {
  engine.paths.simulate(world.market, world.interval, key, paths.spot, paths.variance);
}
