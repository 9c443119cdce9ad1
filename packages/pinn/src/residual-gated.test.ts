import { dot, jacobian, matrix, selectEngine } from '@kfac/core';
import { expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { fitLastLayer } from './last-layer.ts';
import { loadSolution } from './load-solution.ts';
import { PinnObjective } from './objective.ts';
import { type Problem, compileProblem } from './problem.ts';
import type { Solution } from './solution.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const network = { type: 'residual-gated' as const, hidden: [3, 3, 3, 3, 3, 3] };
const heat: PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1] },
  equations: ['u_t = u_xx/4'],
  conditions: [
    { on: 'x = 0 or x = 1', equation: 'u = 0' },
    { on: 't = 0', equation: 'u = sin(pi*x)' },
  ],
  exact: { u: 'exp(-pi^2*t/4)*sin(pi*x)' },
  network,
  sampling: { interior: 200, conditions: 60 },
};
const plate: PinnSpecInput = {
  domain: { x: [0, 1], y: [0, 1] },
  equations: ['biharmonic(u) + u_xxy = u*u_x'],
  conditions: [{ on: 'boundary', equation: 'u = x*y' }],
  network,
  sampling: { interior: 2, conditions: 4 },
};
const small = { ...heat, sampling: { interior: 5, conditions: 4 } };

/** Initial parameters, but with blocks that matter. */
function mixed({ networks, layout }: Problem): Float64Array {
  const theta = networks.initial(3);
  layout.view(theta, layout.block('mixing')).set([0.3, 0.7]);
  return theta;
}

test.each([
  ['order 2', small],
  ['order 4', plate],
  ['slopes', { ...small, network: { ...network, slopes: 'neuron' as const } }],
  ['factorised weights', { ...small, network: { ...network, weights: 'factorised' as const } }],
  ['an embedding', { ...small, network: { ...network, embedding: { type: 'periodic' as const, coordinates: ['x'] } } }],
  ['pairs of points', { ...small, conditions: [...heat.conditions!, { periodic: 'x' }] }],
  [
    'an integral',
    { ...small, constraints: [{ integral: 'u^2', equals: 1 }], sampling: { interior: 2, conditions: 4 } },
  ],
])('J against central differences in every parameter, and Jᵀ against J: %s', (_, spec) => {
  for (const engine of [selectEngine({ native: 'off' }), selectEngine()]) {
    const problem = compileProblem(spec);
    const { layout } = problem;
    const theta = mixed(problem);
    const objective = new PinnObjective(problem, engine);
    const residuals = (at: Float64Array) => objective.linearize(at).terms.flatMap(({ residual }) => [...residual]);
    const differences = Array.from({ length: layout.size }, (__, k) => {
      const shifted = (h: number) => residuals(theta.map((value, i) => (i === k ? value + h : value)));
      const [up, down] = [shifted(1e-5), shifted(-1e-5)];
      return up.map((value, n) => (value - down[n]!) / 2e-5);
    });
    const direction = theta.map((value, k) => Math.sin(k + value));
    let row = 0;
    for (const term of objective.linearize(theta).terms) {
      const count = term.residual.length;
      const rows = matrix(count, layout.size);
      const ones = new Float64Array(count).fill(1);
      jacobian(layout, term, ones, rows, 0);
      for (let n = 0; n < count; n++, row++) {
        for (let k = 0; k < layout.size; k++) {
          const wanted = differences[k]![row]!;
          expect(Math.abs(rows.data[n * layout.size + k]! - wanted)).toBeLessThan(1e-7 * (1 + Math.abs(wanted)));
        }
      }
      const weights = Float64Array.from({ length: count }, (__, n) => Math.cos(3 * n));
      const product = new Float64Array(count);
      const gradient = new Float64Array(layout.size);
      for (const layer of term.layers) {
        const block = layout.block(layer.matrix);
        layer.jvp([layout.view(direction, block)], product);
        layer.gradient(weights, layout.view(gradient, block));
      }
      expect(dot(gradient, direction)).toBeCloseTo(dot(product, weights), 10);
    }
    expect(row).toBe(differences[0]!.length);
  }
});

test('at the start the blocks pass on what the first layer gives; the last layer may be fitted to that', () => {
  const problem = compileProblem(heat);
  const { layout, networks } = problem;
  const theta = networks.initial(1);
  const objective = new PinnObjective(problem, selectEngine());
  const plain = objective.loss(theta);
  expect([...layout.view(theta, layout.block('mixing'))]).toEqual([0, 0]);
  for (let l = 2; l <= 6; l++) layout.view(theta, layout.block(`hidden${l}`)).fill(2);
  expect(objective.loss(theta)).toBe(plain);
  const before = Float64Array.from(theta);
  fitLastLayer(selectEngine(), objective, theta);
  const { offset } = layout.block('head');
  expect(theta.subarray(0, offset)).toEqual(before.subarray(0, offset));
  expect(objective.loss(theta)).toBeLessThan(0.8 * plain);
});

