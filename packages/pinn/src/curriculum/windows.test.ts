import { selectEngine } from '@kfac/core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkPinn } from '../check.ts';
import { loadSolution } from '../load-solution.ts';
import { initialParameters } from '../network.ts';
import { networkValues } from '../network-values.ts';
import { PinnObjective } from '../objective.ts';
import { compileProblem, parsePinnSpec } from '../problem.ts';
import type { Solution } from '../solution.ts';
import { type SolveOptions, solve } from '../solve.ts';
import type { PinnSpecInput } from '../spec.ts';

const engine = selectEngine({});

/** A string between two walls, from its shape and its velocity. */
const wave = {
  domain: { t: [0, 1], x: [0, 1] },
  equations: ['u_tt = u_xx'],
  conditions: [
    { on: 'x = 0 or x = 1', equation: 'u = 0' },
    { on: 't = 0', equation: 'u = sin(pi*x)' },
    { on: 't = 0', equation: 'u_t = pi*sin(pi*x)' },
  ],
  exact: { u: '(cos(pi*t) + sin(pi*t))*sin(pi*x)' },
  network: { hidden: [14] },
  sampling: { interior: 120, conditions: 60 },
  stop: { steps: 181 },
} satisfies PinnSpecInput;
const windowed: PinnSpecInput = { ...wave, curriculum: { windows: 3 } };

/** Leaves the unstable state 0: u = (1 + 399·e^{−10t})^{−1/2}. */
const reaction: PinnSpecInput = {
  domain: { t: [0, 3] },
  equations: ['u_t = 5*(u - u^3)'],
  conditions: [{ on: 't = 0', equation: 'u = 0.05' }],
  exact: { u: '1/sqrt(1 + (1/0.05^2 - 1)*exp(-10*t))' },
  network: { hidden: [16] },
  sampling: { interior: 128, conditions: 1 },
  stop: { steps: 300 },
};

let solution: Solution;
beforeAll(async () => {
  solution = await solve(windowed);
});

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

const rms = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length);

/** √mean (u − exact)² of the wave on points of the whole domain. */
function waveError(of: Solution): number {
  const points = Array.from({ length: 4000 }, (_, n) => [(n * 0.754877666) % 1, (n * 0.569840291) % 1]);
  const { u } = of.evaluate(points);
  const exact = points.map(([t, x]) => (Math.cos(Math.PI * t!) + Math.sin(Math.PI * t!)) * Math.sin(Math.PI * x!));
  return rms(u!.map((value, n) => value - exact[n]!));
}

test.each([1, 2, 3, 4, 5])('a solution that one network does not find, windows find (seed %i)', async (seed) => {
  const single = await solve({ ...reaction, seed });
  const { relativeL2 } = await solve({ ...reaction, seed, curriculum: { windows: 3 } });
  expect(single.relativeL2['u']).toBeGreaterThan(0.5);
  expect(relativeL2['u']).toBeLessThan(1e-5);
});

