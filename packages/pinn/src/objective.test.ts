import {
  TangentKernel,
  type Linearization,
  addTransposedProduct,
  defaultEngine,
  gradient,
  jacobian,
  jacobianVectorProducts,
  matrix,
  selectEngine,
} from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { initialParameters } from './network.ts';
import { PinnObjective } from './objective.ts';
import { jetShape } from './network-columns.ts';
import { compileProblem } from './problem.ts';
import type { PinnSpecInput } from './spec.ts';

const engine = defaultEngine();
const small = { network: { hidden: [7, 5] }, sampling: { interior: 40, conditions: 20 } } as const;

/** Dirichlet, Neumann, Robin and a second-order condition at once; x-dependent and nonlinear. */
const everything: PinnSpecInput = {
  ...small,
  network: { hidden: [7, 5], activation: 'tanh' },
  sampling: { interior: 40, conditions: 20 },
  domain: { t: [0, 1], x: [-1, 2] },
  equations: ['u_tt + x*u_xx = u^2*u_x + sin(t) + u_tx^2'],
  conditions: [
    { on: 't = 0', equation: 'u = sin(x)' },
    { on: 't = 0', equation: 'u_t = cos(x)' },
    { on: 'x = -1', equation: 'u = 0' },
    { on: 'x = 2', equation: 'u_x + 2*u = t' },
    { on: 'x = 2 or x = 0.5', equation: 'u_xx = u' },
  ],
  weights: { interior: 0.3, conditions: 2 },
};

const heat: PinnSpecInput = {
  ...small,
  network: { hidden: [6] },
  sampling: { interior: 30, conditions: 12 },
  domain: { t: [0, 1], x: [0, 1] },
  equations: ['u_t = u_xx/4'],
  conditions: [
    { on: 'boundary', equation: 'u = 0' },
    { on: 't = 0', equation: 'u = sin(pi*x)' },
  ],
};

/** Two unknowns, three equations of different channels, conditions on either and on both. */
const system: PinnSpecInput = {
  ...small,
  network: { hidden: [7, 5] },
  domain: { t: [0, 1], x: [-1, 2] },
  unknowns: ['u', 'v'],
  equations: ['u_t + v*u_x = u_xx + 2*v_xx', 'v_t = u*v + exp(u_x)', 'u_tx*v_xx = x'],
  conditions: [
    { on: 't = 0', equation: 'u = sin(x)' },
    { on: 't = 0', equation: 'v = u^2' },
    { on: 'x = -1', equation: 'v_x = 0' },
    { on: 'x = 2', equation: 'u_x + 2*v = t' },
  ],
  weights: { interior: [0.3, 2, 0.7], conditions: 3 },
};

function objectiveOf(spec: PinnSpecInput, on = engine) {
  const problem = compileProblem(spec);
  return {
    problem,
    objective: new PinnObjective(problem, on),
    theta: initialParameters(problem.layout, problem.spec.network.activation, 3),
  };
}

