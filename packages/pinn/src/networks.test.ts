import { type Engine, dot, jacobian, matrix, selectEngine } from '@kfac/core';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { loadSolution } from './load-solution.ts';
import { jetShape } from './network-columns.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { residualValues } from './residual-values.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';
import type { WeightedTerm } from './weights/point-scheme.ts';

const engines: Engine[] = [selectEngine({ native: 'off' }), selectEngine()];
const [t, x] = [0, 0.25, 0.5, 0.75, 1]
  .flatMap((time) => Array.from({ length: 9 }, (_, n) => [time, (n + 1) / 10] as const))
  .reduce<[number[], number[]]>(
    ([a, b], [one, other]) => [
      [...a, one],
      [...b, other],
    ],
    [[], []],
  );

/** u_t = (k(x) u_x)_x + f with k = 1 + x²/2, found from values of u. */
const rod: PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1] },
  unknowns: ['k', 'u'],
  networks: { k: { coordinates: ['x'], hidden: [8] } },
  constants: { c: Math.PI },
  equations: ['u_t = k*u_xx + k_x*u_x + exp(-t)*((1 + x^2/2)*c^2*sin(c*x) - x*(c*cos(c*x) + 2) - sin(c*x) - 2*x)'],
  conditions: [
    { on: 't = 0', equation: 'u = sin(c*x) + 2*x' },
    { data: { t, x, u: t.map((time, n) => Math.exp(-time) * (Math.sin(Math.PI * x[n]!) + 2 * x[n]!)) } },
  ],
  exact: { u: 'exp(-t)*(sin(c*x) + 2*x)', k: '1 + x^2/2' },
  network: { hidden: [20] },
  sampling: { interior: 200, conditions: 20 },
  stop: { steps: 100 },
};

/** Terms in which only some of three networks occur; networks of all kinds; pairs of points, an integral, an ansatz, a scalar. */
const everything: PinnSpecInput = {
  domain: { t: [0, 1], x: [-1, 2], y: [0, 1] },
  unknowns: ['a', 'u', 'b', 'v'],
  networks: {
    a: { coordinates: ['x', 'y'], hidden: [5, 5], type: 'gated', activation: 'sin', weights: 'factorised' },
    b: { coordinates: ['t'], hidden: [4], slopes: 'neuron' },
  },
  parameters: { q: { initial: 0.7, positive: true } },
  equations: [
    'u_t + b*v_x = a*laplacian(u) + a_x*u_x + q*laplacian(a)',
    'v_ty + b_t*u = v_xx*a_xy + x',
    'biharmonic(a) + u_xxx = a^2',
  ],
  conditions: [
    { on: 't = 0', equation: 'u = sin(x)' },
    { on: 'x = -1', equation: 'a = 1 + y' },
    { on: 'x = 2', equation: 'dn(a) + u*a = t' },
    { on: 't = 0', equation: 'b = q' },
    { periodic: 'y' },
    { data: { t: [0.5, 0.7], x: [0, 1], y: [0.2, 0.3], v: [0.3, -0.2], a: [1, 2] } },
  ],
  constraints: [
    { integral: 'a^2*u', equals: 1 },
    { integral: 'b', equals: 0.5 },
  ],
  ansatz: { a: { offset: 'x*t', factor: '1 + x*y' } },
  network: { hidden: [6], embedding: { type: 'fourier', frequencies: 3 } },
  sampling: { interior: 14, conditions: 14 },
};

function start(spec: PinnSpecInput) {
  const problem = compileProblem(spec);
  const theta = new Float64Array(problem.layout.size);
  theta.set(problem.networks.initial(3));
  problem.scalars.initialise(theta);
  return { problem, theta: theta.map((value, k) => value + 0.2 * Math.sin(3 * k + 1)) };
}