describe('a wave in three windows', () => {
  test('is found, with every step in the history', () => {
    expect(solution.status).toBe('finished');
    expect(solution.stopReason).toBe('steps');
    expect(solution.relativeL2['u']).toBeLessThan(5e-3);
    expect(solution.history.map((row) => row['pinn/stage'])).toEqual([
      ...Array.from({ length: 61 }, () => 1),
      ...Array.from({ length: 60 }, () => 2),
      ...Array.from({ length: 60 }, () => 3),
    ]);
  });

  test('the first window is the problem on that time, bit for bit', async () => {
    const first = await solve({ ...wave, domain: { ...wave.domain, t: [0, 1 / 3] }, stop: { steps: 61 } });
    const size = first.network.parameters.length;
    expect(solution.network.parameters.length).toBe(3 * size);
    expect(solution.network.parameters.subarray(0, size)).toEqual(first.network.parameters);
    const points = [
      [0, 0.3],
      [0.2, 0.6],
      [1 / 3, 0.9],
    ];
    expect(solution.evaluate(points, ['u_t', 'u_xx'])).toEqual(first.evaluate(points, ['u_t', 'u_xx']));
    // Errors on the way are those of the time that has been solved.
    const row = ({ history }: Solution) => history[9]!['pinn/rel_l2'];
    expect(row(solution)).toBe(row(first));
    expect(row(first)).toBeGreaterThan(0);
  });

  test('later windows carry on both u and u_t', () => {
    const xs = Array.from({ length: 21 }, (_, k) => k / 20);
    for (const time of [1 / 3, 2 / 3]) {
      const at = (t: number) =>
        solution.evaluate(
          xs.map((x) => [t, x]),
          ['u_t'],
        );
      const [before, after] = [at(time), at(time * (1 + 1e-12))];
      for (const name of ['u', 'u_t']) {
        const jump = rms(before[name]!.map((value, k) => value - after[name]![k]!));
        expect(jump).toBeGreaterThan(0); // two networks
        expect(jump, `${name} at ${time}`).toBeLessThan(1e-2);
      }
    }
  });

  test('errors, fields and losses of the report are those of all windows', async () => {
    expect(solution.rmse['u']! / waveError(solution)).toBeGreaterThan(0.9);
    expect(solution.rmse['u']! / waveError(solution)).toBeLessThan(1.1);

    const [field] = solution.fields(9);
    const grid = field!.axes[0]!.values.flatMap((t) => field!.axes[1]!.values.map((x) => [t, x]));
    expect(field!.values).toEqual(Float32Array.from(solution.evaluate(grid)['u']!));

    // The last window's loss and those before it, from their own last rows.
    const size = solution.network.parameters.length / 3;
    const part = (k: number) => solution.network.parameters.subarray(k * size, (k + 1) * size);
    const stages = compileProblem(windowed).stages!;
    const objectives = stages.map(
      (stage, k) => new PinnObjective(stage.problem([0, 1].slice(0, k).map(part), engine), engine),
    );
    for (const name of ['interior', 'conditions']) {
      const losses = objectives.map((objective, k) => objective.termLosses(part(k))[name]!);
      expect(solution.terms[name]).toBeCloseTo(losses.reduce((a, b) => a + b) / 3, 14);
      const norms = objectives.map((objective, k) => objective.residualNorms(part(k))[name]!);
      expect(solution.residuals[name]!.training / rms(norms)).toBeCloseTo(1, 10);
    }
    expect(solution.loss).toBeCloseTo(solution.terms['interior']! + solution.terms['conditions']!, 14);
    expect(solution.conditions.map(({ on }) => on)).toEqual(wave.conditions.map(({ on }) => on));
    expect(solution.warnings).toEqual([]);
  });

  test.each([7, 61, 62, 121, 150])('resume after step %i is bit for bit', async (step) => {
    const resumed = await solve(windowed, {
      resume: await checkpointAfter(windowed, step),
      engine: selectEngine({ threads: 2 }),
    });
    const untimed = ({ report }: Solution) => ({
      ...report,
      seconds: 0,
      engine: null,
      history: report.history.map((row) => ({ ...row, seconds: 0, 'time/total': 0 })),
    });
    expect(untimed(resumed)).toEqual(untimed(solution));
    expect(resumed.network).toEqual(solution.network);
  });

  test('goes through its files', () => {
    const json = new TextDecoder().decode(solution.export('json'));
    const loaded = loadSolution(solution.report, JSON.parse(json));
    expect(loaded.network).toEqual(solution.network);
    expect(JSON.parse(json).windows).toEqual([1 / 3, 2 / 3]);
    const points = [
      [0.1, 0.2],
      [0.5, 0.5],
      [0.9, 0.1],
    ];
    expect(loaded.evaluate(points)).toEqual(solution.evaluate(points));
    expect(loaded.export('csv', 5)).toEqual(solution.export('csv', 5));
    expect(loaded.difference(solution).max).toEqual({ u: 0 });
    const { windows: _, ...cut } = JSON.parse(json);
    expect(() => loadSolution(solution.report, cut)).toThrow('expected 57 parameters, the saved network has 171');
    expect(() => loadSolution(solution.report, { ...cut, windows: [0.3, 0.6] })).toThrow('/windows/0: 0.3 there');
  });

  test('starts from a single network, not from that of windows', async () => {
    const first = await solve({ ...wave, stop: { steps: 1 } });
    const started = await solve({ ...windowed, stop: { steps: 3 } }, { startFrom: first.network });
    expect(started.report.startHash).toBeDefined();
    await expect(solve(windowed, { startFrom: solution.network })).rejects.toMatchObject({ code: 'KFAC_NETWORK' });
  });

  test('has the spectrum of its last window', () => {
    const size = solution.network.parameters.length / 3;
    const { all } = solution.spectrum();
    expect(all.length).toBe(size);
    // Σσ² = Σ ω‖∂e/∂θ‖²: of another window it is another.
    const earlier = loadSolution(solution.report, {
      ...solution.network,
      windows: [1 / 3],
      parameters: solution.network.parameters.subarray(0, 2 * size),
    });
    expect(earlier.spectrum().all[0]).not.toBe(all[0]);
  });

  describe('as an ES module', () => {
    let folder: string;
    beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kfac-windows-'))));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('agrees in all windows and where they meet', async () => {
      const file = join(folder, 'solution.mjs');
      writeFileSync(file, solution.export('js'));
      const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
        evaluate(point: readonly number[]): Record<string, { value: number; gradient: number[]; hessian: number[][] }>;
      };
      const points = [0, 0.2, 1 / 3, 0.34, 0.5, 2 / 3, 0.67, 1].map((t, k) => [t, 0.1 + 0.1 * k]);
      const own = solution.evaluate(points, ['u_t', 'u_xx']);
      for (const [n, point] of points.entries()) {
        const { value, gradient, hessian } = module.evaluate(point)['u']!;
        expect(value).toBeCloseTo(own['u']![n]!, 12);
        expect(gradient[0]).toBeCloseTo(own['u_t']![n]!, 12);
        expect(hessian[1]![1]).toBeCloseTo(own['u_xx']![n]!, 11);
      }
    });
  });
});

