import { type CapturedLayer, type Engine, type Linearization, dot, jacobian, matrix, selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { loadSolution } from './load-solution.ts';
import { initialParameters } from './network.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';
import type { WeightedTerm } from './weights/point-scheme.ts';

const engines: Engine[] = [selectEngine({ native: 'off' }), selectEngine()];

/** Conditions with and without derivatives, so that batches with different channels are merged. */
const nonlinear: PinnSpecInput = {
  domain: { t: [0, 1], x: [-1, 2] },
  equations: ['u_t + u*u_x = u_xx + u_tx'],
  conditions: [
    { on: 't = 0', equation: 'u = sin(x)' },
    { on: 'x = -1', equation: 'u_x = u^2' },
  ],
  network: { hidden: [6, 5] },
  sampling: { interior: 20, conditions: 12 },
};
/** Unknown scalars, measured data, and residuals of several points: pairs, an integral. */
const inverse: PinnSpecInput = {
  domain: { t: [0, 1], x: [-1, 2] },
  equations: ['u_t + c*u*u_x = k*u_xx'],
  parameters: { c: { initial: 0.7 }, k: { initial: 0.2, positive: true } },
  conditions: [
    { on: 't = 0', equation: 'u = sin(x)' },
    { periodic: 'x' },
    { data: { t: [0.5, 0.7], x: [0, 1], u: [0.3, -0.2] } },
  ],
  constraints: [{ integral: 'u^2*k', equals: 1 }],
  network: { hidden: [6, 5] },
  sampling: { interior: 20, conditions: 12 },
};
/** Needs 150 to 200 steps. */
const burgers: PinnSpecInput = {
  domain: { x: [0, 1] },
  equations: ['u_xx + u*u_x = -4*pi^2*sin(2*pi*x) + pi*sin(4*pi*x)'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  exact: { u: 'sin(2*pi*x)' },
  network: { hidden: [8, 8] },
  sampling: { interior: 100, conditions: 2 },
  optimizer: { name: 'gauss-newton' },
};
const heat: PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1] },
  equations: ['u_t = u_xx/4'],
  conditions: [
    { on: 'x = 0 or x = 1', equation: 'u = 0' },
    { on: 't = 0', equation: 'u = sin(pi*x)' },
  ],
  exact: { u: 'exp(-pi^2*t/4)*sin(pi*x)' },
  sampling: { interior: 200, conditions: 60 },
};

const kinds = [
  ['factorised weights', { weights: 'factorised' }],
  ['a slope a layer', { slopes: 'layer' }],
  ['a slope a neuron', { slopes: 'neuron' }],
] as const;
type Kind = (typeof kinds)[number][1];

const withKind = (spec: PinnSpecInput, kind: Kind): PinnSpecInput => ({
  ...spec,
  network: { ...spec.network, ...kind },
});

/** θ away from the start: scales from 0.4 to 1.6, one of them negative for slopes. */
function somewhere(spec: PinnSpecInput): { problem: ReturnType<typeof compileProblem>; theta: Float64Array } {
  const problem = compileProblem(spec);
  const theta = new Float64Array(problem.layout.size);
  theta.set(problem.networks.initial(3));
  problem.scalars.initialise(theta);
  for (let k = 0; k < problem.networks.scaleCount; k++) theta[k] = theta[k]! + 0.6 * Math.sin(3 * k + 1);
  return { problem, theta };
}

function residualsOf({ terms }: Linearization): number[] {
  return terms.flatMap(({ residual }) => [...residual]);
}

const layerOf = ({ terms }: Linearization, name: string): CapturedLayer =>
  terms[0]!.layers.find((layer) => layer.matrix === name)!;