test('θ holds the shared network, then those of single unknowns, under names of their own', () => {
  const { layout, networks } = compileProblem(everything);
  expect(layout.blocks.map(({ name, inputs, outputs }) => [name, inputs, outputs])).toEqual([
    ['hidden1', 8, 6], // t, three cosines, three sines, the bias
    ['head', 7, 2],
    ['a/hidden1-scale', 1, 15],
    ['a/hidden2-scale', 1, 5],
    ['a/head-scale', 1, 1],
    ['a/hidden1', 3, 15],
    ['a/hidden2', 6, 5],
    ['a/head', 6, 1],
    ['b/hidden1-scale', 1, 4],
    ['b/hidden1', 2, 4],
    ['b/head', 5, 1],
    ['parameters', 1, 1],
  ]);
  expect(networks.all.map(({ unknowns, axes }) => [unknowns, axes])).toEqual([
    [
      [1, 3],
      [0, 1, 2],
    ],
    [[0], [1, 2]],
    [[2], [0]],
  ]);
});

test('a term has layers of the networks that occur in it, in the order of the layout', () => {
  const { problem, theta } = start(everything);
  const { terms } = new PinnObjective(problem, engines[1]!).linearize(theta);
  const owners = terms.map(({ name, layers }) => [
    name,
    [
      ...new Set(
        layers.map((layer) =>
          layer.matrix[1] === '/' ? layer.matrix[0] : layer.matrix === 'parameters' ? 'q' : 'shared',
        ),
      ),
    ],
  ]);
  expect(owners).toEqual([
    ['interior/1', ['shared', 'a', 'b', 'q']],
    ['interior/2', ['shared', 'a', 'b', 'q']],
    ['interior/3', ['shared', 'a', 'q']],
    ['conditions', ['shared', 'a', 'b', 'q']],
    ['data', ['shared', 'a', 'q']],
    ['constraints', ['shared', 'a', 'b', 'q']],
  ]);
});

test.each(engines)(
  'oracle pinn §8.3: J against central differences in every parameter; norms of its rows (%#)',
  (engine) => {
    // The reference is slow.
    const sampling = engine === engines[0] ? { interior: 2, conditions: 7 } : everything.sampling!;
    const { problem, theta } = start({ ...everything, sampling });
    const { layout } = problem;
    const objective = new PinnObjective(problem, engine);
    const residuals = (at: Float64Array): number[] =>
      objective.linearize(at).terms.flatMap(({ residual }) => [...residual]);
    const { terms } = objective.linearize(theta);
    const count = terms.reduce((sum, { residual }) => sum + residual.length, 0);
    const rows = matrix(count, layout.size);
    rows.data.fill(7);
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
      expect(norms[n]! / dot(own, own)).toBeCloseTo(1, 11);
    }
    const h = 1e-5;
    for (let k = 0; k < layout.size; k++) {
      const at = (shift: number) => residuals(theta.map((value, i) => (i === k ? value + shift : value)));
      const [up, down] = [at(h), at(-h)];
      for (let n = 0; n < count; n++) {
        const wanted = (up[n]! - down[n]!) / (2 * h);
        expect(Math.abs(rows.data[n * layout.size + k]! - wanted)).toBeLessThan(2e-7 * (1 + Math.abs(wanted)));
      }
    }
  },
);

test('a network of fewer coordinates is the one of all with weights 0 for the others', () => {
  const own = start(rod);
  const whole = start({ ...rod, networks: { k: { hidden: [8] } } });
  const { layout } = own.problem;
  const read = layout.block('k/hidden1');
  for (const block of whole.problem.layout.blocks) {
    const to = whole.problem.layout.view(whole.theta, block);
    const given = layout.view(own.theta, layout.block(block.name));
    to.fill(0);
    // The rows of k's first matrix are t, x and the bias, and without t two.
    to.set(given, block.name === read.name ? read.outputs : 0);
  }
  const [a, b] = [own, whole].map(({ problem, theta }) => new PinnObjective(problem, engines[1]!).loss(theta));
  expect(a! / b!).toBeCloseTo(1, 12);
});