describe('a later window', () => {
  const flow: PinnSpecInput = {
    ...wave,
    domain: { x: [0, 1], t: [2, 4] },
    unknowns: ['u', 'v', 'p'],
    equations: ['u_t = v_x', 'v_t = u_x + p', 'p = u*v'],
    conditions: [
      { on: 't = 2 or x = 0', equation: 'u = 0' },
      { on: 't = 2', equation: 'v_t = laplacian(v)' },
      { on: 'x = 1', equation: 'p = 0' },
    ],
    exact: undefined,
    curriculum: { windows: [2.5] },
  };
  const { stages, layout } = compileProblem(flow);
  const before = initialParameters(layout, 'tanh', 5).map((value) => 2 * value);
  const problem = stages![1]!.problem([before], engine);

  test('keeps conditions on the boundary and replaces those in time by the values of the network before', () => {
    expect(problem.box.lower).toEqual([0, 2.5]);
    expect(problem.box.upper).toEqual([1, 4]);
    const places = problem.conditions.map((condition) => condition.places);
    // u on x = 0, p on x = 1; then u, v and v_t on t = 2.5, and nothing for p, which has no initial data.
    expect(places.map((all) => all.map((place) => ('axis' in place ? [place.axis, place.value] : null)))).toEqual([
      [[0, 0]],
      [[0, 1]],
      [[1, 2.5]],
      [[1, 2.5]],
      [[1, 2.5]],
    ]);
    const points = [
      [0.2, 2.5],
      [0.7, 2.5],
    ];
    const values = networkValues(problem, engine, before, points, ['v_t']);
    const given = problem.conditions.map((condition) => condition.given?.(points));
    expect(given).toEqual([undefined, undefined, values['u'], values['v'], values['v_t']]);
  });

  test('has no misfit there at the parameters of that network, and u − u_before elsewhere', () => {
    const { terms } = new PinnObjective(problem, engine).linearize(before);
    const initial = problem.groups.flatMap(({ slots, points }) => {
      const own = Array.from({ length: points }, () => false);
      for (const { condition, from, count } of slots) if (condition >= 2) own.fill(true, from, from + count);
      return own;
    });
    const misfit = (residual: Float64Array) => residual.filter((_, n) => initial[n]);
    expect(misfit(terms.at(-1)!.residual).length).toBeGreaterThan(20);
    expect(Math.max(...misfit(terms.at(-1)!.residual).map(Math.abs))).toBeLessThan(1e-14);
    const zero = new PinnObjective(problem, engine).linearize(before.map(() => 0));
    expect(rms(misfit(zero.terms.at(-1)!.residual))).toBeGreaterThan(0.01);
  });

  test('draws new initial points with new values', () => {
    const sampling = { interior: 40, conditions: 40, resampleEvery: 1 };
    const fresh = compileProblem({ ...flow, sampling }).stages![1]!.problem([before], engine);
    const objective = new PinnObjective(fresh, engine);
    const first = objective.residualNorms(before)['conditions'];
    objective.nextBatch(2);
    const { terms } = objective.linearize(before);
    expect(objective.residualNorms(before)['conditions']).not.toBe(first);
    const initial = fresh.groups.filter(({ slots }) => slots.every(({ condition }) => condition >= 2));
    expect(initial.length).toBeGreaterThan(0);
    expect(terms.at(-1)!.residual.filter((e) => Math.abs(e) < 1e-14).length).toBeGreaterThan(5);
  });
});

test('works on a geometry, with adaptive points and causal weights', async () => {
  const { relativeL2, status } = await solve({
    domain: { t: [0, 0.4], x: [-1, 1], y: [-1, 1] },
    geometry: { type: 'disk', center: [0, 0], radius: 1 },
    equations: ['u_t = laplacian(u) + 4*exp(-t) - (1 - x^2 - y^2)*exp(-t)'],
    conditions: [
      { on: 'boundary', equation: 'u = 0' },
      { on: 't = 0', equation: 'u = 1 - x^2 - y^2' },
    ],
    exact: { u: '(1 - x^2 - y^2)*exp(-t)' },
    network: { hidden: [12] },
    sampling: { interior: 150, conditions: 60, adaptive: { name: 'rad', every: 5, pool: 500 } },
    weights: { pointwise: { name: 'causal', chunks: 4 } },
    curriculum: { windows: 2 },
    stop: { steps: 160 },
  });
  expect(status).toBe('finished');
  expect(relativeL2['u']).toBeLessThan(1e-2);
});