describe.each([
  ['all kinds of conditions', everything],
  ['all kinds of conditions, sine network', { ...everything, network: { hidden: [6], activation: 'sin' as const } }],
  ['heat', heat],
  ['a system', system],
  ['a system, sine network', { ...system, network: { hidden: [6], activation: 'sin' as const } }],
])('%s', (_, spec) => {
  const { problem, objective, theta } = objectiveOf(spec);
  const { layout } = problem;

  test('oracle pinn §8.3: gradient and J·v from the captured pairs against finite differences; g = Jᵀr', () => {
    const linearization = objective.linearize(theta);
    expect(linearization.loss).toBeCloseTo(objective.loss(theta), 13);
    const g = new Float64Array(layout.size);
    gradient(layout, linearization, g);
    const shifted = (k: number, h: number): Float64Array => theta.map((value, i) => (i === k ? value + h : value));
    for (let k = 0; k < layout.size; k++) {
      const h = 1e-5;
      const difference = (objective.loss(shifted(k, h)) - objective.loss(shifted(k, -h))) / (2 * h);
      expect(Math.abs(difference - g[k]!)).toBeLessThan(1e-7 * (1 + Math.abs(g[k]!)));
    }
    const v = Float64Array.from({ length: layout.size }, (__, k) => Math.sin(k));
    let viaRows = 0;
    for (const term of linearization.terms) {
      const jv = new Float64Array(term.residual.length);
      jacobianVectorProducts(layout, term, [v], jv);
      viaRows += jv.reduce((sum, value, i) => sum + value * term.slope[i]!, 0);
    }
    expect(viaRows).toBeCloseTo(
      g.reduce((sum, value, k) => sum + value * v[k]!, 0),
      11,
    );
  });

  test('oracle pinn §8.3, §8.4: J against central differences; Jᵀw and the kernel against the explicit J', () => {
    const linearization = objective.linearize(theta);
    const examples = linearization.terms.reduce((sum, { residual }) => sum + residual.length, 0);
    const rows = matrix(examples, layout.size);
    const scale = Float64Array.from(linearization.terms.flatMap(({ curvature }) => [...curvature.map(Math.sqrt)]));
    const transposed = new Float64Array(layout.size);
    const w = scale.map((_, i) => Math.cos(i));
    const expected = new Float64Array(layout.size);
    let row = 0;
    for (const term of linearization.terms) {
      const part = scale.subarray(row, row + term.residual.length);
      jacobian(layout, term, part, rows, row);
      addTransposedProduct(layout, term, w.subarray(row, row + part.length), transposed);
      row += part.length;
    }
    for (let i = 0; i < examples; i++) {
      for (let k = 0; k < layout.size; k++) expected[k]! += (w[i]! / scale[i]!) * rows.data[i * layout.size + k]!;
    }
    transposed.forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 10));

    const kernel = new TangentKernel(engine, layout, examples);
    kernel.update(linearization);
    const tangent = kernel.matrix;
    const explicit = matrix(examples, examples);
    engine.linalg.gemm(1, rows, 'n', rows, 't', 0, explicit);
    const size = Math.max(...explicit.data);
    for (let i = 0; i < explicit.data.length; i++)
      expect(Math.abs(tangent.data[i]! - explicit.data[i]!)).toBeLessThan(1e-13 * size);
    const values = new Float64Array(examples);
    engine.linalg.eigenSymmetric(tangent, values, matrix(examples, examples));
    expect(values[0]).toBeGreaterThan(-1e-13 * size * examples);

    const residualsAt = (at: Float64Array): number[] => snapshot(objective.linearize(at)).residuals;
    for (let k = 0; k < layout.size; k += 3) {
      const h = 1e-5;
      const up = residualsAt(theta.map((value, i) => (i === k ? value + h : value)));
      const down = residualsAt(theta.map((value, i) => (i === k ? value - h : value)));
      for (let i = 0; i < examples; i++) {
        const wanted = (up[i]! - down[i]!) / (2 * h);
        expect(Math.abs(rows.data[i * layout.size + k]! / scale[i]! - wanted)).toBeLessThan(
          1e-7 * (1 + Math.abs(wanted)),
        );
      }
    }
  });

  test('native and reference engine agree', () => {
    const reference = objectiveOf(spec, selectEngine({ native: 'off' }));
    const own = snapshot(objective.linearize(theta));
    const other = snapshot(reference.objective.linearize(theta));
    expect(other.loss).toBeCloseTo(own.loss, 12);
    for (const [k, value] of other.residuals.entries()) expect(own.residuals[k]).toBeCloseTo(value, 11);
  });
});

function snapshot({ loss, terms }: Linearization) {
  return { loss, residuals: terms.flatMap(({ residual }) => [...residual]) };
}

