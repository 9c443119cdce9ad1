import { type Engine, dot, jacobian, matrix, selectEngine } from '@kfac/core';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { loadSolution } from './load-solution.ts';
import { networkValues } from './network-values.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { catalogue } from './problems/catalogue.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';
import type { WeightedTerm } from './weights/point-scheme.ts';

const engines: Engine[] = [selectEngine({ native: 'off' }), selectEngine()];

/** All orders, mixed derivatives, two unknowns, and a third one with a network of its own. */
const everything: PinnSpecInput = {
  domain: { t: [0, 1], x: [-1, 2], y: [0, 1] },
  unknowns: ['u', 'b', 'v'],
  networks: { b: { coordinates: ['y'], hidden: [4] } },
  equations: [
    'u_t + b*v_x = u_xx + 2*v_yy + u_xy*v_tx',
    'v_ttt + biharmonic(u) = u_xxy*v + u_xxxy',
    'laplacian(v) + u_txy = b_y',
  ],
  conditions: [
    { on: 't = 0', equation: 'u = sin(x)' },
    { on: 'x = 2', equation: 'dn(v) + u = t' },
    { periodic: 'y' },
    { data: { t: [0.5, 0.7], x: [0, 1], y: [0.2, 0.3], v: [0.3, -0.2], b: [1, 2] } },
  ],
  constraints: [{ integral: 'u^2', equals: 1 }],
  ansatz: { v: { offset: 'x*t', factor: '1 + x*y' } },
  network: { type: 'separable', rank: 3, hidden: [4] },
  sampling: { interior: 6, conditions: 14 },
};
const family: PinnSpecInput = {
  ...everything,
  equations: ['u_t + b*v_x = u_xx + 2*v_yy + u_xy*v_tx', 'v_ttt + u_xxxx = u_xxy*v', 'u_txy = b_y'],
  network: { type: 'deeponet', branch: ['y'], rank: 3, hidden: [4], slopes: 'layer' },
};

function start(spec: PinnSpecInput) {
  const problem = compileProblem(spec);
  const theta = new Float64Array(problem.layout.size);
  theta.set(problem.networks.initial(3));
  return { problem, theta };
}

test('the matrices of the factors, and the rest', () => {
  const names = (spec: PinnSpecInput) =>
    compileProblem(spec).layout.blocks.map(({ name, inputs, outputs }) => `${name} ${inputs}x${outputs}`);
  expect(names(everything)).toEqual([
    't:hidden1 2x4',
    't:head 5x6',
    'x:hidden1 2x4',
    'x:head 5x6',
    'y:hidden1 2x4',
    'y:head 5x6',
    'b/hidden1 2x4',
    'b/head 5x1',
  ]);
  expect(names(family).filter((name) => !name.includes('scale'))).toEqual([
    'trunk:hidden1 3x4',
    'trunk:head 5x6',
    'branch:hidden1 2x4',
    'branch:head 5x6',
    'b/hidden1 2x4',
    'b/head 5x1',
  ]);
});