test('a training that ends before its last window says so; its last network is extrapolated', async () => {
  const controller = new AbortController();
  const early = await solve(windowed, {
    signal: controller.signal,
    onProgress: ({ step }) => step === 85 && controller.abort(),
  });
  expect(early.status).toBe('cancelled');
  expect(early.warnings).toEqual([
    `the training ended in stage 2 of 3, t in [${1 / 3}, ${2 / 3}]; at later times the last network is extrapolated`,
  ]);
  expect(early.network.windows).toEqual([1 / 3]);
  const size = early.network.parameters.length / 2;
  const last = loadSolution({ ...early.report, spec: parsePinnSpec(wave) }, {
    ...early.network,
    windows: undefined,
    parameters: early.network.parameters.subarray(size),
  } as never);
  expect(early.evaluate([[0.9, 0.4]])).toEqual(last.evaluate([[0.9, 0.4]]));
  // And errors are those on the whole domain, as far as 1200 random points tell.
  expect(early.rmse['u']! / waveError(early)).toBeGreaterThan(0.75);
  expect(early.rmse['u']! / waveError(early)).toBeLessThan(1.33);
});

test('errors within a part of time are measured once it is reached', async () => {
  const { history, relativeL2 } = await solve({ ...windowed, errorsWithin: { t: [0.5, 0.6] } });
  const measured = history.filter((row) => row['pinn/rel_l2'] !== undefined).map((row) => row['pinn/stage']);
  expect(Math.min(...(measured as number[]))).toBe(2);
  expect(relativeL2['u']).toBeLessThan(1e-2);
});

describe('the specification', () => {
  test('is its own effective form; windows need memory', () => {
    const spec = parsePinnSpec(windowed);
    expect(spec.curriculum).toEqual({ windows: 3 });
    expect(parsePinnSpec(spec)).toEqual(spec);
    const { bytes, parameters } = checkPinn(wave);
    expect(checkPinn(windowed).bytes).toBe(bytes + 8 * 4 * 2 * parameters);
    expect(checkPinn({ ...wave, curriculum: { windows: [0.2, 0.5] } }).bytes).toBe(checkPinn(windowed).bytes);
  });

  test.each([
    [
      {
        domain: { x: [0, 1], y: [0, 1] },
        equations: ['u_x = 0'],
        conditions: [{ on: 'x = 0', equation: 'u = 0' }],
        exact: undefined,
      },
      '/curriculum/windows',
      'expected the coordinate t in the domain, got x, y',
    ],
    [
      { curriculum: { windows: [0.5, 0.4] } },
      '/curriculum/windows',
      'expected ascending times between 0 and 1, got 0.5, 0.4',
    ],
    [{ curriculum: { windows: [1] } }, '/curriculum/windows', 'expected ascending times between 0 and 1, got 1'],
    [{ stop: { steps: 2 } }, '/stop/steps', 'expected at least one step for each of the 3 windows, got 2'],
    [{ stop: { seconds: 2 } }, '/stop/steps', 'expected at least one step for each of the 3 windows, got none'],
    [
      { conditions: [...wave.conditions, { on: 't = 1', equation: 'u = 0' }] },
      '/conditions/3/on',
      'time windows go forward from t = 0 and know no other conditions in time, got t = 1',
    ],
    [
      { conditions: [wave.conditions[0]!] },
      '/curriculum/windows',
      'expected initial data, a condition on t = 0, for the first window to begin with, got none',
    ],
    [
      { network: { embedding: { type: 'periodic', coordinates: ['t'] } } },
      '/network/embedding/coordinates',
      'time windows need a t that is not periodic',
    ],
    [
      { constants: { a: 1 }, curriculum: { windows: 2, continuation: { constant: 'a', values: [2, 1], steps: 9 } } },
      '/curriculum',
      'expected either continuation or windows, got both',
    ],
    [{ ansatz: { u: { factor: 't' } } }, '/ansatz', 'expected no ansatz beside time windows'],
    [
      { network: { weights: 'factorised' as const } },
      '/network/weights',
      'expected "plain" beside time windows, got "factorised"',
    ],
    [{ network: { slopes: 'layer' as const } }, '/network/slopes', 'expected "fixed" beside time windows, got "layer"'],
    [
      { conditions: [...windowed.conditions, { data: { t: [0.5], x: [0.5], u: [0] } }] },
      '/conditions/3/data',
      'expected no data beside time windows',
    ],
  ])('%j is refused', (change, pointer, detail) => {
    expect(() => compileProblem({ ...windowed, ...change })).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ pointer, detail })] }),
    );
  });
});
