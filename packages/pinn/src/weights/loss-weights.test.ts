import { type Linearization, defaultEngine, jacobian, matrix } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { initialParameters } from '../network.ts';
import { PinnObjective } from '../objective.ts';
import { compileProblem } from '../problem.ts';
import type { PinnSpecInput } from '../spec.ts';
import { lossParts } from './part.ts';

const engine = defaultEngine();

/** Two equations and four conditions of three jet shapes, two of them on two places. */
const flow: PinnSpecInput = {
  domain: { t: [0, 1], x: [-1, 2] },
  unknowns: ['u', 'v'],
  equations: ['u_t + v*u_x = u_xx', 'v_t = u*v + exp(u_x)'],
  conditions: [
    { on: 't = 0', equation: 'u = sin(x)' },
    { on: 'x = -1 or x = 0.5', equation: 'v_x = 0' },
    { on: 'boundary', equation: 'u = v' },
    { on: 't = 0', equation: 'v = 1' },
  ],
  network: { hidden: [7, 5] },
  sampling: { interior: 40, conditions: 30 },
  weights: { interior: [0.5, 0.25], conditions: 2 },
  optimizer: { name: 'kfac' },
};

function objectiveOf(spec: PinnSpecInput) {
  const problem = compileProblem(spec);
  const objective = new PinnObjective(problem, engine);
  const theta = initialParameters(problem.layout, 'tanh', 3);
  return { problem, objective, theta };
}

