import { Adam, KFac } from '@kfac/core';
import type { Engine, Optimizer, ParameterLayout } from '@kfac/core';
import type { HedgingSpec } from './spec.ts';

/**
 * Damping at the start: 1 for an entropic or mean–variance risk of aversion 1 and 0.01 for a quadratic loss, at a spot of
 * 100. It scales with the curvature, aversion · spot², so that a change of currency leaves every hedge as it is.
 */
export function initialDamping({ market, risk }: Pick<HedgingSpec, 'market' | 'risk'>): number {
  const units = (market.spot / 100) ** 2;
  switch (risk.measure) {
    case 'entropic':
      return risk.aversion * units;
    case 'mean-variance':
      return risk.gamma * units;
    case 'quadratic':
      return 0.01 * units;
  }
}

/**
 * The optimizer that a problem names. K-FAC: π damping split, Levenberg–Marquardt damping, factors in a warm moving
 * average, taken and inverted at the first ten steps and then every fifth, exact block for the head, the gates as
 * `curvature` says, averaged weights. No learning rate.
 */
export function createOptimizer(engine: Engine, layout: ParameterLayout, spec: HedgingSpec): Optimizer {
  const { optimizer, stop } = spec;
  if (optimizer.name === 'adam') {
    const { learningRate, schedule, averageFrom } = optimizer;
    return new Adam(engine, layout, {
      learningRate,
      schedule,
      steps: stop.steps ?? 1,
      ...(averageFrom !== undefined && { averageFrom }),
    });
  }
  const start = initialDamping(spec);
  const initial = optimizer.damping ?? start;
  return new KFac(engine, layout, {
    split: 'pi',
    damping: { policy: 'lm', initial, minimum: 0.01 * initial, maximum: 1e4 * Math.max(start, initial) },
    decay: 0.95,
    average: 'warm',
    statisticsEvery: 5,
    refreshEvery: 5,
    rejection: 'large-increase',
    exactBlocks: ['head'],
    recurrent: optimizer.curvature,
    averageFrom: optimizer.averageFrom,
  });
}