test('what is left of derivatives along coordinates that a network does not read', () => {
  const { problem, theta } = start(rod);
  const points = Float64Array.of(0.3, 0.6, 0.2, 0.9);
  const [equation] = problem.equations as [(typeof problem.equations)[number]];
  const { values } = residualValues(problem, engines[1]!, equation, theta, points);
  // k at two times: x = 0.2 and 0.9 from a pass of its own network alone.
  const k = problem.networks.members[1]!;
  const none = { directions: new Float64Array(0), second: new Float64Array(0) };
  const columns = matrix(2, 2);
  columns.data.set([0.2, 0.9]);
  engines[1]!.jets.forward(jetShape(k, none, 'f64'), problem.networks.parametersOf(theta, k), columns, null);
  expect([...values[0]!]).toEqual([...columns.data.subarray(2)]);
});

describe('(k u_x)_x = u_t from values of u: k(x) by a network of x alone', () => {
  test.each([1, 2, 3])('within 2e-3 (seed %i)', async (seed) => {
    const { relativeL2, warnings } = await solve({ ...rod, seed });
    expect(warnings).toEqual([]);
    expect(relativeL2['k']).toBeLessThan(2e-3);
    expect(relativeL2['u']).toBeLessThan(2e-3);
  });

  test.each([
    'kfac',
    'kfac-pcg',
    'hessian-free',
    'engd',
    'engd-w',
    'spring',
    'gauss-newton',
    'sketched-gauss-newton',
    'nystrom-newton-cg',
    'ssbroyden',
    'ssbfgs',
    'lbfgs',
    'soap',
    'adam',
  ] as const)('%s lowers the loss, moves k, and resumes bit for bit', async (name) => {
    const spec: PinnSpecInput = { ...rod, optimizer: { name }, stop: { steps: name === 'nystrom-newton-cg' ? 7 : 12 } };
    const checkpoints: Uint8Array[] = [];
    const abort = new AbortController();
    const whole = await solve(spec, { engine: selectEngine({ threads: 1 }) });
    expect(whole.steps).toBe(spec.stop!.steps);
    expect(whole.loss).toBeLessThan(whole.history[0]!['loss']!);
    const problem = compileProblem(spec);
    const block = problem.layout.block('k/hidden1');
    expect(problem.layout.view(whole.network.parameters, block)).not.toEqual(
      problem.layout.view(problem.networks.initial(1), block),
    );
    await solve(spec, {
      signal: abort.signal,
      onProgress: ({ step }) => step === 5 && abort.abort(),
      onCheckpoint: (bytes) => checkpoints.push(bytes),
    });
    const resumed = await solve(spec, { resume: checkpoints.at(-1)!, engine: selectEngine({ threads: 3 }) });
    expect(resumed.network.parameters).toEqual(whole.network.parameters);
    expect(resumed.report.bitExact).toBe(true);
  });
});

