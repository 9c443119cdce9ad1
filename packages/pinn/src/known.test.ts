import { type KfacError, defaultEngine, gradient, selectEngine } from '@kfac/core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { readKnownFiles } from './known-file.ts';
import { networkValues } from './network-values.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem, parsePinnSpec } from './problem.ts';
import { residualValues } from './residual-values.ts';
import { type SavedNetwork, networkOf } from './saved-network.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const engine = defaultEngine();

/** A problem whose network, at random weights, is a known function of others. */
const source = {
  domain: { t: [0, 1], x: [-1, 2] },
  unknowns: ['v', 'w'],
  constants: { k: 2 },
  equations: ['v_t = w_x', 'w_t = v_x'],
  conditions: [{ on: 't = 0', equation: 'v = 0' }],
  ansatz: { w: { offset: 'sin(k*x)', factor: '1 + x^2' } },
  network: { hidden: [6, 5] },
  sampling: { interior: 20, conditions: 6 },
} satisfies PinnSpecInput;

/** The saved network of a problem at random weights, and its values there. */
function saved(spec: PinnSpecInput, networks = 1) {
  const problem = compileProblem(spec);
  const steep = compileProblem({ ...spec, network: { ...spec.network, firstLayerScale: 2 } });
  const { size } = problem.layout;
  const theta = new Float64Array(networks * size);
  for (let k = 0; k < networks; k++) theta.set(steep.networks.initial(7 + k), k * size);
  const weights = networks === 1 ? problem.networks.weights(theta) : theta;
  return {
    network: networkOf(problem, theta) as SavedNetwork,
    values: (points: readonly (readonly number[])[], derivatives: readonly string[] = []) =>
      networkValues(problem, engine, weights, points, derivatives),
  };
}

const { network, values } = saved(source);

/** Everywhere: coefficient, source, condition with a normal, constraint. */
const target = {
  domain: { t: [0, 1], x: [-1, 2] },
  known: { g: { network, unknown: 'w' }, h: { network, unknown: 'v' } },
  equations: ['u_t + g*u_x = h*u_xx + g_xx + 2*h_tx*u'],
  conditions: [
    { on: 't = 0', equation: 'u = g' },
    { on: 'x = 2', equation: 'dn(u) + g_x*u = h' },
    { on: 'x = -1', equation: 'u = 3*h' },
  ],
  constraints: [{ integral: 'u*g + h_t', equals: 0.3 }],
  network: { hidden: [5] },
  sampling: { interior: 30, conditions: 12 },
} satisfies PinnSpecInput;

