import { keyOfSeed } from '../../random.ts';
import type { Market, Paths } from '../engine.ts';
import { checkSimulation } from '../path-checks.ts';

/** What this room calls in the addon. */
export interface PathsAddon {
  pathsSimulate(
    model: number,
    parameters: Float64Array,
    interval: number,
    seedLow: number,
    seedHigh: number,
    purpose: number,
    step: number,
    firstPath: number,
    dates: number,
    paths: number,
    spot: Float64Array,
    variance: Float64Array,
  ): void;
}

/** The addon's number of a market's model and scheme. */
function modelNumber(market: Market): number {
  if (market.model === 'black-scholes') return 0;
  return 1 + ['qe-m', 'qe', 'euler'].indexOf(market.scheme);
}

function parametersOf(market: Market): Float64Array {
  if (market.model === 'black-scholes') return Float64Array.of(market.spot, market.drift, market.volatility);
  const { spot, drift, v0, kappa, theta, xi, rho } = market;
  return Float64Array.of(spot, drift, v0, kappa, theta, xi, rho);
}

const NONE = new Float64Array(0);

/** Market paths, natively. */
export function nativePaths(addon: PathsAddon): Paths {
  return {
    simulate(market, interval, key, spot, variance) {
      checkSimulation(market, key, spot, variance);
      const [low, high] = keyOfSeed(key.seed);
      addon.pathsSimulate(
        modelNumber(market),
        parametersOf(market),
        interval,
        low,
        high,
        key.purpose,
        key.step,
        key.firstPath,
        spot.rows,
        spot.cols,
        spot.data as Float64Array,
        (variance?.data ?? NONE) as Float64Array,
      );
    },
  };
}