describe.each(kinds)('%s', (_, kind) => {
  test.each(
    engines.flatMap((engine) => [
      ['conditions', engine, nonlinear] as const,
      ['scalars, pairs of points, an integral', engine, inverse] as const,
    ]),
  )('J against central differences in every parameter; squared norms of its rows (%s)', (_name, engine, spec) => {
    const { problem, theta } = somewhere(withKind(spec, kind));
    const { layout } = problem;
    const objective = new PinnObjective(problem, engine);
    const linearization = objective.linearize(theta);
    const count = residualsOf(linearization).length;
    const rows = matrix(count, layout.size);
    let row = 0;
    for (const term of linearization.terms) {
      jacobian(
        layout,
        term,
        term.curvature.map(() => 1),
        rows,
        row,
      );
      row += term.residual.length;
    }
    const norms = new Float64Array(count);
    let from = 0;
    for (const { batches } of linearization.terms as WeightedTerm[])
      for (const batch of batches) batch.kernelDiagonal(norms.subarray(from, (from += batch.examples)));
    for (let n = 0; n < count; n++) {
      const own = rows.data.subarray(n * layout.size, (n + 1) * layout.size);
      expect(norms[n]! / dot(own as Float64Array, own as Float64Array)).toBeCloseTo(1, 12);
    }
    const h = 1e-5;
    for (let k = 0; k < layout.size; k++) {
      const at = (shift: number) =>
        residualsOf(objective.linearize(theta.map((value, i) => (i === k ? value + shift : value))));
      const [up, down] = [at(h), at(-h)];
      for (let n = 0; n < count; n++) {
        const wanted = (up[n]! - down[n]!) / (2 * h);
        expect(Math.abs(rows.data[n * layout.size + k]! - wanted)).toBeLessThan(1e-7 * (1 + Math.abs(wanted)));
      }
    }
  });

  test('K-FAC factors: of V the inputs of the network and its gradients scaled; of the scales their exact block', () => {
    const { problem, theta } = somewhere(withKind(nonlinear, kind));
    const [engine] = engines as [Engine];
    const plain = compileProblem(nonlinear);
    const ofPlain = new PinnObjective(plain, engine).linearize(problem.networks.weights(theta));
    const own = new PinnObjective(problem, engine).linearize(theta);
    for (const scaled of problem.networks.members[0]!.parametrization.scaled) {
      const { inputs, outputs, name } = scaled.matrix;
      const [a, b] = [matrix(inputs, inputs), matrix(inputs, inputs)];
      const [g, c] = [matrix(outputs, outputs), matrix(outputs, outputs)];
      layerOf(own, name).factors(own.terms[0]!.curvature, a, g);
      layerOf(ofPlain, name).factors(ofPlain.terms[0]!.curvature, b, c);
      a.data.forEach((value, i) => expect(value).toBeCloseTo(b.data[i]!, 12));
      for (let i = 0; i < outputs; i++) {
        for (let j = 0; j < outputs; j++) {
          const s =
            problem.networks.members[0]!.parametrization.scale(theta, scaled, i) *
            problem.networks.members[0]!.parametrization.scale(theta, scaled, j);
          expect(g.data[i * outputs + j]).toBeCloseTo(s * c.data[i * outputs + j]!, 12);
        }
      }
      const size = scaled.scales.outputs;
      const [one, factor, block] = [matrix(1, 1), matrix(size, size), matrix(size, size)];
      const layer = layerOf(own, scaled.scales.name);
      layer.factors(own.terms[0]!.curvature, one, factor);
      layer.exactBlock(own.terms[0]!.curvature, block);
      expect(one.data[0]).toBeCloseTo(1, 14);
      factor.data.forEach((value, i) => expect(layer.uses * value).toBeCloseTo(block.data[i]!, 12));
    }
  });

  test('the start is the network without scales; refined points follow it too', () => {
    const adaptive = {
      ...nonlinear,
      sampling: { interior: 20, conditions: 12, adaptive: { name: 'rad' as const, every: 1, pool: 500 } },
    };
    const [engine] = engines as [Engine];
    const plain = compileProblem(adaptive);
    const weights = initialParameters(plain.layout, 'tanh', plain.spec.seed);
    const problem = compileProblem(withKind(adaptive, kind));
    const theta = problem.networks.initial(problem.spec.seed);
    problem.networks.weights(theta).forEach((w, k) => expect(w).toBeCloseTo(weights[k]!, 14));
    const refined = (of: typeof plain, at: Float64Array): number => {
      const objective = new PinnObjective(of, engine);
      const before = objective.loss(at);
      objective.nextBatch(2, { theta: at, isFinishing: false });
      expect(objective.loss(at)).not.toBe(before);
      return objective.loss(at);
    };
    expect(refined(problem, theta)).toBeCloseTo(refined(plain, weights), 12);
  });

  test('a solved problem: errors, report, exports and files are those of one network', async () => {
    const spec = withKind({ ...burgers, stop: { steps: 200 } }, kind);
    const solution = await solve(spec);
    expect(solution.relativeL2['u']).toBeLessThan(1e-6);
    const { scales } = solution.network;
    const initial = compileProblem(spec).networks.initial(1);
    expect(scales!.some((p, k) => Math.abs(p - initial[k]!) > 1e-3)).toBe(true);
    // With other weights than the network's it would be of the size of the right side.
    expect(solution.residuals['interior']!.fresh).toBeLessThan(1e-6);

    const points = [[0.3], [0.9]];
    const values = solution.evaluate(points)['u']!;
    points.forEach(([x], n) => expect(values[n]).toBeCloseTo(Math.sin(2 * Math.PI * x!), 5));
    const [field] = solution.fields(11);
    expect(field!.values[3]).toBeCloseTo(values[0]!, 6);
    const module = `data:text/javascript;base64,${Buffer.from(solution.export('js')).toString('base64')}`;
    const { evaluate } = (await import(module)) as { evaluate(point: number[]): { u: { value: number } } };
    for (const [n, point] of points.entries()) expect(evaluate(point).u.value).toBeCloseTo(values[n]!, 13);

    const saved = JSON.parse(new TextDecoder().decode(solution.export('json')));
    const loaded = loadSolution(JSON.parse(JSON.stringify(solution)), saved);
    expect(loaded.evaluate(points)).toEqual(solution.evaluate(points));
    const [own, other] = [solution.spectrum().all, loaded.spectrum().all];
    own.forEach((sigma, k) => expect(Math.abs(other[k]! - sigma)).toBeLessThan(1e-13 * own[0]!));
    expect(loaded.export('js')).toEqual(solution.export('js'));
    expect(Object.values(loaded.spectrum().terms)[0]).toHaveLength(Math.min(100, solution.report.parameters));
  });

  test('unknown scalars stand beside it: in the report, not in the network, and through the files', async () => {
    const spec = withKind({ ...inverse, stop: { steps: 5 } }, kind);
    const solution = await solve(spec);
    const { networks, layout } = compileProblem(spec);
    expect(solution.report.parameters).toBe(layout.size);
    expect(solution.network.parameters).toHaveLength(networks.weightCount);
    expect(solution.network.scales).toHaveLength(layout.size - networks.weightCount - 2);
    expect(solution.parameters['k']).not.toBeCloseTo(0.2, 3);
    const loaded = loadSolution(
      JSON.parse(JSON.stringify(solution)),
      JSON.parse(new TextDecoder().decode(solution.export('json'))),
    );
    expect(loaded.network).toEqual(solution.network);
    expect(loaded.parameters).toEqual(solution.parameters);
    const [fields, others] = [solution.fields(5), loaded.fields(5)];
    for (const [k, { name, values }] of fields.entries()) {
      expect(others[k]!.name).toBe(name);
      values.forEach((value, n) => expect(others[k]!.values[n]).toBeCloseTo(value, 6));
    }
    // Residuals are those of these weights and these values: u_t + c·u·u_x − k·u_xx at a grid point.
    const point = [0.25, 0.5];
    const at = solution.evaluate([point], ['u_t', 'u_x', 'u_xx']);
    const { c, k } = solution.parameters as { c: number; k: number };
    const residual = at['u_t']![0]! + c * at['u']![0]! * at['u_x']![0]! - k * at['u_xx']![0]!;
    expect(fields.find(({ name }) => name === 'residual')!.values[1 * 5 + 2]).toBeCloseTo(residual, 5);
  });

  test('training goes on from a saved network of its kind, and from no other', async () => {
    const spec = withKind({ ...burgers, stop: { steps: 10 } }, kind);
    const { history } = await solve({ ...spec, stop: { steps: 11 } });
    const solution = await solve(spec);
    const { network } = solution;
    const saved = JSON.parse(new TextDecoder().decode(solution.export('json')));
    const next = await solve({ ...spec, stop: { steps: 1 } }, { startFrom: saved });
    expect(next.history[0]!['loss']! / history[10]!['loss']!).toBeCloseTo(1, 10);
    await expect(solve(burgers, { startFrom: saved })).rejects.toMatchObject({
      code: 'KFAC_NETWORK',
      message: expect.stringContaining('there, absent here'),
    });
    const broken = (values: unknown) => solve(spec, { startFrom: { ...saved, scales: values } });
    await expect(broken(undefined)).rejects.toThrow('expected the scales of the saved network to be a list of finite');
    await expect(broken([])).rejects.toThrow(`expected ${network.scales!.length} scales, the saved network has 0`);
    const flat = network.scales!.map(() => ('weights' in kind ? -1e3 : 0));
    await expect(broken(flat)).rejects.toThrow('finite and not 0, got 0 in hidden1-scale');
  });

  test('estimates: more parameters, and memory for what is kept beside the network', () => {
    const plain = checkPinn(nonlinear);
    const check = checkPinn(withKind(nonlinear, kind));
    const scales = { factorised: 12, layer: 2, neuron: 11 }['weights' in kind ? kind.weights : kind.slopes];
    expect(check.parameters - plain.parameters).toBe(scales);
    expect(check.bytes - plain.bytes).toBeGreaterThan(8 * 20 * (5 * 6 + 1 + scales));
    expect(check.hash).not.toBe(plain.hash);
  });
});

