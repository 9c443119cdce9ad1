import { defaultEngine, gradient, jacobian, matrix, selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { initialParameters } from './network.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

/** Scalars of all three kinds, in the equation (nonlinearly too) and in conditions of several segments. */
const mixed: PinnSpecInput = {
  domain: { t: [0, 1], x: [-1, 2] },
  parameters: {
    lambda_1: { initial: -3 },
    nu: { initial: 0.02, positive: true },
    share: { initial: 0.3, bounds: [0, 2] },
    unused_inside: { initial: 0 },
  },
  equations: ['u_t + lambda_1*u*u_x = sin(share*t)*u_xx/nu'],
  conditions: [
    { on: 't = 0', equation: 'u = sin(x)*share' },
    { on: 'x = -1', equation: 'u = unused_inside + lambda_1*t' },
    { on: 'x = 2', equation: 'nu*u_x + u = 0' },
  ],
  network: { hidden: [5, 4] },
  sampling: { interior: 12, conditions: 12 },
};

function objectiveOf(spec: PinnSpecInput, engine = defaultEngine()) {
  const problem = compileProblem(spec);
  const theta = initialParameters(problem.layout, 'tanh', 3);
  problem.scalars.initialise(theta);
  return { problem, theta, objective: new PinnObjective(problem, engine) };
}

describe('the columns of unknown scalars', () => {
  test.each(['f64', 'f32'] as const)(
    'J and ∇L against central differences in every component of θ, %s',
    (precision) => {
      const { problem, objective, theta } = objectiveOf({ ...mixed, precision });
      const { layout, scalars } = problem;
      const linearization = objective.linearize(theta);
      const rows = linearization.terms.map((term) => {
        const out = matrix(term.residual.length, layout.size);
        jacobian(layout, term, new Float64Array(out.rows).fill(1), out, 0);
        return out;
      });
      const g = new Float64Array(layout.size);
      gradient(layout, linearization, g);
      const exact = objectiveOf(mixed).objective;
      const residualsAt = (k: number, h: number): { residuals: number[][]; loss: number } => {
        const { loss, terms } = exact.linearize(theta.map((value, i) => (i === k ? value + h : value)));
        return { loss, residuals: terms.map(({ residual }) => [...residual]) };
      };
      const tolerance = precision === 'f64' ? 1e-6 : 1e-3;
      for (let k = 0; k < layout.size; k++) {
        const h = 1e-5;
        const [up, down] = [residualsAt(k, h), residualsAt(k, -h)];
        expect(Math.abs((up.loss - down.loss) / (2 * h) - g[k]!)).toBeLessThan(tolerance * (1 + Math.abs(g[k]!)));
        rows.forEach(({ data, cols }, t) => {
          for (const [i, value] of up.residuals[t]!.entries()) {
            const wanted = (value - down.residuals[t]![i]!) / (2 * h);
            expect(Math.abs(data[i * cols + k]! - wanted)).toBeLessThan(tolerance * (1 + Math.abs(wanted)));
          }
        });
      }
      expect(layout.blocks.at(-1)).toMatchObject({ name: 'parameters', inputs: 1, outputs: 4 });
      expect([...scalars.values(theta, new Float64Array(4))]).toEqual([-3, 0.02, expect.closeTo(0.3, 15), 0]);
    },
  );

  test('the exact block is JᵀΩJ of the scalars, and so is the Kronecker product of their factors', () => {
    const { problem, objective, theta } = objectiveOf(mixed);
    for (const term of objective.linearize(theta).terms) {
      const layer = term.layers.find(({ matrix: name }) => name === 'parameters')!;
      const rows = matrix(term.residual.length, problem.layout.size);
      jacobian(problem.layout, term, term.curvature.map(Math.sqrt), rows, 0);
      const block = matrix(4, 4);
      layer.exactBlock(term.curvature, block);
      const [a, g] = [matrix(1, 1), matrix(4, 4)];
      layer.factors(term.curvature, a, g);
      expect(a.data[0]).toBe(1);
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < 4; j++) {
          let sum = 0;
          for (let n = 0; n < rows.rows; n++) {
            const at = (n + 1) * rows.cols - 4;
            sum += rows.data[at + i]! * rows.data[at + j]!;
          }
          expect(block.data[4 * i + j]).toBeCloseTo(sum, 12);
          expect(layer.uses * g.data[4 * i + j]!).toBeCloseTo(sum, 12);
        }
      }
    }
  });

  test('native and reference engine agree', () => {
    const { objective, theta } = objectiveOf(mixed);
    const other = objectiveOf(mixed, selectEngine({ native: 'off' })).objective;
    expect(other.linearize(theta).loss).toBeCloseTo(objective.linearize(theta).loss, 12);
    expect(other.loss(theta)).toBeCloseTo(objective.loss(theta), 12);
  });
});