describe.each([
  ['separable', everything],
  ['deeponet', family],
])('%s', (_name, spec) => {
  test.each(engines)(
    'oracle pinn §8.3: J against central differences in every parameter; norms of its rows (%#)',
    (engine) => {
      const { problem, theta } = start(spec);
      const { layout } = problem;
      const objective = new PinnObjective(problem, engine);
      const residuals = (at: Float64Array): number[] =>
        objective.linearize(at).terms.flatMap(({ residual }) => [...residual]);
      const { terms } = objective.linearize(theta);
      const count = terms.reduce((sum, { residual }) => sum + residual.length, 0);
      const rows = matrix(count, layout.size);
      const norms = new Float64Array(count);
      let [row, from] = [0, 0];
      for (const term of terms) {
        jacobian(layout, term, new Float64Array(term.residual.length).fill(1), rows, row);
        row += term.residual.length;
        for (const batch of (term as WeightedTerm).batches)
          batch.kernelDiagonal(norms.subarray(from, (from += batch.examples)));
      }
      for (let n = 0; n < count; n++) {
        const own = (rows.data as Float64Array).subarray(n * layout.size, (n + 1) * layout.size);
        expect(norms[n]! / dot(own, own)).toBeCloseTo(1, 10);
      }
      const h = 1e-5;
      for (let k = 0; k < layout.size; k++) {
        const at = (shift: number) => residuals(theta.map((value, i) => (i === k ? value + shift : value)));
        const [up, down] = [at(h), at(-h)];
        for (let n = 0; n < count; n++) {
          const wanted = (up[n]! - down[n]!) / (2 * h);
          const size = Math.sqrt(norms[n]!);
          expect(Math.abs(rows.data[n * layout.size + k]! - wanted)).toBeLessThan(1e-6 * (1 + Math.abs(wanted) + size));
        }
      }
    },
  );

  test('derivatives are differences of values, in any mix up to order 4', () => {
    const { problem, theta } = start(spec);
    const { ansatz: _ansatz, ...bare } = spec;
    const plain = compileProblem(bare);
    const weights = problem.networks.weights(theta);
    const points = [
      [0.3, 0.4, 0.7],
      [0.9, -0.8, 0.1],
    ];
    const h = 1e-4;
    const names = ['t', 'x', 'y'];
    const at = (name: string, shifted: readonly (readonly number[])[]) =>
      networkValues(plain, engines[1]!, weights, shifted, [name])[name]!;
    for (const [name, lower, axis] of [
      ['u_x', 'u', 'x'],
      ['v_tx', 'v_t', 'x'],
      ['u_xy', 'u_x', 'y'],
      ['u_xx', 'u_x', 'x'],
      ['u_txy', 'u_tx', 'y'],
      ['v_ttt', 'v_tt', 't'],
      ['u_xxy', 'u_xx', 'y'],
      ['v_xxyy', 'v_xxy', 'y'],
      ['u_xxxx', 'u_xxx', 'x'],
      ['u_txyy', 'u_txy', 'y'],
      ['u_txxy', 'u_txx', 'y'],
    ] as const) {
      const shifted = (by: number) =>
        points.map((point) => point.map((value, k) => (names[k] === axis ? value + by : value)));
      const [own, up, down] = [at(name, points), at(lower, shifted(h)), at(lower, shifted(-h))];
      for (const n of points.keys()) {
        const wanted = (up[n]! - down[n]!) / (2 * h);
        expect(Math.abs(own[n]! - wanted), name).toBeLessThan(1e-6 * (1 + Math.abs(wanted)));
      }
    }
    // The value from the factors by hand: each a hidden layer of tanh and a linear one.
    const factors = problem.networks.members.filter(({ prefix }) => prefix.endsWith(':'));
    const outputs = factors.map((member) => {
      const w = problem.networks.weightsOf(weights, member);
      const inputs = member.axes.map((axis) => points[0]![axis]!);
      const [first, last] = member.parametrization.network.blocks.map(({ offset }) => offset) as [number, number];
      const hidden = Array.from({ length: 4 }, (__, j) =>
        Math.tanh([...inputs, 1].reduce((sum, value, i) => sum + value * w[first + i * 4 + j]!, 0)),
      );
      return Array.from({ length: 6 }, (__, q) =>
        [...hidden, 1].reduce((sum, value, i) => sum + value * w[last + i * 6 + q]!, 0),
      );
    });
    const product = (q: number): number => outputs.reduce((value, own) => value * own[q]!, 1);
    const values = networkValues(plain, engines[1]!, weights, points, []);
    expect(values['u']![0]).toBeCloseTo((product(0) + product(1) + product(2)) / Math.sqrt(3), 13);
    expect(values['v']![0]).toBeCloseTo((product(3) + product(4) + product(5)) / Math.sqrt(3), 13);
  });

  test('trained, saved, loaded, gone on from, exported', async () => {
    const run: PinnSpecInput = { ...spec, optimizer: { name: 'adam' }, stop: { steps: 3 } };
    const solution = await solve(run);
    const saved = JSON.parse(new TextDecoder().decode(solution.export('json')));
    expect(saved).toMatchObject({ type: spec.network!.type, rank: 3, sizes: [], unknowns: ['u', 'v'] });
    expect(saved.factors.map(({ coordinates }: { coordinates: string[] }) => coordinates.join())).toEqual(
      spec === family ? ['t,x', 'y'] : ['t', 'x', 'y'],
    );
    const loaded = loadSolution(JSON.parse(JSON.stringify(solution)), saved);
    const points = [[0.3, 0.4, 0.7]];
    const derivatives = ['u_t', 'v_xy', 'u_xxy', 'b_y'];
    const own = solution.evaluate(points, derivatives);
    for (const [name, [value]] of Object.entries(loaded.evaluate(points, derivatives)))
      expect(value).toBeCloseTo(own[name]![0]!, 12);
    expect(
      solution
        .fields(4)
        .slice(0, 3)
        .map(({ name }) => name),
    ).toEqual(['u', 'b', 'v']);
    const next = await solve({ ...run, stop: { steps: 1 } }, { startFrom: saved });
    expect(next.history[0]!['loss']! / solution.loss).toBeCloseTo(1, 9);

    const file = join(mkdtempSync(join(tmpdir(), 'product-')), 'solution.mjs');
    writeFileSync(file, solution.export('js'));
    const { evaluate } = await import(/* @vite-ignore */ pathToFileURL(file).href);
    const { u, v, b } = evaluate(points[0], 3);
    for (const [name, value] of [
      ['u', u.value],
      ['v', v.value],
      ['b', b.value],
      ['u_t', u.gradient[0]],
      ['v_xy', v.hessian[1][2]],
      ['u_xxy', u.third[1][1][2]],
      ['b_y', b.gradient[2]],
    ] as const)
      expect(Math.abs(value - own[name]![0]!), name).toBeLessThan(1e-11 * (1 + Math.abs(own[name]![0]!)));
  });
});

