import { describe, expect, test } from 'vitest';
import { defaultEngine, selectEngine } from '@kfac/core';
import { createOptimizer } from './optimizer.ts';
import { HedgingObjective } from './objective.ts';
import { parseHedgingSpec } from './parse.ts';
import { initialLstm, lstmShape } from './policy/lstm.ts';
import type { HedgingSpecInput } from './spec.ts';
import { duplicating } from './testing.test-support.ts';
import { train } from './train.ts';
import { createWorld } from './world.ts';

const TEMPORAL = ['reduce', 'option1', 'option2', 'complete'] as const;
type Curvature = 'independent' | (typeof TEMPORAL)[number];

function problem(curvature: Curvature, more: HedgingSpecInput | object = {}): HedgingSpecInput {
  return {
    market: { model: 'heston', v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7, drift: 0.05 },
    horizon: { days: 30, steps: 9 },
    liability: { type: 'european-call', strike: 100 },
    policy: { hidden: 4 },
    optimizer: { name: 'kfac', curvature, averageFrom: 6 },
    batch: 128,
    evaluation: { paths: 2000, seed: 2 },
    precision: 'f64',
    ...more,
  };
}

/** Weights after some steps. */
function weightsAfter(json: HedgingSpecInput, steps: number, engine = defaultEngine()): Float64Array {
  const spec = parseHedgingSpec(json);
  const objective = new HedgingObjective(engine, createWorld(spec));
  const optimizer = createOptimizer(engine, objective.parameters, spec);
  const theta = initialLstm(lstmShape(spec), objective.parameters, spec.seed);
  for (let step = 1; step <= steps; step++) {
    objective.nextBatch(step);
    optimizer.step(objective, theta);
  }
  return theta;
}

function distance(x: Float64Array, y: Float64Array): number {
  return Math.hypot(...x.map((value, k) => value - y[k]!)) / Math.hypot(...y);
}

describe.each(TEMPORAL)('the gate block over time: %s', (curvature) => {
  test('the risk falls, in both precisions', async () => {
    for (const precision of ['f32', 'f64'] as const) {
      const { history, status } = await train(problem(curvature, { precision, stop: { steps: 12 } }));
      const losses = history.map((row) => row['loss']!);
      expect(status).toBe('finished');
      expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    }
  });

  test('oracle kfac §14.32: a resumed training is the uninterrupted one, bit for bit', async () => {
    let checkpoint: Uint8Array | undefined;
    // Statistics are taken and inverted at step 10 and then at 15: the checkpoint lies between.
    await train(problem(curvature, { stop: { steps: 12 } }), { onCheckpoint: (bytes) => (checkpoint = bytes.slice()) });
    const whole = await train(problem(curvature, { stop: { steps: 17 } }));
    const resumed = await train(problem(curvature, { stop: { steps: 17 } }), { resume: checkpoint! });
    expect(resumed.policyNetwork.matrices).toEqual(whole.policyNetwork.matrices);
  });

  test('the same bits for any number of threads', () => {
    const weights = [1, 3].map((threads) => weightsAfter(problem(curvature), 12, selectEngine({ threads })));
    expect(weights[1]).toEqual(weights[0]);
  });

  test('oracle hedging §13 (iii): duplicating the batch leaves the updates unchanged', () => {
    const once = weightsAfter(problem(curvature), 4);
    expect(
      distance(weightsAfter(problem(curvature, { batch: 256 }), 4, duplicating(defaultEngine())), once),
    ).toBeLessThan(1e-7);
  });

  test('oracle hedging §13 (x): one date makes it independent', () => {
    const one = { horizon: { days: 30, steps: 1 } };
    expect(weightsAfter(problem(curvature, one), 4)).toEqual(weightsAfter(problem('independent', one), 4));
    expect(distance(weightsAfter(problem(curvature), 4), weightsAfter(problem('independent'), 4))).toBeGreaterThan(
      1e-4,
    );
  });
});