describe('a solution of several networks', async () => {
  const spec: PinnSpecInput = {
    ...everything,
    parameters: { q: { initial: 0.7 } },
    stop: { steps: 4 },
    optimizer: { name: 'adam' },
  };
  const solution = await solve(spec);
  const saved = JSON.parse(new TextDecoder().decode(solution.export('json')));
  const points = [
    [0.3, 0.4, 0.7],
    [0.9, -0.8, 0.1],
  ];
  const derivatives = ['u_tx', 'a_x', 'a_t', 'a_xy', 'laplacian(a)', 'biharmonic(a)', 'b_t', 'b_x', 'b_tttt', 'v_xxy'];

  test('its file names every network, and what is loaded is what was saved', () => {
    expect(saved).toMatchObject({
      unknowns: ['u', 'v'],
      coordinates: ['t', 'x', 'y'],
      networks: [
        { type: 'gated', unknowns: ['a'], coordinates: ['x', 'y'], sizes: [2, 5, 5, 1], weights: 'factorised' },
        { type: 'mlp', unknowns: ['b'], coordinates: ['t'], sizes: [1, 4, 1], slopes: 'neuron' },
      ],
    });
    const loaded = loadSolution(JSON.parse(JSON.stringify(solution)), saved);
    expect(loaded.network).toEqual(solution.network);
    expect(loaded.evaluate(points, derivatives)).toEqual(solution.evaluate(points, derivatives));
    expect(loaded.export('js')).toEqual(solution.export('js'));
    expect(loaded.spectrum().all).toHaveLength(solution.spectrum().all.length);
  });

  test('training goes on from it, and not from a network of another kind', async () => {
    const next = await solve({ ...spec, stop: { steps: 1 } }, { startFrom: saved });
    const longer = await solve(
      { ...spec, parameters: { q: { initial: solution.parameters['q']! } }, stop: { steps: 1 } },
      { startFrom: saved },
    );
    expect(next.report.startHash).not.toBe(undefined);
    expect(longer.history[0]!['loss']! / solution.loss).toBeCloseTo(1, 9);
    const { networks: _, ...shared } = everything;
    await expect(solve(shared, { startFrom: saved })).rejects.toMatchObject({ code: 'KFAC_NETWORK' });
  });

  test('derivatives are differences of values; along what a network does not read they are those of the ansatz', () => {
    const h = 1e-5;
    const shifted = (axis: number, by: number) =>
      points.map((point) => point.map((value, k) => (k === axis ? value + by : value)));
    const own = solution.evaluate(points, derivatives);
    const difference = (name: string, axis: number): number[] => {
      const [up, down] = [h, -h].map((by) => solution.evaluate(shifted(axis, by), [name])[name]!);
      return points.map((_, n) => (up![n]! - down![n]!) / (2 * h));
    };
    for (const [name, lower, axis] of [
      ['a_x', 'a', 1],
      ['a_t', 'a', 0],
      ['a_xy', 'a_x', 2],
      ['b_t', 'b', 0],
      ['b_x', 'b', 1],
      ['b_tttt', 'b_ttt', 0],
      ['u_tx', 'u_t', 1],
      ['v_xxy', 'v_xx', 2],
    ] as const)
      difference(lower, axis).forEach((value, n) => expect(own[name]![n], name).toBeCloseTo(value, 6));
    expect([...own['b_x']!]).toEqual([0, 0]);
    // a = x·t + (1 + x·y)·N(x, y)
    own['a_t']!.forEach((value, n) => expect(value).toBeCloseTo(points[n]![1]!, 13));
  });

  test('the ES module gives the same values and derivatives', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'networks-')), 'solution.mjs');
    writeFileSync(file, solution.export('js'));
    const { evaluate } = await import(/* @vite-ignore */ pathToFileURL(file).href);
    const own = solution.evaluate(points, [...derivatives, 'u_t', 'v_y', 'a_xxy', 'b_tt']);
    for (const [n, point] of points.entries()) {
      const { a, b, u, v } = evaluate(point, 3);
      for (const [name, value] of [
        ['a', a.value],
        ['b', b.value],
        ['u', u.value],
        ['v', v.value],
        ['u_t', u.gradient[0]],
        ['v_y', v.gradient[2]],
        ['a_t', a.gradient[0]],
        ['a_xy', a.hessian[1][2]],
        ['u_tx', u.hessian[0][1]],
        ['b_tt', b.hessian[0][0]],
        ['a_xxy', a.third[1][1][2]],
        ['v_xxy', v.third[1][1][2]],
        ['b_x', b.gradient[1]],
      ] as const)
        expect(Math.abs(value - own[name]![n]!), name).toBeLessThan(1e-11 * (1 + Math.abs(own[name]![n]!)));
    }
  });

  test('fields hold all unknowns, whichever networks an equation reads', () => {
    const fields = solution.fields(5);
    expect(fields.slice(0, 4).map(({ name }) => name)).toEqual(['a', 'u', 'b', 'v']);
    const grid = fields[0]!.axes.map(({ values }) => values);
    const at = solution.evaluate([[grid[0]![1]!, grid[1]![3]!, 0.5]]);
    for (const { name, values } of fields.slice(0, 4)) expect(values[1 * 5 + 3]).toBeCloseTo(at[name]![0]!, 5);
    for (const format of ['csv', 'npy', 'vtk'] as const) expect(solution.export(format, 4).length).toBeGreaterThan(100);
  });
});