describe.each([
  { name: 'gauss-newton', form: 'gram' },
  { name: 'gauss-newton', form: 'qr' },
  { name: 'sketched-gauss-newton', parameters: 40, rows: 80 },
  { name: 'engd' },
  { name: 'engd-w' },
  { name: 'spring' },
  { name: 'kfac' },
  { name: 'kfac-pcg' },
  { name: 'hessian-free' },
  { name: 'nystrom-newton-cg' },
  { name: 'ssbroyden' },
  { name: 'lbfgs' },
  { name: 'soap' },
  { name: 'adam' },
] as const)('optimizer %j', (optimizer) => {
  test.each(kinds)('%s: lowers the loss, and resumes bit for bit', async (_, kind) => {
    const spec = withKind({ ...heat, network: { hidden: [8] }, optimizer, stop: { steps: 12 } }, kind);
    const whole = await solve(spec, { engine: selectEngine({ threads: 1 }) });
    expect(whole.loss).toBeLessThan(whole.history[0]!['loss']!);
    const controller = new AbortController();
    let checkpoint: Uint8Array | undefined;
    await solve(spec, {
      signal: controller.signal,
      onProgress: ({ step }) => step === 5 && controller.abort(),
      onCheckpoint: (bytes) => (checkpoint = bytes),
    });
    const resumed = await solve(spec, { resume: checkpoint!, engine: selectEngine({ threads: 2 }) });
    expect(resumed.network).toEqual(whole.network);
  });
});

test('single precision is close to double precision', () => {
  const [engine] = engines as [Engine];
  const spec = withKind(nonlinear, { weights: 'factorised' });
  const { problem, theta } = somewhere(spec);
  const rows = (precision: 'f64' | 'f32') => {
    const objective = new PinnObjective(compileProblem({ ...spec, precision }), engine);
    const [term] = objective.linearize(theta).terms;
    const out = matrix(term!.residual.length, problem.layout.size);
    jacobian(
      problem.layout,
      term!,
      term!.curvature.map(() => 1),
      out,
      0,
    );
    return out.data;
  };
  const [single, double] = [rows('f32'), rows('f64')];
  single.forEach((value, i) => expect(Math.abs(value - double[i]!)).toBeLessThan(1e-4 * (1 + Math.abs(double[i]!))));
});

test('factorised weights and slopes together are refused', () => {
  expect(() => compileProblem({ ...nonlinear, network: { weights: 'factorised', slopes: 'layer' } })).toThrow(
    'expected "fixed" with factorised weights',
  );
});