/** u' = −a·u, u(0) = 1, and u(1) = e⁻² is measured: a = 2. */
const decay: PinnSpecInput = {
  domain: { t: [0, 1] },
  parameters: { a: { initial: 1, positive: true, exact: 2 } },
  equations: ['u_t = -a*u'],
  conditions: [
    { on: 't = 0', equation: 'u = 1' },
    { on: 't = 1', equation: 'u = exp(-2)' },
  ],
  exact: { u: 'exp(-2*t)' },
  network: { hidden: [8] },
  sampling: { interior: 30, conditions: 2 },
};

describe('training', () => {
  const optimizers: [name: string, optimizer: PinnSpecInput['optimizer'], steps: number, error: number][] = [
    ['gauss-newton', { name: 'gauss-newton' }, 60, 1e-6],
    ['kfac', { name: 'kfac' }, 300, 1e-2],
    ['kfac-pcg', { name: 'kfac-pcg' }, 200, 1e-4],
    ['hessian-free', { name: 'hessian-free' }, 200, 1e-4],
    ['engd', { name: 'engd', damping: 1e-5 }, 100, 1e-3],
    ['engd-w', { name: 'engd-w', damping: 1e-5 }, 100, 1e-3],
    ['spring', { name: 'spring', damping: 1e-5 }, 100, 1e-3],
    ['ssbroyden', { name: 'ssbroyden' }, 300, 1e-3],
    ['ssbfgs', { name: 'ssbfgs' }, 300, 1e-3],
    ['lbfgs', { name: 'lbfgs' }, 500, 1e-2],
    ['adam', { name: 'adam', learningRate: 0.02 }, 2000, 0.05],
    [
      'phases',
      {
        name: 'phases',
        phases: [{ optimizer: { name: 'adam', learningRate: 0.01 }, steps: 200 }, { optimizer: { name: 'ssbroyden' } }],
      },
      400,
      1e-3,
    ],
  ];

  test.each(optimizers)('%s finds the scalar', async (_, optimizer, steps, error) => {
    const solution = await solve({ ...decay, optimizer, stop: { steps } });
    expect(solution.warnings).toEqual([]);
    expect(solution.report.estimates['a']!.relativeError).toBeLessThan(error);
    expect(solution.parameters['a']).toBeCloseTo(2, 0);
    expect(Math.abs(solution.parameters['a']! / 2 - 1)).toBe(solution.report.estimates['a']!.relativeError);
    const last = solution.history.at(-1)!;
    expect(last['pinn/parameter/a']).toBe(solution.parameters['a']);
    expect(last['pinn/parameter_error/a']).toBe(solution.report.estimates['a']!.relativeError);
  });

  test('the report and the exports', async () => {
    const solution = await solve({ ...decay, stop: { steps: 40 } });
    expect(solution.report.parameters).toBe(26);
    expect(solution.network.parameters.length).toBe(25);
    expect(solution.evaluate([[0.5]])['u']![0]).toBeCloseTo(Math.exp(-1), 3);
    const residual = solution.fields(17).find(({ name }) => name === 'residual')!;
    const { values } = residual;
    const slope = solution.evaluate([[0.25]], ['u_t']);
    expect(values[4]).toBeCloseTo(slope['u_t']![0]! + solution.parameters['a']! * slope['u']![0]!, 6);
    for (const format of ['csv', 'npy', 'vtk', 'js'] as const)
      expect(solution.export(format, 5).length).toBeGreaterThan(0);
  });

  test('the result does not depend on the unit of a scalar: bit for bit for a factor of 1024', async () => {
    const run = async (parameters: PinnSpecInput['parameters'], equation: string) => {
      const spec = { ...decay, parameters, equations: [equation], optimizer: { name: 'gauss-newton' as const } };
      return solve({ ...spec, stop: { steps: 12 } });
    };
    for (const form of [{}, { positive: true }, { bounds: [0, 4] as [number, number] }]) {
      const scaled = 'bounds' in form ? { bounds: [0, 4 / 1024] as [number, number] } : form;
      const one = await run({ a: { initial: 1, ...form } }, 'u_t = -a*u');
      const other = await run({ a: { initial: 1 / 1024, ...scaled } }, 'u_t = -(1024*a)*u');
      expect(other.network.parameters).toEqual(one.network.parameters);
      expect(other.parameters['a']! * 1024).toBe(one.parameters['a']);
    }
  });

  test('bounds are kept', async () => {
    const parameters = { a: { initial: 1, bounds: [0.5, 1.5] as [number, number] } };
    const solution = await solve({ ...decay, parameters, stop: { steps: 60 } });
    expect(solution.parameters['a']).toBeLessThanOrEqual(1.5);
    expect(solution.parameters['a']).toBeGreaterThan(1.45);
  });

  test.each(['gauss-newton', 'kfac', 'adam'] as const)(
    '%s resumes bit for bit, on three threads as on one',
    async (name) => {
      const spec: PinnSpecInput = { ...mixed, optimizer: { name }, stop: { steps: 50 } };
      const whole = await solve(spec, { engine: selectEngine({ threads: 1 }) });
      let checkpoint: Uint8Array | undefined;
      const controller = new AbortController();
      await solve(spec, {
        signal: controller.signal,
        onProgress: ({ step }) => step === 30 && controller.abort(),
        onCheckpoint: (bytes) => (checkpoint = bytes),
      });
      const resumed = await solve(spec, { resume: checkpoint!, engine: selectEngine({ threads: 3 }) });
      expect(resumed.network.parameters).toEqual(whole.network.parameters);
      expect(resumed.parameters).toEqual(whole.parameters);
      expect(resumed.steps).toBe(50);
    },
  );
});

