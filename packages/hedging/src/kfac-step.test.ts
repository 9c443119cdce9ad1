import { describe, expect, test } from 'vitest';
import { defaultEngine, KFac, ParameterLayout } from '@kfac/core';
import type { Engine, Objective } from '@kfac/core';
import { HedgingObjective } from './objective.ts';
import { createOptimizer } from './optimizer.ts';
import { parseHedgingSpec } from './parse.ts';
import { initialLstm, lstmShape } from './policy/lstm.ts';
import type { HedgingSpecInput } from './spec.ts';
import { duplicating } from './testing.test-support.ts';
import { createWorld } from './world.ts';

const engine = defaultEngine();

const problem: HedgingSpecInput = {
  market: { model: 'heston', v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7, drift: 0.05 },
  horizon: { days: 30, steps: 6 },
  liability: { type: 'european-call', strike: 100 },
  policy: { hidden: 5 },
  batch: 32,
  precision: 'f64',
};

/** Weights after some steps of the problem's optimizer. */
function weightsAfter(json: HedgingSpecInput, steps: number, on: Engine = engine): Float64Array {
  const spec = parseHedgingSpec(json);
  const objective = new HedgingObjective(on, createWorld(spec));
  const optimizer = createOptimizer(on, objective.parameters, spec);
  const theta = initialLstm(lstmShape(spec), objective.parameters, spec.seed);
  for (let step = 1; step <= steps; step++) {
    objective.nextBatch(step);
    expect(optimizer.step(objective, theta).accepted).toBe(true);
  }
  return theta;
}

function expectClose(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  const size = Math.hypot(...expected);
  expect(Math.hypot(...actual.map((value, k) => value - expected[k]!)) / size).toBeLessThan(tolerance);
}

describe('oracle hedging §13, Gauss–Newton: whole K-FAC steps', () => {
  test.each(['entropic', 'mean-variance', 'quadratic'] as const)(
    '(iii) duplicating the batch leaves the updates unchanged: %s',
    (measure) => {
      const json: HedgingSpecInput = { ...problem, risk: { measure } };
      expectClose(weightsAfter({ ...json, batch: 64 }, 4, duplicating(engine)), weightsAfter(json, 4), 1e-9);
    },
  );

  test('(iv) prices × 100, aversion / 100 and so damping × 100 leave the updates unchanged', () => {
    const scaled: HedgingSpecInput = {
      ...problem,
      market: { ...problem.market, spot: 10_000 },
      liability: { type: 'european-call', strike: 10_000 },
      risk: { measure: 'entropic', aversion: 0.01 },
    };
    expectClose(weightsAfter(scaled, 6), weightsAfter(problem, 6), 1e-9);
  });

  test('(v), (xi) head only, no feedback, quadratic loss: one undamped step has (α, μ) = (1, 0) and is the least-squares fit', () => {
    const spec = parseHedgingSpec({
      ...problem,
      cost: { proportional: 0 },
      policy: { hidden: 3, head: 'identity' },
      risk: { measure: 'quadratic', target: 0 },
      batch: 200,
    });
    const inner = new HedgingObjective(engine, createWorld(spec));
    const theta = initialLstm(lstmShape(spec), inner.parameters, 1);
    const gates = inner.parameters.block('gates');
    // The last static feature is followed by the position: without its row nothing feeds back.
    theta.fill(0, 3 * gates.outputs, 4 * gates.outputs);
    const { objective, head } = headOnly(inner, theta);
    const optimizer = new KFac(engine, objective.parameters, {
      split: 'pi',
      damping: { policy: 'constant', initial: 1e-13, minimum: 1e-13, maximum: 1 },
      decay: 0.95,
      average: 'warm',
      refreshEvery: 1,
      rejection: 'none',
      exactBlocks: ['head'],
    });
    objective.nextBatch(1);
    const first = optimizer.step(objective, head);
    expect(first.metrics['opt/lr']).toBeCloseTo(1, 6);
    const { loss, terms } = objective.linearize(head);
    const slope = new Float64Array(head.length);
    terms[0]!.layers[0]!.gradient(terms[0]!.slope, slope);
    expect(Math.hypot(...slope)).toBeLessThan(1e-8 * loss);
    // The least-squares residual by its own normal equations: no step may improve on it.
    for (let k = 0; k < head.length; k++) {
      for (const h of [-1e-3, 1e-3]) {
        const other = head.slice();
        other[k]! += h;
        expect(objective.loss(other)).toBeGreaterThan(loss);
      }
    }
  });
});

/** The objective as a function of the head's weights alone. */
function headOnly(inner: HedgingObjective, theta: Float64Array): { objective: Objective; head: Float64Array } {
  const { offset, inputs } = inner.parameters.block('head');
  const whole = (head: Float64Array): Float64Array => {
    const out = theta.slice();
    out.set(head, offset);
    return out;
  };
  const objective: Objective = {
    engine: inner.engine,
    parameters: new ParameterLayout([{ name: 'head', inputs, outputs: 1 }]),
    loss: (head) => inner.loss(whole(head)),
    linearize(head) {
      const { loss, terms } = inner.linearize(whole(head));
      return {
        loss,
        terms: terms.map((term) => ({ ...term, layers: term.layers.filter((layer) => layer.matrix === 'head') })),
      };
    },
    nextBatch: (step) => inner.nextBatch(step),
  };
  return { objective, head: theta.slice(offset) };
}
