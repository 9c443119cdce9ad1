import { jacobian, matrix, selectEngine } from '@kfac/core';
import { expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { loadSolution } from './load-solution.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const network = { type: 'gated' as const, hidden: [6, 6] };
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
  sampling: { interior: 8, conditions: 6 },
};
const small = { ...heat, sampling: { interior: 12, conditions: 8 } };

test.each([
  ['order 2', small],
  ['order 4', plate],
  ['slopes', { ...small, network: { ...network, slopes: 'neuron' as const } }],
  ['factorised weights', { ...small, network: { ...network, weights: 'factorised' as const } }],
  ['an embedding', { ...small, network: { ...network, embedding: { type: 'periodic' as const, coordinates: ['x'] } } }],
])('J against central differences in every parameter: %s', (_, spec) => {
  for (const engine of [selectEngine({ native: 'off' }), selectEngine()]) {
    const problem = compileProblem(spec);
    const { layout } = problem;
    const theta = problem.networks.initial(3);
    const objective = new PinnObjective(problem, engine);
    const residuals = (at: Float64Array) => objective.linearize(at).terms.flatMap(({ residual }) => [...residual]);
    const count = residuals(theta).length;
    const rows = matrix(count, layout.size);
    let row = 0;
    for (const term of objective.linearize(theta).terms) {
      jacobian(
        layout,
        term,
        term.curvature.map(() => 1),
        rows,
        row,
      );
      row += term.residual.length;
    }
    for (let k = 0; k < layout.size; k++) {
      const shifted = (h: number) => residuals(theta.map((value, i) => (i === k ? value + h : value)));
      const [up, down] = [shifted(1e-5), shifted(-1e-5)];
      for (let n = 0; n < count; n++) {
        const wanted = (up[n]! - down[n]!) / 2e-5;
        expect(Math.abs(rows.data[n * layout.size + k]! - wanted)).toBeLessThan(1e-7 * (1 + Math.abs(wanted)));
      }
    }
  }
});

test('a solved problem: its ES module and its files are the same network', async () => {
  const solution = await solve({ ...heat, optimizer: { name: 'gauss-newton' }, stop: { steps: 150 } });
  expect(solution.relativeL2['u']).toBeLessThan(1e-3);
  const points = [
    [0.3, 0.4],
    [0.9, 0.2],
  ];
  const own = solution.evaluate(points, ['u_t', 'u_x', 'u_tt', 'u_tx', 'u_xx']);
  const source = `data:text/javascript;base64,${Buffer.from(solution.export('js')).toString('base64')}`;
  const module = (await import(source)) as {
    evaluate(point: number[]): { u: { value: number; gradient: number[]; hessian: number[][] } };
  };
  for (const [n, point] of points.entries()) {
    const { value, gradient, hessian } = module.evaluate(point).u;
    expect(value).toBeCloseTo(own['u']![n]!, 12);
    expect(gradient[0]).toBeCloseTo(own['u_t']![n]!, 12);
    expect(gradient[1]).toBeCloseTo(own['u_x']![n]!, 12);
    expect(hessian[0]![0]).toBeCloseTo(own['u_tt']![n]!, 11);
    expect(hessian[1]![0]).toBeCloseTo(own['u_tx']![n]!, 11);
    expect(hessian[1]![1]).toBeCloseTo(own['u_xx']![n]!, 11);
  }
  const saved = JSON.parse(new TextDecoder().decode(solution.export('json')));
  expect(loadSolution(solution.report, saved).evaluate(points)).toEqual(solution.evaluate(points));
  await expect(solve({ ...heat, network: { hidden: [6, 6] } }, { startFrom: saved })).rejects.toThrow(
    '/type: "gated" there, "mlp" here',
  );
});

test.each(['kfac', 'gauss-newton', 'soap', 'ssbroyden'] as const)('%s resumes bit for bit', async (name) => {
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
});

test('estimates count the encoders; different widths are a fault', () => {
  const gated = checkPinn(heat);
  const plain = checkPinn({ ...heat, network: { hidden: [6, 6] } });
  expect(gated.parameters - plain.parameters).toBe(2 * 3 * 6);
  expect(gated.bytes).toBeGreaterThan(plain.bytes);
  expect(() => compileProblem({ ...heat, network: { ...network, hidden: [6, 5] } })).toThrow(
    'expected one width for all hidden layers of a gated network, got [6, 5]',
  );
});
