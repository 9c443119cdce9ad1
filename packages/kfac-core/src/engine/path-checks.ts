import { KfacError } from '../errors.ts';
import type { Market, Matrix, PathKey } from './engine.ts';
import { expectDistinct, expectInteger, expectShape } from './hedge-checks.ts';

/** What both engines require of a simulation before they write; throws `KFAC_SHAPE`, `KFAC_DTYPE`, `KFAC_ALIAS`. */
export function checkSimulation(market: Market, key: PathKey, spot: Matrix, variance: Matrix | null): void {
  if (spot.rows < 1) throw new KfacError('KFAC_SHAPE', 'spot: expected at least one row (date 0), got none');
  expectShape(spot, spot.rows, spot.cols, 'f64', 'spot');
  if (market.model === 'heston') {
    if (variance === null) throw new KfacError('KFAC_SHAPE', 'variance: a Heston market needs a matrix, got null');
    expectShape(variance, spot.rows, spot.cols, 'f64', 'variance');
    expectDistinct([spot.data, variance.data], []);
  } else if (variance !== null) {
    throw new KfacError('KFAC_SHAPE', 'variance: a Black–Scholes market has none, expected null, got a matrix');
  }
  expectInteger(key.seed, 0, Number.MAX_SAFE_INTEGER, 'seed');
  expectInteger(key.purpose, 0, 255, 'purpose');
  expectInteger(key.step, 0, 0xfffffffe, 'step');
  expectInteger(key.firstPath, 0, 0xffffffff - Math.max(spot.cols - 1, 0), 'firstPath');
}