/** Compares a solution with its ES module: relative to 1 + |value|. */
async function expectModule(solution: Solution, points: number[][]): Promise<void> {
  const names = ['u', 'u_t', 'u_x', 'u_tt', 'u_tx', 'u_xx'];
  const own = solution.evaluate(points, names.slice(1));
  const source = `data:text/javascript;base64,${Buffer.from(solution.export('js')).toString('base64')}`;
  const module = (await import(source)) as {
    evaluate(point: number[]): { u: { value: number; gradient: number[]; hessian: number[][] } };
  };
  for (const [n, point] of points.entries()) {
    const { value, gradient, hessian } = module.evaluate(point).u;
    const got = [value, ...gradient, hessian[0]![0]!, hessian[1]![0]!, hessian[1]![1]!];
    for (const [k, name] of names.entries())
      expect(Math.abs(got[k]! - own[name]![n]!)).toBeLessThan(1e-13 * (1 + Math.abs(own[name]![n]!)));
  }
}

test('a solved problem: its blocks have opened; its ES module and its files are the same network', async () => {
  const solution = await solve({ ...heat, optimizer: { name: 'gauss-newton' }, stop: { steps: 150 } });
  expect(solution.relativeL2['u']).toBeLessThan(1e-3);
  expect(solution.network.parameters.slice(-2).every((eta) => Math.abs(eta) > 1e-3)).toBe(true);
  const points = [
    [0.3, 0.4],
    [0.9, 0.2],
  ];
  await expectModule(solution, points);
  const saved = JSON.parse(new TextDecoder().decode(solution.export('json')));
  expect(loadSolution(solution.report, saved).evaluate(points)).toEqual(solution.evaluate(points));
  await expect(solve({ ...heat, network: { ...network, type: 'gated' } }, { startFrom: saved })).rejects.toThrow(
    '/type: "residual-gated" there, "gated" here',
  );
});

test.each(['gram', 'qr'] as const)('from the start, where J is singular, Gauss–Newton goes on: %s', async (form) => {
  const wide = { ...network, hidden: [6, 6, 6, 6, 6, 6] };
  const optimizer = { name: 'gauss-newton' as const, form };
  const solution = await solve({ ...heat, network: wide, seed: 3, optimizer, stop: { steps: 40 } });
  expect(solution.relativeL2['u']).toBeLessThan(0.2);
});

test('every window has blocks of its own, in the ES module too', async () => {
  const solution = await solve({
    ...heat,
    curriculum: { windows: 2 },
    optimizer: { name: 'gauss-newton' },
    stop: { steps: 30 },
  });
  await expectModule(solution, [
    [0.2, 0.4],
    [0.8, 0.4],
  ]);
});

test.each(['kfac', 'gauss-newton', 'spring', 'soap', 'ssbroyden'] as const)('%s resumes bit for bit', async (name) => {
  const spec: PinnSpecInput = { ...heat, optimizer: { name }, stop: { steps: 10 } };
  const whole = await solve(spec, { engine: selectEngine({ threads: 1 }) });
  const controller = new AbortController();
  let checkpoint: Uint8Array | undefined;
  await solve(spec, {
    signal: controller.signal,
    onProgress: ({ step }) => step === 4 && controller.abort(),
    onCheckpoint: (bytes) => (checkpoint = bytes),
  });
  const resumed = await solve(spec, { resume: checkpoint!, engine: selectEngine({ threads: 2 }) });
  expect(resumed.network).toEqual(whole.network);
  expect(whole.network.parameters.slice(-2).some((eta) => eta !== 0)).toBe(true);
});

test('estimates count the blocks; what is not whole blocks of one width is a fault', () => {
  const own = checkPinn(heat);
  const gated = checkPinn({ ...heat, network: { ...network, type: 'gated' } });
  expect(own.parameters - gated.parameters).toBe(2);
  expect(own.bytes).toBeGreaterThan(gated.bytes);
  const refused = (hidden: number[]) => expect(() => compileProblem({ ...heat, network: { ...network, hidden } }));
  refused([6, 6, 5]).toThrow('expected one width for all hidden layers of a residual-gated network, got [6, 6, 5]');
  refused([6, 6, 6, 6]).toThrow('expected 3 hidden layers for each block of a residual-gated network, got 4');
});