/** Raw ∂e_n/∂θ of a term. */
function rowsOf({ problem }: ReturnType<typeof objectiveOf>, { terms }: Linearization, k: number): Float64Array[] {
  const term = terms[k]!;
  const out = matrix(term.residual.length, problem.layout.size);
  jacobian(problem.layout, term, new Float64Array(term.residual.length).fill(1), out, 0);
  return Array.from({ length: out.rows }, (_, n) =>
    Float64Array.from(out.data.subarray(n * out.cols, (n + 1) * out.cols)),
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const squared = (row: ArrayLike<number>): number => Array.from(row).reduce((sum, value) => sum + value * value, 0);
const start = (theta: Float64Array, isFinishing = false) => ({ theta, isFinishing });

test('the parts are the equations and each condition; they cover every point once, with the weights as given', () => {
  const made = objectiveOf(flow);
  const parts = lossParts(made.problem);
  expect(parts.map(({ name }) => name)).toEqual([
    'interior/1',
    'interior/2',
    'conditions/1',
    'conditions/2',
    'conditions/3',
    'conditions/4',
  ]);
  expect(parts.slice(2).reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(2, 14);
  const { terms } = made.objective.linearize(made.theta);
  const seen = terms.map(({ residual }) => new Uint8Array(residual.length));
  for (const { term, from, count, weight, curvature } of parts) {
    expect(curvature).toBeCloseTo(weight / count, 15);
    for (let n = from; n < from + count; n++) {
      seen[term]![n]! += 1;
      expect(terms[term]!.curvature[n]).toBe(curvature);
    }
  }
  expect(seen.every((counts) => counts.every((count) => count === 1))).toBe(true);
});

describe('the rules for parts, against dense derivatives', () => {
  const decay = 0.6;
  const dense = (made: ReturnType<typeof objectiveOf>) => {
    const linearization = made.objective.linearize(made.theta);
    const rows = linearization.terms.map((_, k) => rowsOf(made, linearization, k));
    return lossParts(made.problem).map(({ term, from, count }) => {
      const own = rows[term]!.slice(from, from + count);
      const e = [...linearization.terms[term]!.residual.subarray(from, from + count)];
      const gradient = own[0]!.map((_, p) => mean(own.map((row, n) => row[p]! * e[n]!)));
      return {
        loss: 0.5 * mean(e.map((value) => value * value)),
        force: Math.sqrt(squared(gradient)),
        rate: mean(own.map(squared)),
      };
    });
  };

  test.each([
    ['grad-norm', 'force'],
    ['ntk', 'rate'],
  ] as const)('%s', (name, quantity) => {
    const made = objectiveOf({ ...flow, weights: { ...flow.weights, adaptive: { name, every: 10, decay } } });
    const parts = lossParts(made.problem);
    const q = dense(made).map((part) => part[quantity]);
    const want = parts.map(({ weight }, i) => decay * weight + (1 - decay) * (mean(q) / q[i]!));
    made.objective.nextBatch(1, start(made.theta));
    const metrics = made.objective.metrics();
    parts.forEach(({ name: part }, i) => expect(metrics[`pinn/weight/${part}`]! / want[i]!).toBeCloseTo(1, 10));

    // And the linearisation in hand has them: ω, slope and loss are those of a fresh one.
    const { loss, terms } = made.objective.linearize(made.theta);
    let sum = 0;
    for (const [i, { term, from, count }] of parts.entries()) {
      for (let n = from; n < from + count; n++) {
        const { residual, slope, curvature } = terms[term]!;
        expect(curvature[n]! / (want[i]! / count)).toBeCloseTo(1, 10);
        expect(slope[n]).toBe(curvature[n]! * residual[n]!);
        sum += 0.5 * curvature[n]! * residual[n]! ** 2;
      }
    }
    expect(loss / sum).toBeCloseTo(1, 13);
    expect(made.objective.loss(made.theta)).toBe(loss);
    expect(Object.values(made.objective.termLosses(made.theta)).reduce((a, b) => a + b, 0)).toBeCloseTo(loss, 13);
    // Not due before step 11.
    const other = made.theta.map((value) => 2 * value);
    for (let step = 2; step <= 10; step++) made.objective.nextBatch(step, start(other));
    expect(made.objective.metrics()).toEqual(metrics);
    made.objective.nextBatch(11, start(other));
    expect(made.objective.metrics()).not.toEqual(metrics);
  });

  test('balanced: from the losses of the parts', () => {
    const adaptive = { name: 'balanced', exponent: 0.5 } as const;
    const made = objectiveOf({ ...flow, weights: { ...flow.weights, adaptive } });
    const parts = lossParts(made.problem);
    const weighted = dense(made).map(({ loss }, i) => parts[i]!.weight * loss);
    const next = parts.map(({ weight }, i) => weight * Math.sqrt(mean(weighted) / (weighted[i]! + 1e-8)));
    const scale = mean(parts.map(({ weight }) => weight)) / mean(next);
    made.objective.nextBatch(1, start(made.theta));
    const metrics = made.objective.metrics();
    parts.forEach(({ name }, i) => expect(metrics[`pinn/weight/${name}`]! / (scale * next[i]!)).toBeCloseTo(1, 10));
  });

  test('points and parts together: ω is the product, and parts are measured with the points’ weights', () => {
    const weights = {
      ...flow.weights,
      adaptive: { name: 'ntk', decay: 0 },
      pointwise: { name: 'causal', chunks: 4, epsilon: 3 },
    } as const;
    const made = objectiveOf({ ...flow, weights });
    const before = made.objective.linearize(made.theta);
    const rows = before.terms.map((_, k) => rowsOf(made, before, k));
    made.objective.nextBatch(1, start(made.theta));
    const { terms } = made.objective.linearize(made.theta);
    // Of one point the multiplier is ω over the part's own w_i/N_i.
    const parts = lossParts(made.problem);
    const metrics = made.objective.metrics();
    const multiplier = parts.map(({ name, term, from, count }) =>
      Array.from(
        terms[term]!.curvature.subarray(from, from + count),
        (omega) => (omega * count) / metrics[`pinn/weight/${name}`]!,
      ),
    );
    expect(Math.max(...multiplier[0]!)).toBeCloseTo(1, 12);
    expect(Math.min(...multiplier[0]!)).toBeCloseTo(metrics['pinn/weight/least']!, 12);
    expect(metrics['pinn/weight/least']).toBeLessThan(0.5);
    expect(metrics['pinn/weight/largest']).toBe(1);
    const rates = parts.map(({ term, from, count }, i) =>
      mean(rows[term]!.slice(from, from + count).map((row, n) => multiplier[i]![n]! * squared(row))),
    );
    parts.forEach(({ name }, i) =>
      expect(metrics[`pinn/weight/${name}`]! / (mean(rates) / rates[i]!)).toBeCloseTo(1, 10),
    );
  });
});

describe('weights stay', () => {
  const adaptive = { name: 'ntk', every: 1 } as const;
  const changes = (made: ReturnType<typeof objectiveOf>, step: number, isFinishing = false): boolean => {
    const before = made.objective.linearize(made.theta).loss;
    made.objective.nextBatch(step, start(made.theta, isFinishing));
    return made.objective.linearize(made.theta).loss !== before;
  };

  test('after freezeAfter', () => {
    const made = objectiveOf({ ...flow, weights: { ...flow.weights, adaptive, freezeAfter: 2 } });
    expect([1, 2, 3, 4].map((step) => changes(made, step))).toEqual([true, true, false, false]);
  });

  test('in the finish, causal ones excepted: they would leave late times unsolved', () => {
    const made = objectiveOf({ ...flow, weights: { ...flow.weights, adaptive } });
    expect(changes(made, 1, true)).toBe(false);
    expect(changes(made, 2)).toBe(true);
    for (const [pointwise, moves] of [
      ['sa', false],
      ['rba', false],
      ['causal', true],
    ] as const) {
      const points = objectiveOf({ ...flow, weights: { ...flow.weights, pointwise: { name: pointwise } } });
      expect(changes(points, 1, true)).toBe(moves);
    }
  });

  test('where the loss is not finite', () => {
    const made = objectiveOf({ ...flow, weights: { ...flow.weights, adaptive } });
    made.objective.nextBatch(1, start(made.theta.map(() => Number.NaN)));
    expect(made.objective.metrics()['pinn/weight/interior/1']).toBe(0.5);
  });
});

test('points that follow the residual: all equations share them, N stays, and they rest in the finish', () => {
  const adaptive = { name: 'r3', every: 5 } as const;
  const made = objectiveOf({ ...flow, sampling: { ...flow.sampling, adaptive } });
  const { objective, theta } = made;
  const pointsOf = () => [...objective.save()['sample/points']!];
  const first = pointsOf();
  expect(first).toHaveLength(2 * 40);
  for (let step = 1; step <= 5; step++) objective.nextBatch(step, start(theta));
  objective.nextBatch(6, start(theta, true));
  expect(pointsOf()).toEqual(first);

  const residuals = () =>
    objective
      .linearize(theta)
      .terms.slice(0, 2)
      .map(({ residual }) => residual.slice());
  const [a, b] = residuals() as [Float64Array, Float64Array];
  // Of several equations the magnitude is weighted.
  const magnitudes = Array.from(a, (e, n) => Math.sqrt(0.5 * e * e + 0.25 * b[n]! ** 2));
  objective.nextBatch(11, start(theta));
  const second = pointsOf();
  expect(second).toHaveLength(2 * 40);
  const [nextA, nextB] = residuals() as [Float64Array, Float64Array];
  magnitudes.forEach((magnitude, n) => {
    const stays = magnitude >= mean(magnitudes);
    expect([second[n] === first[n], nextA[n] === a[n], nextB[n] === b[n]]).toEqual([stays, stays, stays]);
  });
});
