import { defaultEngine } from '@kfac/core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TrainedNetwork, initialParameters, networkEmbedding } from '../network.ts';
import { networkValues } from '../network-values.ts';
import { compileProblem } from '../problem.ts';
import type { PinnSpecInput } from '../spec.ts';
import { esModule } from './es-module.ts';

interface Module {
  readonly coordinates: readonly string[];
  readonly domain: Readonly<Record<string, readonly [number, number]>>;
  readonly unknowns: readonly string[];
  evaluate(
    point: ArrayLike<number>,
    order?: number,
  ): Record<
    string,
    { value: number; gradient?: number[]; hessian?: number[][]; third?: number[][][]; fourth?: number[][][][] }
  >;
}

type Case = [
  names: string[],
  hidden: number[],
  activation: TrainedNetwork['activation'],
  embedding?: NonNullable<PinnSpecInput['network']>['embedding'],
];

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kfac-module-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A network of large random weights, its problem, and the module that was written for it. */
async function written(
  names: readonly string[],
  hidden: number[],
  activation: TrainedNetwork['activation'],
  unknowns: string[] = ['u'],
  embedding?: NonNullable<PinnSpecInput['network']>['embedding'],
) {
  const spec: PinnSpecInput = {
    domain: Object.fromEntries(names.map((name, k) => [name, [-k, k + 1]])),
    unknowns,
    equations: unknowns.map((unknown) => `${unknown}_${names[0]} = 1`),
    conditions: unknowns.map((unknown) => ({ on: `${names[0]} = 0`, equation: `${unknown} = 0` })),
    network: { hidden, activation, embedding },
  };
  const problem = compileProblem(spec);
  const parameters = initialParameters(problem.layout, 'tanh', 11).map((value) => 2.5 * value);
  const { sizes, embedding: own } = problem.networks.members[0]!;
  const network: TrainedNetwork = {
    type: 'mlp',
    coordinates: names,
    unknowns,
    ...(own && { embedding: networkEmbedding(own) }),
    sizes,
    activation,
    parameters,
  };
  const text = esModule(network, problem.spec);
  const file = join(
    folder,
    `${names.join('')}-${unknowns.join('')}-${hidden.join('-')}-${activation}${embedding?.type ?? ''}.mjs`,
  );
  writeFileSync(file, text);
  const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Module;
  return { problem, parameters, text, module };
}

test('of several unknowns each has its own output', async () => {
  const { problem, parameters, module } = await written(['t', 'x'], [9], 'tanh', ['u', 'v']);
  const own = networkValues(problem, defaultEngine(), parameters, [[0.3, 0.7]], ['v_t', 'v_xx']);
  const { u, v } = module.evaluate([0.3, 0.7]);
  expect(u!.value).toBeCloseTo(own['u']![0]!, 13);
  expect(v!.value).toBeCloseTo(own['v']![0]!, 13);
  expect(v!.gradient![0]).toBeCloseTo(own['v_t']![0]!, 12);
  expect(v!.hessian![1]![1]).toBeCloseTo(own['v_xx']![0]!, 12);
});

describe.each([
  [['x'], [7], 'tanh'],
  [['t', 'x'], [16, 9], 'tanh'],
  [['t', 'x', 'y'], [12, 8, 5], 'sin'],
  [['t', 'x'], [9, 8], 'silu'],
  [['t', 'x'], [9, 8], 'gelu'],
  [['t', 'x'], [9, 8], 'softplus'],
  [['t', 'x'], [9, 8], 'gaussian'],
  [['t', 'x'], [9], 'tanh', { type: 'periodic', coordinates: ['x'], harmonics: 2 }],
  [['t', 'x', 'y'], [9], 'tanh', { type: 'fourier', frequencies: 5, scale: 1 }],
] as Case[])('over %j with %j hidden units of %s', (names, hidden, activation, embedding) => {
  test('value and derivatives up to order 4 are those of Solution.evaluate to 1e-13 of their size', async () => {
    const { problem, parameters, module } = await written(names, hidden, activation, ['u'], embedding);
    const points = Array.from({ length: 40 }, (_, n) => names.map((__, k) => Math.sin(7 * n + 3 * k) * (k + 1)));
    const extended = (list: string[]): string[] => list.flatMap((name) => names.map((axis) => name + axis));
    const firsts = extended(['u_']);
    const seconds = extended(firsts);
    const thirds = extended(seconds);
    const fourths = extended(thirds);
    const derivatives = [firsts, seconds, thirds, fourths].flat();
    const own = networkValues(problem, defaultEngine(), parameters, points, derivatives);
    const results = points.map((point) => module.evaluate(point, 4)['u']!);
    const compare = (name: string, actual: (n: number) => number): void => {
      const expected = own[name]!;
      const size = Math.max(...expected.map(Math.abs));
      for (const n of points.keys()) expect(Math.abs(actual(n) - expected[n]!), name).toBeLessThan(1e-13 * size);
    };
    compare('u', (n) => results[n]!.value);
    for (const [i, name] of firsts.entries()) compare(name, (n) => results[n]!.gradient![i]!);
    for (const [i, name] of seconds.entries()) compare(name, (n) => results[n]!.hessian!.flat()[i]!);
    for (const [i, name] of thirds.entries()) compare(name, (n) => results[n]!.third!.flat(2)[i]!);
    for (const [i, name] of fourths.entries()) compare(name, (n) => results[n]!.fourth!.flat(3)[i]!);
  });

  test('the Hessian is symmetric; lower orders leave out what they do not have and change nothing else', async () => {
    const { module } = await written(names, hidden, activation, ['u'], embedding);
    const point = Float64Array.from(names, (_, k) => 0.3 + 0.1 * k);
    const { value, gradient, hessian, third, fourth } = module.evaluate(point, 4)['u']!;
    expect(fourth).toHaveLength(names.length);
    expect(hessian).toEqual(hessian!.map((_, i) => hessian!.map((row) => row[i])));
    expect(module.evaluate(point, 3)).toEqual({ u: { value, gradient, hessian, third } });
    expect(module.evaluate(point)).toEqual({ u: { value, gradient, hessian } });
    expect(module.evaluate(point, 1)).toEqual({ u: { value, gradient } });
    expect(module.evaluate(point, 0)).toEqual({ u: { value } });
  });
});

test('the module stands alone, holds the exact weights, and says what it is', async () => {
  const { text, module, parameters } = await written(['t', 'x'], [5], 'tanh');
  expect(text).not.toMatch(/\bimport\b|\brequire\b|\bprocess\b|\bglobalThis\b/);
  expect(module).toMatchObject({ coordinates: ['t', 'x'], domain: { t: [0, 1], x: [-1, 2] }, unknowns: ['u'] });
  const numbers = text.slice(text.indexOf('const layers'), text.indexOf('const sizes')).match(/-?\d[\d.e-]*/g);
  expect(numbers!.slice(-parameters.length).map(Number)).toEqual([...parameters]);
});

test('the module refuses what is no point', async () => {
  const { module } = await written(['t', 'x'], [5], 'tanh');
  expect(() => module.evaluate([1])).toThrow(/expected 2 finite coordinates \(t, x\), got \[1\]/);
  expect(() => module.evaluate([1, NaN])).toThrow(RangeError);
  expect(() => module.evaluate(undefined as unknown as number[])).toThrow(/got undefined/);
  expect(() => module.evaluate([1, 2], 5)).toThrow(/expected an order of 0, 1, 2, 3 or 4, got 5/);
});