describe('terms', () => {
  test('two terms whatever the conditions; all conditions form one mean', () => {
    const { objective, theta } = objectiveOf(everything);
    const { loss, terms } = objective.linearize(theta);
    expect(terms.map(({ name, residual }) => [name, residual.length])).toEqual([
      ['interior', 40],
      ['conditions', 20],
    ]);
    const mean = (values: Float64Array): number => values.reduce((sum, e) => sum + e * e, 0) / values.length;
    expect(loss).toBeCloseTo(0.15 * mean(terms[0]!.residual) + mean(terms[1]!.residual), 13);
    expect(terms[1]!.curvature.every((value) => value === 0.1)).toBe(true);
  });

  test('a system has a term for each equation, all on the same points, with weights of their own', () => {
    const { objective, theta } = objectiveOf(system);
    const { loss, terms } = objective.linearize(theta);
    expect(terms.map(({ name, kind, residual }) => [name, kind, residual.length])).toEqual([
      ['interior/1', 'interior', 40],
      ['interior/2', 'interior', 40],
      ['interior/3', 'interior', 40],
      ['conditions', 'conditions', 20],
    ]);
    const means = terms.map(({ residual }) => residual.reduce((sum, e) => sum + e * e, 0) / residual.length);
    const parts = [0.15, 1, 0.35, 1.5].map((weight, k) => weight * means[k]!);
    expect(Object.values(objective.termLosses(theta))).toEqual(parts.map((part) => expect.closeTo(part, 13)));
    expect(loss).toBeCloseTo(
      parts.reduce((a, b) => a + b, 0),
      13,
    );
    const one = objectiveOf({ ...system, weights: { interior: 1 } }).objective.termLosses(theta);
    expect(one['interior/2']).toBeCloseTo(parts[1]! / 2, 13);
  });

  test('two equations that have nothing to do with each other are two problems', () => {
    const single = (name: string, equation: string, value: number): PinnSpecInput => ({
      domain: { x: [0, 1] },
      unknowns: [name],
      equations: [equation],
      conditions: [{ on: 'x = 0', equation: `${name} = ${value}` }],
      network: { hidden: [4, 3] },
      sampling: { interior: 30, conditions: 1 },
      weights: { interior: 0.2, conditions: 1 },
    });
    const parts = [single('u', 'u_xx + u*u_x = sin(x)', 1), single('v', 'v_xx = v^3', -2)];
    const [u, v] = parts.map((spec) => objectiveOf(spec)) as [
      ReturnType<typeof objectiveOf>,
      ReturnType<typeof objectiveOf>,
    ];
    const both = objectiveOf({
      ...parts[0]!,
      unknowns: ['u', 'v'],
      equations: parts.flatMap(({ equations }) => equations),
      conditions: parts.flatMap(({ conditions }) => conditions),
      network: { hidden: [8, 6] },
      sampling: { interior: 30, conditions: 2 },
      weights: { interior: 0.2, conditions: 2 }, // the mean is over twice the points
    });
    // A network of two halves: the first is u's, the second v's, with zeros between them.
    const halves = [u.theta, initialParameters(v.problem.layout, 'tanh', 8)];
    const theta = both.theta.fill(0);
    const place = (half: number, to: Float64Array, from: Float64Array, write: boolean): void => {
      both.problem.layout.blocks.forEach((block, l) => {
        const own = u.problem.layout.blocks[l]!;
        const [whole, part] = [both.problem.layout.view(to, block), u.problem.layout.view(from, own)];
        for (let i = 0; i < own.inputs; i++) {
          const isBias = i === own.inputs - 1;
          const row = isBias ? block.inputs - 1 : l === 0 ? i : half * (own.inputs - 1) + i;
          for (let j = 0; j < own.outputs; j++) {
            const at = row * block.outputs + half * own.outputs + j;
            if (write) whole[at] = part[i * own.outputs + j]!;
            else expect(whole[at]).toBeCloseTo(part[i * own.outputs + j]!, 12);
          }
        }
      });
    };
    halves.forEach((half, k) => place(k, theta, half, true));
    const linearization = both.objective.linearize(theta);
    const singles = [u.objective.linearize(halves[0]!), v.objective.linearize(halves[1]!)];
    expect(linearization.loss).toBeCloseTo(singles[0]!.loss + singles[1]!.loss, 13);
    const g = new Float64Array(theta.length);
    gradient(both.problem.layout, linearization, g);
    for (const [k, one] of singles.entries()) {
      const own = new Float64Array(halves[k]!.length);
      gradient(u.problem.layout, one, own);
      place(k, g, own, false);
    }
  });

  test('all Dirichlet conditions are one group with one use; derivatives keep their own uses', () => {
    const { groups } = compileProblem(everything);
    expect(groups.map(({ segments }) => segments[0]!.compiled.plans[0]!.channels)).toEqual([1, 2, 2, 3]);
    expect(compileProblem(heat).groups.map(({ segments, points }) => [segments.length, points])).toEqual([[2, 12]]);
    expect(compileProblem(system).groups.map(({ segments }) => segments.length)).toEqual([2, 2]);
    expect(objectiveOf(heat).objective.linearize(objectiveOf(heat).theta).terms[1]!.layers[0]!.uses).toBe(1);
  });

  test('conditions on the same residual at two places are one segment', () => {
    const { groups } = compileProblem({
      ...heat,
      conditions: [
        { on: 'x = 0', equation: 'u = 0' },
        { on: 'x = 1', equation: 'u = 0' },
      ],
    });
    expect(groups.map(({ segments }) => segments.length)).toEqual([1]);
  });

  test('a place that is a point counts once', () => {
    const { groups } = compileProblem({
      domain: { x: [0, 1] },
      equations: ['u_xx = -u'],
      conditions: [
        { on: 'boundary', equation: 'u = 1' },
        { on: 'x = 0', equation: 'u_x = 0' },
      ],
    });
    expect(groups.map(({ points }) => points)).toEqual([2, 1]);
  });

  test('losses of the current point do not disturb a linearisation', () => {
    const { objective, theta } = objectiveOf(everything);
    const before = snapshot(objective.linearize(theta));
    const linearization = objective.linearize(theta);
    objective.loss(theta.map((value) => 2 * value));
    expect(snapshot(linearization)).toEqual(before);
  });
});