test('resume is bit for bit, on three threads as on one', async () => {
  const spec: PinnSpecInput = { ...family, optimizer: { name: 'kfac' }, stop: { steps: 8 } };
  const whole = await solve(spec, { engine: selectEngine({ threads: 1 }) });
  const checkpoints: Uint8Array[] = [];
  const abort = new AbortController();
  await solve(spec, {
    signal: abort.signal,
    onProgress: ({ step }) => step === 3 && abort.abort(),
    onCheckpoint: (bytes) => checkpoints.push(bytes),
  });
  const resumed = await solve(spec, { resume: checkpoints.at(-1)!, engine: selectEngine({ threads: 3 }) });
  expect(resumed.network.parameters).toEqual(whole.network.parameters);
  expect(resumed.report.bitExact).toBe(true);
});

const specOf = (name: string): PinnSpecInput => catalogue.find((entry) => entry.name === name)!.spec;

test.each([1, 2])(
  'five dimensions: a separable network where an MLP of as many parameters is far off (seed %i)',
  async (seed) => {
    const spec = { ...specOf('P5-product'), seed, stop: { steps: 120 } };
    const separable = await solve(spec);
    const mlp = await solve({ ...spec, network: { hidden: [30] } });
    expect(separable.report.parameters).toBeLessThan(mlp.report.parameters + 2);
    expect(separable.relativeL2['u']).toBeLessThan(1e-6);
    expect(mlp.relativeL2['u']).toBeGreaterThan(1e-4);
  },
);

test.each([1, 2])('a family of oscillators by a deeponet, over the whole family (seed %i)', async (seed) => {
  const { relativeL2, warnings, evaluate } = await solve({ ...specOf('Oscillators'), seed, stop: { steps: 120 } }).then(
    (solution) => ({
      relativeL2: solution.relativeL2,
      warnings: solution.warnings,
      evaluate: solution.evaluate.bind(solution),
    }),
  );
  expect(warnings).toEqual([]);
  expect(relativeL2['u']).toBeLessThan(1e-3);
  for (const k of [1, 1.7, 2.9, 4]) expect(evaluate([[0.8, k]])['u']![0]).toBeCloseTo(Math.sin(0.8 * k), 2);
});

test('memory is counted for every factor and its outputs', () => {
  const bytes = (rank: number): number =>
    checkPinn({
      ...specOf('P5-product'),
      optimizer: { name: 'adam' },
      network: { type: 'separable', rank, hidden: [10] },
    }).bytes;
  // Inside: u and two derivatives along its own axis of each of five factors, as gradients, columns and seeds.
  expect(bytes(20) - bytes(10)).toBeGreaterThan(8 * 10 * 5 * 3 * 3 * 400);
});

test.each<[string, object, string, RegExp]>([
  [
    'a rank of an MLP',
    { network: { rank: 3 } },
    '/network/rank',
    /only of a separable network or a deeponet, not of "mlp"/,
  ],
  [
    'a branch of a separable network',
    { network: { type: 'separable', branch: ['y'] } },
    '/network/branch',
    /only of a deeponet/,
  ],
  ['no branch', { network: { type: 'deeponet' } }, '/network/branch', /some of t, x, y/],
  [
    'a branch of another name',
    { network: { type: 'deeponet', branch: ['z'] } },
    '/network/branch/0',
    /expected a coordinate \(t, x, y\), got "z"/,
  ],
  ['no trunk', { network: { type: 'deeponet', branch: ['y', 't', 'x'] } }, '/network/branch', /for the trunk to read/],
  [
    'an embedding',
    { network: { type: 'separable', embedding: { type: 'fourier' } } },
    '/network/embedding',
    /expected no embedding/,
  ],
  [
    'a fitted last layer',
    { network: { type: 'separable', lastLayer: 'least-squares' } },
    '/network/lastLayer',
    /expected "random"/,
  ],
  [
    'the Laplacian of a family',
    { network: { type: 'deeponet', branch: ['y'] } },
    '/equations/2',
    /"laplacian" means all coordinates but t/,
  ],
  [
    'the boundary of a family',
    { ...family, conditions: [{ on: 'boundary', equation: 'u = 0' }] },
    '/conditions/0/on',
    /"boundary" means all/,
  ],
  ['a product of its own', { networks: { b: { type: 'separable' } } }, '/networks/b/type', /./],
  [
    'time windows',
    { ansatz: undefined, constraints: undefined, networks: undefined, curriculum: { windows: 2 } },
    '/network/type',
    /expected "mlp", "gated" or "residual-gated" beside time windows/,
  ],
])('refused: %s', (_, change, pointer, detail) => {
  let issues: { pointer: string; detail: string }[] = [];
  try {
    compileProblem({ ...everything, ...change });
  } catch (error) {
    ({ issues } = error as { issues: typeof issues });
  }
  expect(issues.find((issue) => issue.pointer === pointer)?.detail).toMatch(detail);
});
