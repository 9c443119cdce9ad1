import { defaultEngine, jacobian, matrix, selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from '../check.ts';
import { networkValues } from '../network-values.ts';
import { PinnObjective } from '../objective.ts';
import { compileProblem, parsePinnSpec } from '../problem.ts';
import type { Solution } from '../solution.ts';
import { type SolveOptions, solve } from '../solve.ts';
import type { PinnSpecInput } from '../spec.ts';
import { measuredRate, rateFactor } from './pseudo-time.ts';

const engine = defaultEngine();

/** Rest at 0 is a solution of the equation, unstable, and nearly one of the condition. */
const reaction = {
  domain: { t: [0, 3] },
  equations: ['u_t = 5*(u - u^3)'],
  conditions: [{ on: 't = 0', equation: 'u = 0.05' }],
  exact: { u: '0.05*exp(5*t)/sqrt(1 + 0.0025*(exp(10*t) - 1))' },
  network: { hidden: [16] },
  sampling: { interior: 128, conditions: 1 },
  stop: { steps: 300 },
} satisfies PinnSpecInput;
const marching = (spec: PinnSpecInput, pseudoTime: object = {}): PinnSpecInput => ({
  ...spec,
  curriculum: { pseudoTime },
});

/** Two equations, an ansatz, and a third that has no unknown of its own. */
const system = {
  domain: { t: [0, 1], x: [-1, 2] },
  unknowns: ['u', 'v'],
  equations: ['u_t + v*u_x = u_xx', 'v_xx = u*v + x', 'u_x + v_t = 0'],
  conditions: [{ on: 'x = -1', equation: 'u + v = t' }],
  ansatz: { v: { offset: 'x', factor: '2 - x' } },
  weights: { interior: [0.3, 2, 0.7] },
  network: { hidden: [5] },
  sampling: { interior: 20, conditions: 6 },
} satisfies PinnSpecInput;
const of = ['u', '-v', null];

test('the right solution is found where plain training ends at a spurious one', async () => {
  for (const seed of [1, 2, 3, 4, 6]) {
    const direct = await solve({ ...reaction, seed });
    const marched = await solve(marching({ ...reaction, seed }));
    expect(direct.relativeL2['u']).toBeGreaterThan(0.5);
    expect(marched.relativeL2['u']).toBeLessThan(1e-3);
    // In the finish of Gauss–Newton there is no pseudo-time.
    expect(marched.history.at(-1)!['pinn/pseudo_time']).toBe(0);
  }
});

describe('the rate', () => {
  test('has a factor that falls from 1 to 0.1 while the loss falls from 2 to 6 decades', () => {
    expect([-3, 0, 2].map(rateFactor)).toEqual([1, 1, 1]);
    expect(rateFactor(4)).toBeCloseTo(Math.sqrt(0.1), 15);
    expect([6, 9, Infinity].map(rateFactor)).toEqual([0.1, 0.1, 0.1]);
  });

  test('is measured as ‖e − e₀‖/‖u − u₀‖, within bounds, where u has moved', () => {
    const of = (...values: number[]) => Float64Array.from(values);
    expect(measuredRate([of(3, 4), of(0, 0)], [of(1, 1), of(1, 3)])).toBe(2.5);
    expect(measuredRate([of(1, 0), of(0, 0)], [of(0, 1e-5), of(0, 0)])).toBe(1e2);
    expect(measuredRate([of(1, 0), of(1, 0)], [of(0, 1), of(0, 0)])).toBe(1e-2);
    expect(measuredRate([of(1), of(1)], [of(2), of(2)])).toBeNull();
    expect(measuredRate([of(Infinity), of(1)], [of(2), of(1)])).toBeNull();
  });

  test('is a moving average over measurements every so many steps, by equation', () => {
    const made = madeOf();
    const rates = () => Object.values(made.objective.metrics());
    made.start(1);
    expect(rates()).toEqual([0, 0]);
    const averages = [0, 0];
    for (let step = 2; step <= 8; step++) {
      const before = made.theta(step - 1);
      const now = made.theta(step);
      made.start(step);
      if (step === 2 || step === 5 || step === 8) {
        for (const [k, unknown] of [0, 1].entries()) {
          const [e, e0] = [now, before].map((theta) => made.residual(theta, k));
          const [u, u0] = [now, before].map((theta) => made.values(theta)[unknown]!);
          const rate =
            Math.hypot(...e!.map((value, n) => value - e0![n]!)) / Math.hypot(...u!.map((value, n) => value - u0![n]!));
          averages[k] = step === 2 ? rate : 0.9 * averages[k]! + 0.1 * rate;
        }
      }
      const factor = rateFactor(Math.log10(made.plain.loss(made.theta(1)) / made.plain.loss(made.theta(2))));
      expect(factor).toBe(1); // random parameters: the loss does not fall by decades
      rates().forEach((rate, k) => expect(Math.abs(rate / averages[k]! - 1)).toBeLessThan(1e-10));
    }
    expect(Object.keys(made.objective.metrics())).toEqual(['pinn/pseudo_time/1', 'pinn/pseudo_time/2']);
  });

  test('falls with the loss', () => {
    const spec: PinnSpecInput = {
      ...reaction,
      network: { hidden: [4] },
      weights: { interior: 1, conditions: 1e-12 },
    };
    const problem = compileProblem(marching(spec, { every: 1 }));
    const objective = new PinnObjective(problem, engine);
    // Nothing but the last bias: u is a number, and near 1 it nearly solves the equation.
    const constant = (value: number): Float64Array => {
      const theta = new Float64Array(problem.layout.size);
      theta[theta.length - 1] = value;
      return theta;
    };
    const rates = [0.5, 1 - 1e-6, 1 - 2e-6].map((value, k) => {
      objective.nextBatch(k + 1, { theta: constant(value), isFinishing: false });
      return objective.metrics()['pinn/pseudo_time']!;
    });
    // e = −5(u − u³): 1.875 is lost on half a unit; around 1 the slope is 10.
    expect(rates[0]).toBe(0);
    expect(rates[1]).toBeCloseTo(0.1 * (1.875 / 0.5), 4);
    expect(rates[2]).toBeCloseTo(0.1 * (0.9 * (1.875 / 0.5) + 0.1 * 10), 4);
  });

  test('is 0 in a finish and after its steps', () => {
    const made = madeOf({ steps: 4 });
    for (let step = 1; step <= 3; step++) made.start(step);
    expect(made.objective.isProximal).toBe(true);
    made.start(4, true);
    expect(made.objective.isProximal).toBe(false);
    expect(Object.values(made.objective.metrics())).toEqual([0, 0]);
    made.start(4);
    expect(made.objective.isProximal).toBe(false);
    const other = madeOf({ steps: 4 });
    for (let step = 1; step <= 4; step++) other.start(step);
    expect(other.objective.isProximal).toBe(true);
    other.start(5);
    expect(other.objective.isProximal).toBe(false);
    expect(other.objective.loss(other.theta(9))).toBe(other.plain.loss(other.theta(9)));
  });
});

/** An objective of the system in pseudo-time, the plain one, and what independent evaluations give. */
function madeOf(options: object = {}) {
  const problem = compileProblem(marching(system, { of, every: 3, ...options }));
  const plainProblem = compileProblem(system);
  const objective = new PinnObjective(problem, engine);
  const plain = new PinnObjective(plainProblem, engine);
  const theta = (step: number) => problem.networks.initial(100 + step);
  const points = pointsOf(plain.linearize(theta(0)).terms[0] as never);
  return {
    problem,
    objective,
    plain,
    theta,
    start: (step: number, isFinishing = false) => objective.nextBatch(step, { theta: theta(step), isFinishing }),
    residual: (at: Float64Array, k: number) => [...plain.linearize(at).terms[k]!.residual],
    values: (at: Float64Array) => {
      const found = networkValues(plainProblem, engine, at, points, []);
      return ['u', 'v'].map((name) => [...found[name]!]);
    },
  };
}

function pointsOf({ batches: [batch] }: { batches: { coordinates: Float64Array; points: number }[] }): number[][] {
  const { coordinates, points } = batch!;
  return Array.from({ length: points }, (_, n) => [coordinates[n]!, coordinates[points + n]!]);
}

describe('a step', () => {
  const made = madeOf();
  for (let step = 1; step <= 2; step++) made.start(step);
  const [first, second] = Object.values(made.objective.metrics()) as [number, number];

  test('has the residual e ± η(u − u₀), of equations with an unknown', () => {
    const now = made.theta(7);
    const [u, v] = made.values(now);
    const [u0, v0] = made.values(made.theta(2));
    const { terms } = made.objective.linearize(now);
    made
      .residual(now, 0)
      .forEach((e, n) => expect(terms[0]!.residual[n]).toBeCloseTo(e + first * (u![n]! - u0![n]!), 9));
    made
      .residual(now, 1)
      .forEach((e, n) => expect(terms[1]!.residual[n]).toBeCloseTo(e - second * (v![n]! - v0![n]!), 9));
    expect([...terms[2]!.residual]).toEqual(made.residual(now, 2));
    expect([...terms[3]!.residual]).toEqual(made.residual(now, 3));
    expect(Math.min(first, second)).toBeGreaterThan(0.1);
  });

  test('begins with the plain loss', () => {
    const theta = made.theta(2);
    expect(made.objective.linearize(theta).loss / made.plain.loss(theta)).toBeCloseTo(1, 13);
  });

  test('has the Jacobian of that residual, against central differences', () => {
    const { objective, problem } = made;
    const size = problem.layout.size;
    const now = made.theta(7);
    const rows = [0, 1, 2].map((k) => {
      const term = objective.linearize(now).terms[k]!;
      const out = matrix(term.residual.length, size);
      jacobian(problem.layout, term, new Float64Array(term.residual.length).fill(1), out, 0);
      return out;
    });
    const h = 1e-5;
    for (let p = 0; p < size; p++) {
      const shifted = (by: number) =>
        objective
          .linearize(now.map((value, i) => (i === p ? value + by : value)))
          .terms.slice(0, 3)
          .map(({ residual }) => residual.slice());
      const [above, below] = [shifted(h), shifted(-h)];
      for (const [k, { data, cols }] of rows.entries()) {
        above[k]!.forEach((value, n) => {
          const got = data[n * cols + p]!;
          expect(Math.abs((value - below[k]![n]!) / (2 * h) - got)).toBeLessThan(1e-6 * (1 + Math.abs(got)));
        });
      }
    }
  });

  test('is reported without pseudo-time: losses, residuals, what is linearised for standard errors', () => {
    const now = made.theta(7);
    const { objective, plain } = made;
    expect(objective.loss(now)).not.toBe(plain.loss(now));
    expect(objective.termLosses(now)).toEqual(plain.termLosses(now));
    expect(objective.residualNorms(now)).toEqual(plain.residualNorms(now));
    expect(objective.plain(() => objective.linearize(now).loss)).toBe(plain.linearize(now).loss);
    expect(objective.linearize(now).loss).toBe(objective.loss(now));
    expect(objective.loss(now)).not.toBe(plain.loss(now));
  });
});

test('stop.loss is about the loss without pseudo-time', async () => {
  // Where the first rate comes in the loss stays and its gradient changes: with the old one this seed ends there.
  const spec = { ...reaction, seed: 3, optimizer: { name: 'ssbroyden' as const }, stop: { loss: 1e-3, steps: 400 } };
  const { stopReason, loss, history } = await solve(marching(spec));
  expect(stopReason).toBe('loss');
  expect(history.at(-1)!['loss']).toBeLessThanOrEqual(1e-3);
  for (const row of history.slice(0, -1)) expect(row['loss']).toBeGreaterThan(1e-3);
  expect(loss).toBeLessThan(1e-2);
});

const untimed = ({ history }: Solution) => history.map((row) => ({ ...row, seconds: null, 'time/total': null }));

async function checkpointAfter(spec: PinnSpecInput, step: number, options: SolveOptions = {}): Promise<Uint8Array> {
  const controller = new AbortController();
  let checkpoint: Uint8Array | undefined;
  await solve(spec, {
    ...options,
    signal: controller.signal,
    onProgress: (progress) => progress.step === step && controller.abort(),
    onCheckpoint: (bytes) => (checkpoint = bytes),
  });
  return checkpoint!;
}

describe('resume is bit for bit, for any number of threads', () => {
  const short = { ...system, stop: { steps: 14 } };
  test.each([
    ['gauss-newton', { optimizer: { name: 'gauss-newton' } }],
    ['kfac', { optimizer: { name: 'kfac' } }],
    ['ssbroyden', { optimizer: { name: 'ssbroyden' } }],
    ['points that change', { optimizer: { name: 'adam' }, sampling: { ...system.sampling, resampleEvery: 2 } }],
    ['weights that change', { optimizer: { name: 'kfac' }, weights: { adaptive: { name: 'ntk', every: 2 } } }],
    [
      'phases',
      {
        optimizer: {
          name: 'phases',
          phases: [{ optimizer: { name: 'adam' }, steps: 5 }, { optimizer: { name: 'spring' } }],
        },
      },
    ],
  ] as const)('%s', async (_, change) => {
    const spec = marching({ ...short, ...change } as PinnSpecInput, { of, every: 3 });
    const whole = await solve(spec);
    for (const step of [1, 4, 9]) {
      const resumed = await solve(spec, {
        resume: await checkpointAfter(spec, step),
        engine: selectEngine({ threads: 2 }),
      });
      expect(resumed.network.parameters).toEqual(whole.network.parameters);
      expect(untimed(resumed)).toEqual(untimed(whole));
    }
  });
});

test('stages of a continuation and of windows march each for itself', async () => {
  const layer = {
    domain: { x: [0, 1] },
    constants: { nu: 0.1 },
    equations: ['u_x - nu*u_xx = 1'],
    conditions: [{ on: 'boundary', equation: 'u = 0' }],
    network: { hidden: [6] },
    sampling: { interior: 30, conditions: 2 },
  } satisfies PinnSpecInput;
  const continuation = { constant: 'nu', values: [0.2, 0.1], steps: 8 };
  const whole = await solve({
    ...layer,
    stop: { steps: 20 },
    curriculum: { continuation, pseudoTime: { every: 2 } },
  });
  const first = await solve(marching({ ...layer, constants: { nu: 0.2 }, stop: { steps: 8 } }, { every: 2 }));
  const second = await solve(marching({ ...layer, stop: { steps: 12 } }, { every: 2 }), { startFrom: first.network });
  expect(whole.network).toEqual(second.network);
  const windows = { ...reaction, stop: { steps: 12 }, curriculum: { windows: 2, pseudoTime: { every: 2 } } };
  const rates = (await solve(windows)).history.map((row) => row['pinn/pseudo_time']);
  expect(rates[0]).toBe(0);
  expect(rates.some((rate) => rate! > 0)).toBe(true);
});

describe('the specification', () => {
  test('is its own effective form, changes the hash, needs memory', () => {
    const spec = parsePinnSpec(marching(reaction));
    expect(spec.curriculum).toEqual({ pseudoTime: { every: 10 } });
    expect(parsePinnSpec(spec)).toEqual(spec);
    expect(checkPinn(marching(reaction)).hash).not.toBe(checkPinn(reaction).hash);
    // Two fields; t, two channels and the value of u, and five numbers more of an evaluation; θ three times.
    const { bytes, parameters } = checkPinn(reaction);
    expect(checkPinn(marching(reaction)).bytes).toBe(bytes + 8 * (128 * (2 + 1 + 3 + 5) + 3 * parameters));
  });

  test('L-BFGS is warned of', () => {
    const lbfgs: PinnSpecInput = { ...reaction, optimizer: { name: 'lbfgs' } };
    expect(checkPinn(marching(lbfgs)).warnings).toEqual([expect.stringContaining('set curriculum.pseudoTime.steps')]);
    expect(checkPinn(marching(lbfgs, { steps: 100 })).warnings).toEqual([]);
  });

  test.each([
    [system, {}, '/curriculum/pseudoTime/of', 'there are 3 equations and 2 unknowns'],
    [system, { of: ['u', 'v'] }, '/curriculum/pseudoTime/of', 'expected an entry for each of the 3 equations, got 2'],
    [
      system,
      { of: ['u', '-w', null] },
      '/curriculum/pseudoTime/of/1',
      'expected an unknown (u, v), -unknown or null, got "-w"',
    ],
    [
      system,
      { of: [null, null, null] },
      '/curriculum/pseudoTime/of',
      'expected an unknown for one equation at least, got none',
    ],
  ])('%# is refused', (spec, options, pointer, detail) => {
    expect(() => compileProblem(marching(spec, options))).toThrow(
      expect.objectContaining({
        issues: [expect.objectContaining({ pointer, detail: expect.stringContaining(detail) })],
      }),
    );
  });
});