describe('specification', () => {
  const faultsOf = (change: object): { pointer: string; detail: string }[] => {
    try {
      checkPinn({ ...decay, ...change });
    } catch (error) {
      return (error as { issues: { pointer: string; detail: string }[] }).issues;
    }
    return [];
  };

  test.each<[what: string, parameters: object, pointer: string, detail: RegExp]>([
    ['a coordinate', { a: { initial: 1 }, t: { initial: 1 } }, '/parameters/t', /declared twice/],
    ['an unknown', { a: { initial: 1 }, u: { initial: 1 } }, '/parameters/u', /declared twice/],
    ['a derivative', { a: { initial: 1 }, u_q: { initial: 1 } }, '/parameters/u_q', /derivative of u/],
    ['a name of the rules', { a: { initial: 1 }, sin: { initial: 1 } }, '/parameters/sin', /text rules/],
    ['unused', { a: { initial: 1 }, b: { initial: 1 } }, '/parameters/b', /nothing determines it/],
    ['not positive', { a: { initial: 0, positive: true } }, '/parameters/a/initial', /above 0.*got 0/],
    ['outside', { a: { initial: 3, bounds: [0, 2] } }, '/parameters/a/initial', /between the bounds 0 and 2, got 3/],
    ['empty', { a: { initial: 3, bounds: [2, 0] } }, '/parameters/a/bounds', /lower < upper, got \[2, 0\]/],
    ['both', { a: { initial: 1, bounds: [0, 2], positive: true } }, '/parameters/a/positive', /got both/],
    ['no initial value', { a: {} }, '/parameters/a/initial', /./],
    ['another field', { a: { initial: 1, start: 1 } }, '/parameters/a/start', /unknown field.*initial/],
  ])('%s', (_, parameters, pointer, detail) => {
    const faults = faultsOf({ parameters });
    expect(faults.map((fault) => fault.pointer)).toContain(pointer);
    expect(faults.find((fault) => fault.pointer === pointer)!.detail).toMatch(detail);
  });

  test('a constant of the same name', () => {
    expect(faultsOf({ constants: { a: 1 } })[0]).toMatchObject({ pointer: '/parameters/a', detail: /declared twice/ });
  });

  test('exact solutions know no unknown scalars', () => {
    expect(faultsOf({ exact: { u: 'exp(-a*t)' } })[0]).toMatchObject({ pointer: '/exact/u' });
  });

  test('the exact solution is put into equations whose scalars have true values', () => {
    const wrong = { ...decay, parameters: { a: { initial: 1, exact: 3 } } };
    expect(checkPinn(wrong).warnings).toEqual([expect.stringContaining('does not satisfy the equation')]);
    expect(checkPinn({ ...decay, parameters: { a: { initial: 1 } } }).warnings).toEqual([]);
  });

  test('a coefficient that the initial value makes infinite is warned of', () => {
    const singular = { ...decay, parameters: { a: { initial: 1 } }, equations: ['u_t = -1/(a - 1)*u'] };
    expect(checkPinn(singular).warnings).toEqual([expect.stringContaining('is not finite')]);
  });

  test('counted and estimated; a specification without scalars says nothing of them', () => {
    const { parameters: _, ...known } = decay;
    const without = checkPinn({ ...known, equations: ['u_t = -2*u'] });
    const check = checkPinn(decay);
    expect(check.parameters).toBe(without.parameters + 1);
    expect(check.bytes).toBeGreaterThan(without.bytes);
    expect(Object.keys(without.spec)).not.toContain('parameters');
  });
});