test('unknown scalars have standard errors beside several networks', async () => {
  const { estimates } = (
    await solve({
      ...rod,
      parameters: { s: { initial: 0.8 } },
      equations: [(rod.equations[0] as string).replace('u_t =', 's*u_t =')],
      conditions: [...rod.conditions, { on: 'x = 0', equation: 'k = 1' }],
      stop: { steps: 60 },
    })
  ).report;
  expect(Math.abs(estimates['s']!.value - 1)).toBeLessThan(0.02);
  expect(estimates['s']!.standardError).toBeGreaterThan(0);
});

test('memory is counted for what each network keeps', () => {
  const bytes = (width: number, coordinates: string[]) =>
    checkPinn({ ...rod, optimizer: { name: 'adam' }, networks: { k: { hidden: [width], coordinates } } }).bytes;
  // Inputs, pre-activations and gradients of 100 more neurons: of k and k_x at 200 points.
  expect(bytes(200, ['x']) - bytes(100, ['x'])).toBeGreaterThan(8 * 100 * 3 * 2 * 200);
  expect(bytes(100, ['x'])).toBeLessThan(bytes(100, ['t', 'x']));
});

test.each<[string, Partial<PinnSpecInput>, string, RegExp]>([
  ['a name that is no unknown', { networks: { w: {} } }, '/networks/w', /expected an unknown \(k, u\), got "w"/],
  [
    'another coordinate',
    { networks: { k: { coordinates: ['z'] } } },
    '/networks/k/coordinates/0',
    /expected a coordinate \(t, x\), got "z"/,
  ],
  [
    'a coordinate twice',
    { networks: { k: { coordinates: ['x', 'x'] } } },
    '/networks/k/coordinates/1',
    /"x" is named twice/,
  ],
  [
    'an embedding of what it does not read',
    { networks: { k: { coordinates: ['x'], embedding: { type: 'periodic', coordinates: ['t'] } } } },
    '/networks/k/embedding/coordinates/0',
    /expected a coordinate \(x\), got "t"/,
  ],
  [
    'gates of two widths',
    { networks: { k: { type: 'gated', hidden: [3, 4] } } },
    '/networks/k/hidden',
    /expected one width/,
  ],
  [
    'a fitted last layer',
    { networks: { k: { lastLayer: 'least-squares' } as object } },
    '/networks/k/lastLayer',
    /unknown field/,
  ],
  [
    'all unknowns apart',
    { networks: { k: {}, u: {} } },
    '/networks',
    /expected an unknown without a network of its own/,
  ],
  [
    'an equation of nothing',
    { equations: ['k_t = 0', 'u_t = k*u_xx'] },
    '/equations/0',
    /contains only derivatives of k along coordinates/,
  ],
  ['a network that nothing trains', { equations: ['u_t = u_xx'] }, '/networks/k', /nothing trains its network/],
  [
    'time windows',
    { curriculum: { windows: 2 }, conditions: rod.conditions.slice(0, 1) },
    '/networks',
    /expected no networks beside time windows/,
  ],
])('refused: %s', (_, change, pointer, detail) => {
  const { issues } = checkPinnFaults({ ...rod, ...change });
  expect(issues.find((issue) => issue.pointer === pointer)?.detail).toMatch(detail);
});

function checkPinnFaults(spec: PinnSpecInput): { issues: { pointer: string; detail: string }[] } {
  try {
    compileProblem(spec);
  } catch (error) {
    return error as { issues: { pointer: string; detail: string }[] };
  }
  return { issues: [] };
}
