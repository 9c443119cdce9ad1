import { expect, test } from 'vitest';
import { selectEngine } from '../engine/select.ts';
import type { Objective } from '../linearization.ts';
import { ParameterLayout } from '../parameters.ts';
import type { Optimizer, StepReport } from './optimizer.ts';
import { Phases } from './phases.ts';

const objective: Objective = {
  engine: selectEngine({ native: 'off' }),
  parameters: new ParameterLayout([{ name: 'w', inputs: 1, outputs: 1 }]),
  loss: () => 1,
  linearize: () => ({ loss: 1, terms: [] }),
  nextBatch: () => {},
};

/** Adds `amount` to θ and stops in its step number `stopAt`; averages are θ + `offset`. */
function adding(amount: number, stopAt = Infinity, stop = 'stalled', offset = 0): Optimizer {
  let step = 0;
  return {
    name: 'adding',
    evaluationPoint: (theta) => theta.map((value) => value + offset),
    step(_, theta): StepReport {
      step += 1;
      theta[0]! += amount;
      return { loss: 1, accepted: true, newLoss: 1, metrics: { amount }, stop: step === stopAt ? stop : null };
    },
    save: () => ({ step: Float64Array.of(step) }),
    restore(state) {
      step = state['step']![0]!;
    },
  };
}

function run(phases: Phases, theta: Float64Array, steps: number): (string | null)[] {
  return Array.from({ length: steps }, () => phases.step(objective, theta).stop);
}

test('each phase takes its steps, the last one as many as there are', () => {
  const theta = new Float64Array(1);
  const phases = new Phases([{ create: () => adding(1), steps: 3 }, { create: () => adding(100) }]);
  expect(run(phases, theta, 5)).toEqual([null, null, null, null, null]);
  expect(theta[0]).toBe(203);
  expect(phases.step(objective, theta).metrics).toEqual({ amount: 100, 'opt/phase': 2 });
});

test('a phase that cannot go on makes room for the next, the last one ends the training with its reason', () => {
  const theta = new Float64Array(1);
  const phases = new Phases([{ create: () => adding(1, 2), steps: 10 }, { create: () => adding(100, 2, 'radius') }]);
  expect(run(phases, theta, 4)).toEqual([null, null, null, 'radius']);
  expect(theta[0]).toBe(202);
});

test('after the last steps the reason is phases; what is not finite ends at once', () => {
  const counted = new Phases([
    { create: () => adding(1), steps: 1 },
    { create: () => adding(1), steps: 2 },
  ]);
  expect(run(counted, new Float64Array(1), 3)).toEqual([null, null, 'phases']);
  const broken = new Phases([{ create: () => adding(1, 1, 'non-finite') }, { create: () => adding(1) }]);
  expect(run(broken, new Float64Array(1), 1)).toEqual(['non-finite']);
});

test('the next phase begins at the averaged weights of the last', () => {
  const theta = new Float64Array(1);
  run(new Phases([{ create: () => adding(1, Infinity, '', 0.5), steps: 2 }, { create: () => adding(100) }]), theta, 2);
  expect(theta[0]).toBe(2.5);
});

test('a chain without phases is refused', () => {
  expect(() => new Phases([])).toThrow('expected at least one phase, got none');
});
