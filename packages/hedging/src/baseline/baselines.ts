import { normalCdf, normalPdf } from '@kfac/core';
import type { Positions } from '../accounting.ts';
import { expectedIntegratedVariance } from '../market/market.ts';
import { riskAversion } from '../risk/measures.ts';
import type { PathSet, World } from '../world.ts';

/** The hedges that every policy is measured against, on the same paths. */
export const BASELINES = ['noHedge', 'blackScholesDelta', 'whalleyWilmott'] as const;
export type BaselineName = (typeof BASELINES)[number];

/** Positions [dates × B] of every baseline. */
export type BaselinePositions = Readonly<Record<BaselineName, Positions>>;

/** Room for the positions of `paths` paths of a world. */
export function allocateBaselines(world: World, paths: number): BaselinePositions {
  const room = (): Positions => new Float64Array(world.dates * paths);
  return { noHedge: room(), blackScholesDelta: room(), whalleyWilmott: room() };
}

/**
 * Positions of the baselines for the first `count` paths. No hedge: 0. Black–Scholes delta: the model delta, in Heston
 * worlds with the effective volatility √(E_t∫V/τ). Whalley–Wilmott (1997): the band of half-width
 * (3ε e^{−rτ} S Γ²/(2a))^{1/3} around that delta, trading only to its nearest edge; where gamma has vanished, the delta.
 */
export function hedgeByBaselines(world: World, paths: PathSet, count: number, out: BaselinePositions): void {
  const { spec, task, dates, interval } = world;
  const columns = paths.spot.cols;
  const width = (3 * task.proportionalCost) / (2 * riskAversion(spec.risk));
  out.noHedge.fill(0);
  for (let t = 0; t < dates; t++) {
    const years = task.horizon - t * interval;
    const carried = Math.exp(-task.dividend * years);
    const shift = task.liability === 'european-put' ? carried : 0;
    const bandScale = width * Math.exp(-task.rate * years);
    const forward = (task.rate - task.dividend) * years - Math.log(task.strike);
    for (let i = 0; i < count; i++) {
      const k = t * columns + i;
      const spot = paths.spot.data[k]!;
      const sd = Math.sqrt(expectedIntegratedVariance(spec.market, paths.variance?.data[k] ?? 0, years));
      const d1 = (Math.log(spot) + forward) / sd + sd / 2;
      const delta = carried * normalCdf(d1) - shift;
      const gamma = (carried * normalPdf(d1)) / (spot * sd);
      const half = Math.cbrt(bandScale * spot * gamma * gamma);
      const held = t === 0 ? 0 : out.whalleyWilmott[k - columns]!;
      out.blackScholesDelta[k] = delta;
      out.whalleyWilmott[k] = Math.min(Math.max(held, delta - half), delta + half);
    }
  }
}