/** A derivative of w or v by central differences of values. */
function difference(name: 'v' | 'w', point: readonly [number, number], along: readonly ('t' | 'x')[]): number {
  const [first, ...others] = along;
  if (!first) return values([point])[name]![0]!;
  const h = 1e-3;
  const at = (by: number): number => {
    const moved: [number, number] = first === 't' ? [point[0] + by, point[1]] : [point[0], point[1] + by];
    return difference(name, moved, others);
  };
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

function objectiveOf(spec: PinnSpecInput, seed = 3) {
  const problem = compileProblem(spec);
  const objective = new PinnObjective(problem, engine);
  return { problem, objective, theta: problem.networks.initial(seed) };
}

/** The points of a term's first batch. */
function pointsOf(term: unknown): [number, number][] {
  const { coordinates, points } = (term as { batches: { coordinates: Float64Array; points: number }[] }).batches[0]!;
  return Array.from({ length: points }, (_, n) => [coordinates[n]!, coordinates[points + n]!]);
}

describe('known functions in texts', () => {
  const { problem, objective, theta } = objectiveOf(target);
  const own = (points: readonly (readonly number[])[], names: readonly string[] = []) =>
    networkValues(problem, engine, problem.networks.weights(theta), points, names);

  const expected = (point: [number, number]): number => {
    const u = own([point], ['u_t', 'u_x', 'u_xx']);
    const [v, w] = [difference('v', point, []), difference('w', point, [])];
    const right =
      v * u['u_xx']![0]! + difference('w', point, ['x', 'x']) + 2 * difference('v', point, ['t', 'x']) * u['u']![0]!;
    return u['u_t']![0]! + w * u['u_x']![0]! - right;
  };

  test('have the values and derivatives of their network, ansatz included', () => {
    const term = objective.linearize(theta).terms[0]!;
    for (const [n, point] of pointsOf(term).entries()) expect(term.residual[n]).toBeCloseTo(expected(point), 7);
  });

  test('follow points that are drawn anew', () => {
    const made = objectiveOf({ ...target, sampling: { ...target.sampling, resampleEvery: 1 } });
    const before = pointsOf(made.objective.linearize(theta).terms[0]);
    made.objective.nextBatch(2);
    const term = made.objective.linearize(theta).terms[0]!;
    const now = pointsOf(term);
    expect(now).not.toEqual(before);
    for (const [n, point] of now.entries()) expect(term.residual[n]).toBeCloseTo(expected(point), 7);
  });

  test('stand in conditions and constraints', () => {
    const residual = (number: number, point: [number, number], fields: number[] = []) =>
      residualValues(
        problem,
        engine,
        problem.conditions[number]!,
        theta,
        Float64Array.from(point),
        Float64Array.from(fields),
      ).residual[0];
    const point: [number, number] = [0.3, 2];
    const { u, u_x: slope } = own([point], ['u_x']);
    const [v, w] = [difference('v', point, []), difference('w', point, [])];
    expect(residual(0, point)).toBeCloseTo(u![0]! - w, 12);
    expect(residual(1, point, [1])).toBeCloseTo(slope![0]! + difference('w', point, ['x']) * u![0]! - v, 9);
    expect(residual(2, point)).toBeCloseTo(u![0]! - 3 * v, 12);

    const [constraint] = problem.constraints;
    const integrand = residualValues(problem, engine, constraint!, theta, Float64Array.from(point)).residual[0];
    expect(integrand).toBeCloseTo(u![0]! * w + difference('v', point, ['t']), 9);
    // By a midpoint rule.
    const m = 150;
    const grid = Array.from({ length: m * m }, (_, k) => [
      ((k % m) + 0.5) / m,
      -1 + (3 * (Math.floor(k / m) + 0.5)) / m,
    ]);
    const { u: us } = own(grid);
    const { w: ws, v_t: vs } = values(grid, ['v_t']);
    const integral = grid.reduce((sum, __, n) => sum + us![n]! * ws![n]! + vs![n]!, 0) * (3 / m ** 2);
    const fine = objectiveOf({ ...target, sampling: { interior: 400, conditions: 12 } }).objective.linearize(theta);
    expect(fine.terms.at(-1)!.residual[0]).toBeCloseTo(integral - 0.3, 3);
  });

  test('oracle pinn §8.3: the gradient against central differences', () => {
    const g = new Float64Array(theta.length);
    gradient(problem.layout, objective.linearize(theta), g);
    for (let k = 0; k < theta.length; k++) {
      const shifted = (by: number) => objective.loss(theta.map((value, i) => (i === k ? value + by : value)));
      expect(Math.abs((shifted(1e-5) - shifted(-1e-5)) / 2e-5 - g[k]!)).toBeLessThan(1e-7 * (1 + Math.abs(g[k]!)));
    }
  });

  test.each([
    ['a gated network', { ...source, network: { type: 'gated' as const, hidden: [5, 5] } }, 1],
    [
      'a periodic embedding',
      { ...source, network: { hidden: [5], embedding: { type: 'periodic' as const, coordinates: ['x'] } } },
      1,
    ],
    [
      'Fourier features',
      { ...source, network: { hidden: [5], embedding: { type: 'fourier' as const, frequencies: 3 } } },
      1,
    ],
    ['factorised weights', { ...source, network: { hidden: [5], weights: 'factorised' as const } }, 1],
    ['time windows', { ...source, ansatz: undefined, curriculum: { windows: [0.4] } }, 2],
  ])('of %s', (_, spec, networks) => {
    const made = saved(spec as PinnSpecInput, networks);
    const reader = compileProblem({
      ...target,
      known: { g: { network: made.network, unknown: 'w' } },
      equations: ['u*g_xx = g'],
      conditions: [{ on: 't = 0', equation: 'u = 0' }],
      constraints: undefined,
    });
    const at = reader.networks.initial(3);
    const points = [
      [0.1, -0.5],
      [0.9, 1.5],
    ];
    const rows = Float64Array.from([0.1, 0.9, -0.5, 1.5]);
    const { residual, values: us } = residualValues(reader, engine, reader.equations[0]!, at, rows);
    const { w, w_xx: second } = made.values(points, ['w_xx']);
    for (const n of [0, 1]) expect(residual[n]).toBeCloseTo(us[0]![n]! * second![n]! - w![n]!, 11);
  });
});

test('checks of the texts know their values', async () => {
  const spec = {
    domain: { x: [0, 1] },
    equations: ['u_xx = 0'],
    conditions: [{ on: 'boundary', equation: 'u = x' }],
    ansatz: { u: { offset: 'x', factor: 'x*(1 - x)' } },
    network: { hidden: [4] },
  } satisfies PinnSpecInput;
  const { network: line } = saved(spec);
  const { ansatz: __, ...plain } = { ...spec, known: { g: { network: line } } };
  const warningsOf = async (change: object) =>
    (await solve({ ...plain, ...change, sampling: { interior: 10, conditions: 2 }, stop: { steps: 1 } })).report
      .warnings;
  // g = x at the ends, and nowhere else.
  const both = [...spec.conditions, { on: 'boundary', equation: 'u = g' }];
  expect(await warningsOf({ conditions: both })).toEqual(
    expect.arrayContaining([expect.stringContaining('say the same')]),
  );
  const exact = { u: 'x' };
  expect(await warningsOf({ exact, conditions: [{ on: 'boundary', equation: 'u = g' }] })).toEqual([]);
  expect(await warningsOf({ exact, equations: ['u_xx = g - x'] })).toEqual([
    expect.stringContaining('the exact solution does not satisfy the equation'),
  ]);
});

describe('deflation', () => {
  const string = {
    domain: { x: [0, 1] },
    equations: ['-u_xx = lambda*u'],
    conditions: [],
    ansatz: { u: { factor: 'x*(1 - x)' } },
    network: { hidden: [16] },
    sampling: { interior: 100, conditions: 2 },
    stop: { steps: 300 },
  } satisfies PinnSpecInput;

  test.each([1, 2, 3])(
    'the modes of a string one after the other, each against those trained before (seed %i)',
    async (seed) => {
      const known: Record<string, { network: SavedNetwork }> = {};
      for (const [k, initial] of [8, 30, 75].entries()) {
        const exact = ((k + 1) * Math.PI) ** 2;
        const mode = await solve({
          ...string,
          seed,
          parameters: { lambda: { initial, positive: true } },
          known,
          constraints: [
            { integral: 'u^2', equals: 1 },
            ...Object.keys(known).map((name) => ({ integral: `u*${name}`, equals: 0 })),
          ],
          weights: { interior: 0.01 / (k === 0 ? 1 : exact ** 2) },
        });
        expect(Math.abs(mode.parameters['lambda']! / exact - 1)).toBeLessThan(1e-5);
        known[`u${k + 1}`] = { network: mode.network };
      }
    },
  );
});

test('oracle pinn §8.20: resume is bit for bit, for any number of threads', async () => {
  const spec: PinnSpecInput = {
    ...target,
    optimizer: { name: 'kfac' },
    sampling: { ...target.sampling, resampleEvery: 3 },
    stop: { steps: 12 },
  };
  const whole = await solve(spec);
  const controller = new AbortController();
  let checkpoint: Uint8Array | undefined;
  await solve(spec, {
    signal: controller.signal,
    onProgress: ({ step }) => step === 5 && controller.abort(),
    onCheckpoint: (bytes) => (checkpoint = bytes),
  });
  const resumed = await solve(spec, { resume: checkpoint!, engine: selectEngine({ threads: 2 }) });
  expect(resumed.network.parameters).toEqual(whole.network.parameters);
  expect(resumed.loss).toBe(whole.loss);
});

describe('the specification', () => {
  test('takes typed arrays, is plain JSON in its effective form, and part of the hash', () => {
    const spec = parsePinnSpec(target);
    expect(spec.known!['g']!.network.parameters).toEqual(Array.from(network.parameters));
    expect(parsePinnSpec(spec)).toEqual(spec);
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    const other = { ...network, parameters: Array.from(network.parameters, (value) => value + 1e-9) };
    const changed = { ...target, known: { ...target.known, h: { network: other, unknown: 'v' } } };
    expect(checkPinn(changed).hash).not.toBe(checkPinn(target).hash);
  });

  test('needs memory for their rows and parameters', () => {
    const plain = {
      ...target,
      known: undefined,
      equations: ['u_t = u_xx'],
      conditions: [{ on: 't = 0', equation: 'u = 0' }],
      constraints: undefined,
    };
    const reading = { ...plain, known: { g: { network, unknown: 'w' } }, equations: ['u_t = u_xx + g_x'] };
    // One row twice, d + 2·2 working rows; a chunk of those and the row; the parameters twice.
    expect(checkPinn(reading).bytes - checkPinn(plain).bytes).toBe(
      8 * (30 * (2 + 6) + 30 * (6 + 1) + 2 * network.parameters.length),
    );
  });

  const g = target.known.g;
  const shape = { ...network, parameters: Array.from(network.parameters) };
  const one = (change: object) => ({
    known: { g: { network: { ...shape, ...change }, unknown: 'w' } },
    equations: ['u_t = g'],
    conditions: target.conditions.slice(0, 1),
    constraints: undefined,
  });
  test.each<[string, object, string, string]>([
    [
      'no unknown named',
      { known: { ...target.known, g: { network } } },
      '/known/g/unknown',
      "expected one of the network's unknowns (v, w), got none",
    ],
    [
      'another unknown',
      { known: { ...target.known, g: { ...g, unknown: 'z' } } },
      '/known/g/unknown',
      'expected one of the network\'s unknowns (v, w), got "z"',
    ],
    [
      'other coordinates',
      one({ coordinates: ['x', 't'] }),
      '/known/g/network/coordinates',
      'expected those of the problem (t, x), got x, t',
    ],
    [
      'too few parameters',
      one({ parameters: [1, 2] }),
      '/known/g/network/parameters',
      `expected ${shape.parameters.length} numbers, got 2`,
    ],
    ['other inputs', one({ sizes: [3, 6, 5, 2] }), '/known/g/network/sizes', 'expected 2 inputs, got 3'],
    ['other outputs', one({ sizes: [2, 6, 5, 3] }), '/known/g/network/sizes', 'expected 2 outputs, got 3'],
    [
      'a faulty ansatz',
      one({ ansatz: { w: { factor: 'y' } } }),
      '/known/g/network/ansatz/w/factor',
      'unknown name "y"',
    ],
    ['no network', { known: { g: {} } }, '/known/g/network', 'missing'],
    ['a file', { known: { g: { file: 'network.json' } } }, '/known/g/file', 'readKnownFiles'],
    ['a name that is taken', { known: { ...target.known, u: g } }, '/known/u', '"u" is declared twice'],
    [
      'an unknown name',
      { equations: ['u_t = f'] },
      '/equations/0',
      'unknown name "f"; known here: t, x, u, g, h, pi, e',
    ],
    ['a function in an exact solution', { exact: { u: 'g' } }, '/exact/u', 'unknown name "g"'],
    ['a function in an ansatz', { ansatz: { u: { offset: 'g' } } }, '/ansatz/u/offset', 'unknown name "g"'],
    [
      'a constraint without an unknown',
      { constraints: [{ integral: 'g', equals: 0 }] },
      '/constraints/0/integral',
      'no unknown (u) occurs in "g"',
    ],
    ['a derivative of order 5', { equations: ['u_t = g_xxxxx'] }, '/equations/0', 'expected an order from 1 to 4'],
  ])('%s is refused', (_, change, pointer, detail) => {
    expect(() => compileProblem({ ...target, ...change })).toThrow(
      expect.objectContaining({
        issues: expect.arrayContaining([expect.objectContaining({ pointer, detail: expect.stringContaining(detail) })]),
      }),
    );
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfac-known-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const plain = JSON.parse(JSON.stringify({ ...network, parameters: Array.from(network.parameters) })) as SavedNetwork;

  test('are read in the place of networks, relative to a folder', () => {
    writeFileSync(join(folder, 'network.json'), JSON.stringify(plain));
    const given = { ...target, known: { g: { file: 'network.json', unknown: 'w' }, h: target.known.h } };
    expect(readKnownFiles(given, folder)).toEqual({
      ...target,
      known: { g: { network: plain, unknown: 'w' }, h: target.known.h },
    });
    for (const json of [null, 3, [], {}, { known: 3 }, { known: { g: 3, h: { file: 4 } } }])
      expect(readKnownFiles(json, folder)).toEqual(json);
  });

  test('that are missing or no JSON are refused, all at once', () => {
    writeFileSync(join(folder, 'text.json'), 'u');
    const given = { known: { g: { file: 'none.json' }, h: { file: 'text.json' } } };
    const issues = (() => {
      try {
        readKnownFiles(given, folder);
      } catch (error) {
        return (error as KfacError).issues;
      }
      return [];
    })();
    expect(issues.map(({ pointer }) => pointer)).toEqual(['/known/g/file', '/known/h/file']);
    expect(issues[0]!.detail).toMatch(/"none.json": expected a saved network as JSON: ENOENT/);
  });
});