describe('oracle pinn §8.12: invariances', () => {
  const { problem, objective, theta } = objectiveOf({ ...everything, network: { hidden: [6] } });
  const { layout } = problem;
  const hidden = 6;
  const exchange = (source: Float64Array, map: (unit: number) => [from: number, sign: number]): Float64Array => {
    const out = source.slice();
    const [first, head] = [layout.blocks[0]!, layout.blocks[1]!];
    for (let unit = 0; unit < hidden; unit++) {
      const [from, sign] = map(unit);
      for (let i = 0; i < first.inputs; i++)
        out[first.offset + i * hidden + unit] = sign * source[first.offset + i * hidden + from]!;
      out[head.offset + unit] = sign * source[head.offset + from]!;
    }
    return out;
  };

  test('permuting hidden units and flipping signs of tanh units change nothing', () => {
    const loss = objective.loss(theta);
    expect(objective.loss(exchange(theta, (unit) => [(unit + 1) % hidden, 1]))).toBeCloseTo(loss, 12);
    expect(objective.loss(exchange(theta, (unit) => [unit, unit % 2 === 0 ? -1 : 1]))).toBeCloseTo(loss, 12);
  });

  test('scaling all weights scales loss and gradient', () => {
    const scaled = objectiveOf({
      ...everything,
      network: { hidden: [6] },
      weights: { interior: 3, conditions: 20 },
    }).objective;
    expect(scaled.loss(theta)).toBeCloseTo(10 * objective.loss(theta), 11);
    const [a, b] = [new Float64Array(layout.size), new Float64Array(layout.size)];
    gradient(layout, objective.linearize(theta), a);
    gradient(layout, scaled.linearize(theta), b);
    for (const [k, value] of a.entries()) expect(b[k]).toBeCloseTo(10 * value, 10);
  });

  test('stretching and shifting a coordinate with the network adapted leaves e unchanged', () => {
    const base = objectiveOf({ ...heat, sampling: { interior: 30, conditions: 12, method: 'sobol' } });
    const moved = objectiveOf({
      ...heat,
      domain: { t: [0, 1], x: [3, 5] },
      equations: ['u_t = u_xx'], // x′ = 3 + 2x: u_xx is a quarter as large
      conditions: [
        { on: 'boundary', equation: 'u = 0' },
        { on: 't = 0', equation: 'u = sin(pi*(x - 3)/2)' },
      ],
    });
    const adapted = base.theta.slice();
    const [first] = base.problem.layout.blocks;
    for (let unit = 0; unit < first!.outputs; unit++) {
      const w = adapted[first!.outputs + unit]!;
      adapted[first!.outputs + unit] = w / 2;
      adapted[2 * first!.outputs + unit]! -= (3 * w) / 2;
    }
    const one = snapshot(base.objective.linearize(base.theta)).residuals.slice(0, 30);
    const other = snapshot(moved.objective.linearize(adapted)).residuals.slice(0, 30);
    for (const [k, value] of one.entries()) expect(other[k]).toBeCloseTo(value, 12);
  });
});

