import { requireInteger } from './check.ts';
import type { Dtype, HedgeBatch, HedgeTask } from './engine.ts';
import { matrix } from './matrix.ts';

/** Number of static features of a market's model: log-moneyness, [variance], time left. */
export function staticFeatures(task: HedgeTask): number {
  return task.model === 'heston' ? 3 : 2;
}

/** Sizes of a new batch or tape: paths ≥ 0, dates ≥ 1; throws `KFAC_SHAPE`. */
export function checkSizes(paths: number, dates: number): void {
  requireInteger(paths, 0, 2 ** 31 - 1, 'paths');
  requireInteger(dates, 1, 2 ** 24 - 1, 'dates');
}

/** An empty batch for `prepare`. */
export function hedgeBatch(task: HedgeTask, paths: number, dates: number, dtype: Dtype): HedgeBatch {
  checkSizes(paths, dates);
  const features = staticFeatures(task);
  return {
    paths,
    dates,
    staticFeatures: features,
    dtype,
    features: matrix(dates * features, paths, dtype),
    gains: matrix(dates, paths, dtype),
    costs: matrix(dates + 1, paths, dtype),
    base: new Float64Array(paths),
  };
}
