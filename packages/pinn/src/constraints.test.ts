import { defaultEngine, gradient, jacobian, matrix, selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { initialParameters } from './network.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { quadratureOf } from './quadrature.ts';
import { solve } from './solve.ts';
import { boxQuadrature, gaussLegendre } from './sampling/gauss-legendre.ts';
import type { PinnSpecInput } from './spec.ts';

describe('Gauss–Legendre', () => {
  test('three and five nodes as tabulated (Abramowitz & Stegun, table 25.4)', () => {
    const three = gaussLegendre(3);
    expect([...three.nodes]).toEqual([-Math.sqrt(0.6), 0, Math.sqrt(0.6)].map((x) => expect.closeTo(x, 15)));
    expect([...three.weights]).toEqual([5 / 9, 8 / 9, 5 / 9].map((w) => expect.closeTo(w, 15)));
    const five = gaussLegendre(5);
    expect(five.nodes[4]).toBeCloseTo(0.906179845938664, 14);
    expect(five.weights[4]).toBeCloseTo(0.236926885056189, 14);
  });

  test.each([1, 2, 7, 30, 128])('%i nodes: exact up to degree 2n − 1, not beyond', (n) => {
    const { nodes, weights } = gaussLegendre(n);
    const integral = (power: number): number => nodes.reduce((sum, x, k) => sum + weights[k]! * x ** power, 0);
    for (let power = 0; power < 2 * n; power++) {
      expect(integral(power)).toBeCloseTo(power % 2 === 0 ? 2 / (power + 1) : 0, 13);
    }
    if (n <= 7) expect(Math.abs(integral(2 * n) - 2 / (2 * n + 1))).toBeGreaterThan(1e-5);
  });

  test('on a box', () => {
    const { points, weights } = boxQuadrature({ names: ['x', 'y'], lower: [-1, 2], upper: [2, 3] }, 6);
    let sum = 0;
    weights.forEach((w, n) => (sum += w * points.data[n]! ** 4 * Math.exp(points.data[36 + n]!)));
    expect(sum).toBeCloseTo((33 / 5) * (Math.exp(3) - Math.exp(2)), 8);
  });
});

/** Two integrals of different channels, one with a scalar. */
const constrained: PinnSpecInput = {
  domain: { x: [0, 2], y: [-1, 1] },
  parameters: { k: { initial: 2, positive: true } },
  equations: ['-laplacian(u) = k*u'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  constraints: [
    { integral: 'u^2', equals: 1 },
    { integral: 'k*u_x^2 + x*u_yy', equals: -0.5 },
  ],
  weights: { constraints: 3 },
  network: { hidden: [6, 5] },
  sampling: { interior: 30, conditions: 16 },
};

function objectiveOf(spec: PinnSpecInput, engine = defaultEngine()) {
  const problem = compileProblem(spec);
  const theta = initialParameters(problem.layout, 'tanh', 3);
  problem.scalars.initialise(theta);
  return { problem, theta, objective: new PinnObjective(problem, engine) };
}

describe('an integral is one residual', () => {
  test('its value and the loss', () => {
    const { objective, theta, problem } = objectiveOf(constrained);
    const { terms, loss } = objective.linearize(theta);
    const term = terms.at(-1)!;
    expect([term.name, term.residual.length]).toEqual(['constraints', 2]);
    const { points, weights } = boxQuadrature(problem.box, 5);
    const outputs = matrix(2 + 1, weights.length);
    outputs.data.set(points.data);
    const shape = { sizes: problem.networks.members[0]!.sizes, activation: 'tanh', dtype: 'f64' } as const;
    const none = { directions: new Float64Array(0), second: new Float64Array(0) };
    const network = problem.scalars.networkPart(theta);
    defaultEngine().jets.forward({ ...shape, ...none }, network, outputs, null);
    const square = weights.reduce((sum, w, n) => sum + w * outputs.data[2 * weights.length + n]! ** 2, 0);
    expect(term.residual[0]).toBeCloseTo(square - 1, 13);
    const [a, b] = term.residual as unknown as [number, number];
    expect(objective.termLosses(theta)['constraints']).toBeCloseTo((3 * (a * a + b * b)) / 4, 13);
    expect(objective.loss(theta)).toBeCloseTo(loss, 13);
  });

  test('J and ∇L against central differences in every component of θ', () => {
    const { problem, objective, theta } = objectiveOf(constrained);
    const { layout } = problem;
    const linearization = objective.linearize(theta);
    const term = linearization.terms.at(-1)!;
    const rows = matrix(2, layout.size);
    jacobian(layout, term, Float64Array.of(1, 1), rows, 0);
    const g = new Float64Array(layout.size);
    gradient(layout, linearization, g);
    const at = (k: number, h: number) => {
      const { loss, terms } = objective.linearize(theta.map((value, i) => (i === k ? value + h : value)));
      return { loss, residual: terms.at(-1)!.residual.slice() };
    };
    for (let k = 0; k < layout.size; k++) {
      const [up, down] = [at(k, 1e-5), at(k, -1e-5)];
      expect(Math.abs((up.loss - down.loss) / 2e-5 - g[k]!)).toBeLessThan(1e-7 * (1 + Math.abs(g[k]!)));
      for (const i of [0, 1]) {
        const wanted = (up.residual[i]! - down.residual[i]!) / 2e-5;
        expect(Math.abs(rows.data[i * layout.size + k]! - wanted)).toBeLessThan(1e-7 * (1 + Math.abs(wanted)));
      }
    }
  });

  test('products, blocks and factors of its layers against the explicit J', () => {
    const { problem, objective, theta } = objectiveOf(constrained);
    const { layout } = problem;
    const term = objective.linearize(theta).terms.at(-1)!;
    for (const layer of term.layers) {
      const block = layout.block(layer.matrix);
      const size = block.inputs * block.outputs;
      const rows = matrix(2, size);
      layer.jacobian(Float64Array.of(1, 1), rows, 0, 0);
      const v = Float64Array.from({ length: size }, (_, k) => Math.cos(k));
      const jv = new Float64Array(2);
      layer.jvp([v], jv);
      const jw = new Float64Array(size);
      layer.gradient(Float64Array.of(0.5, -2), jw);
      const exact = matrix(size, size);
      layer.exactBlock(term.curvature, exact);
      for (let k = 0; k < size; k++) {
        expect(jw[k]).toBeCloseTo(0.5 * rows.data[k]! - 2 * rows.data[size + k]!, 12);
        expect(exact.data[k]).toBeCloseTo(
          1.5 * (rows.data[0]! * rows.data[k]! + rows.data[size]! * rows.data[size + k]!),
          10,
        );
      }
      for (const i of [0, 1]) {
        const wanted = v.reduce((sum, value, k) => sum + value * rows.data[i * size + k]!, 0);
        expect(jv[i]).toBeCloseTo(wanted, 12);
      }
      // The Kronecker product of the factors of one row has the trace of its exact block, ω·‖J‖².
      const [a, g] = [matrix(block.inputs, block.inputs), matrix(block.outputs, block.outputs)];
      layer.factors(Float64Array.of(1.5, 0), a, g);
      const trace = (m: typeof a): number =>
        Array.from(m.data).reduce((sum, value, k) => (k % (m.rows + 1) === 0 ? sum + value : sum), 0);
      expect(trace(g)).toBeCloseTo(
        (1.5 * Array.from(rows.data.subarray(0, size)).reduce((sum, x) => sum + x * x, 0)) / block.inputs,
        10,
      );
    }
  });

  test('native and reference engine agree', () => {
    const { objective, theta } = objectiveOf(constrained);
    const other = objectiveOf(constrained, selectEngine({ native: 'off' })).objective;
    expect(other.linearize(theta).loss).toBeCloseTo(objective.linearize(theta).loss, 11);
  });

  test('beyond three coordinates by as many samples as there are inside', () => {
    const problem = compileProblem({
      domain: { a: [0, 1], b: [0, 1], c: [0, 1], d: [0, 2] },
      equations: ['laplacian(u) = 0'],
      conditions: [{ on: 'boundary', equation: 'u = 1' }],
      sampling: { interior: 64, conditions: 16 },
    });
    const { points, weights } = quadratureOf(problem);
    expect([points.rows, points.cols, ...weights]).toEqual([4, 64, ...Array.from({ length: 64 }, () => 2 / 64)]);
    let sum = 0;
    weights.forEach((w, n) => (sum += w * points.data[3 * 64 + n]!));
    expect(sum).toBeCloseTo(2, 1);
  });
});

describe('eigenvalues', () => {
  /** −u″ = λu on [0, 1], u = 0 at the ends: λ_k = (kπ)². */
  const string = (constraints: PinnSpecInput['constraints'], initial: number, interior: number): PinnSpecInput => ({
    domain: { x: [0, 1] },
    parameters: { lambda: { initial } },
    equations: ['-u_xx = lambda*u'],
    conditions: [{ on: 'boundary', equation: 'u = 0' }],
    constraints,
    network: { hidden: [20] },
    sampling: { interior: 100, conditions: 2 },
    weights: { interior },
    stop: { steps: 300 },
  });

  test.each([1, 2, 3])('the string, mode %i by its projection on a trial function', async (k) => {
    const spec = string([{ integral: `u*sin(${k}*pi*x)`, equals: 0.5 }], 0.9 * (k * Math.PI) ** 2, (k * Math.PI) ** -4);
    const solution = await solve({ ...spec, exact: { u: `sin(${k}*pi*x)` } });
    expect(solution.warnings).toEqual([]);
    expect(Math.abs(solution.parameters['lambda']! / (k * Math.PI) ** 2 - 1)).toBeLessThan(1e-6);
    expect(solution.relativeL2['u']).toBeLessThan(1e-6);
  });

  test.each([1, 2, 3])('the string, mode %i of norm 1 by deflation', async (k) => {
    const known = Array.from({ length: k - 1 }, (_, j) => ({ integral: `u*sin(${j + 1}*pi*x)`, equals: 0 }));
    const solution = await solve(string([{ integral: 'u^2', equals: 1 }, ...known], [9, 20, 50][k - 1]!, 1e-5));
    expect(Math.abs(solution.parameters['lambda']! / (k * Math.PI) ** 2 - 1)).toBeLessThan(1e-6);
    const middle = solution.evaluate([[0.5 / k]])['u']![0]!;
    expect(Math.abs(middle)).toBeCloseTo(Math.SQRT2, 4);
  });

  test('the ground state of the harmonic oscillator, λ = ½', async () => {
    const solution = await solve({
      domain: { x: [-6, 6] },
      parameters: { lambda: { initial: 0.4 } },
      equations: ['-u_xx/2 + x^2*u/2 = lambda*u'],
      conditions: [{ on: 'boundary', equation: 'u = 0' }],
      constraints: [{ integral: 'u^2', equals: 1 }],
      network: { hidden: [20] },
      sampling: { interior: 200, conditions: 2 },
      weights: { interior: 0.01 },
      stop: { steps: 400 },
    });
    expect(Math.abs(solution.parameters['lambda']! / 0.5 - 1)).toBeLessThan(1e-6);
  });

  test('the membrane [0, 2] × [0, 1], λ = 5π²/4', async () => {
    const solution = await solve({
      domain: { x: [0, 2], y: [0, 1] },
      parameters: { lambda: { initial: 10, exact: 12.337005501361698 } },
      equations: ['-laplacian(u) = lambda*u'],
      conditions: [{ on: 'boundary', equation: 'u = 0' }],
      constraints: [{ integral: 'u^2', equals: 1 }],
      network: { hidden: [30] },
      sampling: { interior: 400, conditions: 120 },
      weights: { interior: 0.01 },
      stop: { steps: 200 },
    });
    expect(solution.report.estimates['lambda']!.relativeError).toBeLessThan(1e-6);
  });

  test.each(['kfac', 'kfac-pcg', 'spring', 'ssbroyden'] as const)('%s finds the first one too', async (name) => {
    const optimizer = name === 'spring' ? { name, damping: 1e-5 } : { name };
    const spec = { ...string([{ integral: 'u', equals: 1 }], 8, 0.01), optimizer, stop: { steps: 300 } };
    const solution = await solve(spec);
    expect(Math.abs(solution.parameters['lambda']! / Math.PI ** 2 - 1)).toBeLessThan(0.02);
  });
});

test('resume is bit for bit, on three threads as on one', async () => {
  const spec: PinnSpecInput = { ...constrained, optimizer: { name: 'kfac' }, stop: { steps: 40 } };
  const whole = await solve(spec, { engine: selectEngine({ threads: 1 }) });
  let checkpoint: Uint8Array | undefined;
  const controller = new AbortController();
  await solve(spec, {
    signal: controller.signal,
    onProgress: ({ step }) => step === 20 && controller.abort(),
    onCheckpoint: (bytes) => (checkpoint = bytes),
  });
  const resumed = await solve(spec, { resume: checkpoint!, engine: selectEngine({ threads: 3 }) });
  expect(resumed.network.parameters).toEqual(whole.network.parameters);
  expect(resumed.terms).toEqual(whole.terms);
});

describe('specification', () => {
  const issuesOf = (constraints: unknown): unknown => {
    try {
      checkPinn({ ...constrained, constraints });
      return [];
    } catch (error) {
      return (error as { issues: unknown }).issues;
    }
  };

  test('errors', () => {
    expect(issuesOf([{ integral: 'x*k', equals: 1 }])).toMatchObject([
      { pointer: '/constraints/0/integral', detail: expect.stringContaining('no unknown (u) occurs') },
    ]);
    expect(issuesOf([{ integral: 'u = 1', equals: 1 }])).toMatchObject([{ pointer: '/constraints/0/integral' }]);
    expect(issuesOf([{ integral: 'u^2' }])).toMatchObject([{ pointer: '/constraints/0/equals' }]);
    expect(issuesOf(Array.from({ length: 17 }, () => ({ integral: 'u', equals: 0 })))).toMatchObject([
      { pointer: '/constraints', detail: expect.stringContaining('16') },
    ]);
  });

  test('a scalar that occurs in a constraint alone is used', () => {
    expect(issuesOf([{ integral: 'k*u', equals: 1 }])).toEqual([]);
  });

  test('the exact solution is put into the constraints', () => {
    const spec: PinnSpecInput = {
      domain: { x: [0, 1] },
      equations: ['u_xx + pi^2*u = 0'],
      conditions: [{ on: 'boundary', equation: 'u = 0' }],
      exact: { u: 'sin(pi*x)' },
    };
    expect(checkPinn({ ...spec, constraints: [{ integral: 'u^2', equals: 0.5 }] }).warnings).toEqual([]);
    expect(checkPinn({ ...spec, constraints: [{ integral: 'u^2', equals: 1 }] }).warnings).toEqual([
      'the integral of "u^2" for the exact solution is 0.500000, expected 1',
    ]);
  });

  test('the estimate counts the points of the rule, not as examples', () => {
    const { constraints: _, ...without } = constrained;
    const [more, less] = [checkPinn(constrained).bytes, checkPinn(without).bytes];
    expect(more).toBeGreaterThan(less + 8 * 2 * 25);
    expect(Object.keys(checkPinn(without).spec)).not.toContain('constraints');
  });
});