test('the estimate of memory holds what the passes of a system keep', () => {
  const unknowns = Array.from({ length: 12 }, (_, k) => `u${k}`);
  const problem = compileProblem({
    domain: { x: [0, 1], y: [0, 1] },
    unknowns,
    equations: unknowns.map((name) => `laplacian(${name}) = ${name}^2`),
    conditions: unknowns.map((name) => ({ on: 'boundary', equation: `${name} = 0` })),
    network: { hidden: [2] },
    sampling: { interior: 500, conditions: 480 },
    optimizer: { name: 'adam' },
  });
  const batches = [
    ...problem.equations.map(({ compiled }) => ({ plan: compiled.plans[0]!, points: 500 })),
    ...problem.groups.map(({ segments, points }) => ({ plan: segments[0]!.compiled.plans[0]!, points })),
  ];
  const kept = batches.reduce((sum, { plan, points }) => {
    const rows = 12 * plan.channels;
    const columns = 2 + rows + 1 + rows + 1; // coordinates and channels; residual and seeds; residual of a trial
    return (
      sum +
      engine.jets.tape(jetShape(problem.networks.members[0]!, plan, 'f64'), points).buffer.byteLength +
      8 * points * columns
    );
  }, 0);
  expect(batches).toHaveLength(13);
  expect(problem.bytes).toBeGreaterThan(kept);
  expect(problem.bytes).toBeLessThan(2 * kept);
});

describe('batches', () => {
  test('without resampling the sample never changes; with it, it is a pure function of the step', () => {
    const fixed = objectiveOf(heat);
    const at = ({ objective, theta }: ReturnType<typeof objectiveOf>, step: number): number => {
      objective.nextBatch(step);
      return objective.loss(theta);
    };
    expect(at(fixed, 1)).toBe(at(fixed, 500));
    const fresh = objectiveOf({ ...heat, sampling: { ...heat.sampling, resampleEvery: 3 } });
    const losses = [1, 2, 3, 4, 5, 7].map((step) => at(fresh, step));
    expect(losses[0]).toBe(losses[2]);
    expect(losses[3]).toBe(losses[4]);
    expect(new Set(losses).size).toBe(3);
    expect(at(fresh, 4)).toBe(losses[3]);
    expect(at(objectiveOf({ ...heat, sampling: { ...heat.sampling, resampleEvery: 3 } }), 7)).toBe(losses[5]);
  });

  test('the same bits for any number of threads', () => {
    const values = [1, 2, 5].map((threads) =>
      [everything, system].map((spec) =>
        snapshot(objectiveOf(spec, selectEngine({ threads })).objective.linearize(objectiveOf(spec).theta)),
      ),
    );
    expect(values[1]).toEqual(values[0]);
    expect(values[2]).toEqual(values[0]);
  });

  test('initial parameters are uniform in ±1/√fan_in, in a sine network by its own rule, and follow the seed', () => {
    const { layout } = compileProblem({ ...heat, network: { hidden: [64, 64] } });
    const largest = (values: Float64Array) => Math.max(...values.map(Math.abs));
    for (const [activation, bounds] of [
      ['gelu', [Math.sqrt(1 / 2), Math.sqrt(1 / 64), Math.sqrt(1 / 64)]],
      ['sin', [1 / 2, Math.sqrt(6 / 64), Math.sqrt(6 / 64)]],
    ] as const) {
      const theta = initialParameters(layout, activation, 1);
      layout.blocks.forEach((block, l) => {
        const values = layout.view(theta, block);
        const weights = (block.inputs - 1) * block.outputs;
        const fill = largest(values.subarray(0, weights)) / bounds[l]!;
        expect(fill).toBeLessThan(1);
        expect(fill).toBeGreaterThan(0.9);
        expect(largest(values.subarray(weights))).toBeLessThan(1 / Math.sqrt(block.inputs - 1));
      });
      expect(initialParameters(layout, activation, 1)).toEqual(theta);
      expect(initialParameters(layout, activation, 2)).not.toEqual(theta);
    }
  });

  test('single precision agrees to single precision', () => {
    const [double, single] = (['f64', 'f32'] as const).map((precision) => objectiveOf({ ...everything, precision }));
    expect(Math.abs(single!.objective.loss(single!.theta) / double!.objective.loss(double!.theta) - 1)).toBeLessThan(
      1e-5,
    );
  });
});
