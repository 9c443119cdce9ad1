import { KfacError } from '../errors.ts';
import { requireDistinct, requireInteger, requireShape } from './check.ts';
import type { Market, Matrix, PathKey } from './engine.ts';

/** What both engines require of a simulation before they write; throws `KFAC_SHAPE`, `KFAC_DTYPE`, `KFAC_ALIAS`. */
export function checkSimulation(market: Market, key: PathKey, spot: Matrix, variance: Matrix | null): void {
  if (spot.rows < 1) throw new KfacError('KFAC_SHAPE', 'spot: expected at least one row (date 0), got none');
  requireShape(spot, spot.rows, spot.cols, 'spot', 'f64');
  if (market.model === 'heston') {
    if (variance === null) throw new KfacError('KFAC_SHAPE', 'variance: a Heston market needs a matrix, got null');
    requireShape(variance, spot.rows, spot.cols, 'variance', 'f64');
    requireDistinct(variance.data, 'variance', [spot.data]);
  } else if (variance !== null) {
    throw new KfacError('KFAC_SHAPE', 'variance: a Black–Scholes market has none, expected null, got a matrix');
  }
  requireInteger(key.seed, 0, Number.MAX_SAFE_INTEGER, 'seed');
  requireInteger(key.purpose, 0, 255, 'purpose');
  requireInteger(key.step, 0, 0xfffffffe, 'step');
  requireInteger(key.firstPath, 0, 0xffffffff - Math.max(spot.cols - 1, 0), 'firstPath');
}
