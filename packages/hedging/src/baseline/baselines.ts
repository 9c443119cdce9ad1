import { effectiveVolatility } from '../market/market.ts';
import { blackScholes } from '../pricing/black-scholes.ts';
import type { BlackScholesGreeks } from '../pricing/black-scholes.ts';
import { riskAversion } from '../risk/measures.ts';
import type { Positions } from '../accounting.ts';
import type { PathSet, World } from '../world.ts';

/** The hedges that every policy is measured against, on the same paths. */
export const BASELINES = ['noHedge', 'blackScholesDelta', 'whalleyWilmott'] as const;
export type BaselineName = (typeof BASELINES)[number];

/**
 * Positions [dates × columns of the paths] of a baseline for the first `count` paths. No hedge: 0. Black–Scholes delta: the
 * model delta, in Heston worlds with the effective volatility √(E_t∫V/τ). Whalley–Wilmott (1997): the band of half-width
 * (3ε e^{−rτ} S Γ²/(2a))^{1/3} around that delta, trading only to its nearest edge.
 */
export function baselinePositions(
  world: World,
  name: BaselineName,
  paths: PathSet,
  count: number,
  out: Positions,
): void {
  if (name === 'noHedge') {
    out.fill(0);
    return;
  }
  const { task, dates, interval } = world;
  const columns = paths.spot.cols;
  const band = name === 'whalleyWilmott' ? bandRule(world) : null;
  for (let t = 0; t < dates; t++) {
    const years = task.horizon - t * interval;
    for (let i = 0; i < count; i++) {
      const k = t * columns + i;
      const spot = paths.spot.data[k]!;
      const greeks = modelGreeks(world, spot, paths.variance?.data[k] ?? 0, years);
      if (!band) {
        out[k] = greeks.delta;
        continue;
      }
      const half = band(spot, greeks.gamma, years);
      const held = t === 0 ? 0 : out[k - columns]!;
      out[k] = Math.min(Math.max(held, greeks.delta - half), greeks.delta + half);
    }
  }
}

function modelGreeks({ spec, task }: World, spot: number, variance: number, years: number): BlackScholesGreeks {
  const { rate, dividend, strike, liability: type } = task;
  return blackScholes({ type, spot, strike, years, rate, dividend }, effectiveVolatility(spec.market, variance, years));
}

/** Half-width of the no-transaction band in units of the spot; 0 where gamma has vanished. */
function bandRule({ spec, task }: World): (spot: number, gamma: number, years: number) => number {
  const factor = (3 * task.proportionalCost) / (2 * riskAversion(spec.risk));
  return (spot, gamma, years) => Math.cbrt(factor * Math.exp(-task.rate * years) * spot * Math.max(gamma, 0) ** 2);
}
