import { defaultEngine } from '@kfac/core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const spec: PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1], y: [-1, 1] },
  unknowns: ['u', 'v'],
  constants: { k: 3 },
  equations: ['u_t + v_xy = laplacian(u)', 'v_t = u_x'],
  ansatz: { u: { offset: 'sin(k*x)*exp(-t) + x^2*y', factor: 't*(1 - x)/(2 + cos(y))' } },
  conditions: [{ on: 't = 0', equation: 'v = x' }],
  exact: { u: 't*x', v: 'x' },
  network: { hidden: [6, 5] },
  sampling: { interior: 20, conditions: 10 },
  stop: { steps: 3 },
};

/** ∂^orders of a function by central differences. */
function difference(f: (point: number[]) => number, point: number[], orders: number[], h = 1e-3): number {
  const axis = orders.findIndex((order) => order > 0);
  if (axis < 0) return f(point);
  const rest = orders.map((order, k) => (k === axis ? order - 1 : order));
  const at = (sign: number) =>
    difference(
      f,
      point.map((value, k) => (k === axis ? value + sign * h : value)),
      rest,
      h,
    );
  return (at(1) - at(-1)) / (2 * h);
}

test('evaluate gives u, not N: the ansatz by hand, and all derivatives by differences', async () => {
  const solution = await solve(spec);
  // The same network without the ansatz gives N.
  const { ansatz: _, ...bare } = spec;
  const plain = compileProblem(bare);
  const { networkValues } = await import('./network-values.ts');
  const point = [0.4, 0.3, 0.2];
  const [t, x, y] = point as [number, number, number];
  const outputs = networkValues(plain, defaultEngine(), solution.network.parameters, [point], []);
  const byHand = Math.sin(3 * x) * Math.exp(-t) + x * x * y + ((t * (1 - x)) / (2 + Math.cos(y))) * outputs['u']![0]!;
  const u = (at: number[]): number => solution.evaluate([at])['u']![0]!;
  expect(u(point)).toBeCloseTo(byHand, 14);
  expect(solution.evaluate([point])['v']![0]).toBe(outputs['v']![0]);
  const names: [string, number[]][] = [
    ['u_t', [1, 0, 0]],
    ['u_x', [0, 1, 0]],
    ['u_xx', [0, 2, 0]],
    ['u_xy', [0, 1, 1]],
    ['u_ty', [1, 0, 1]],
  ];
  const values = solution.evaluate([point], [...names.map(([name]) => name), 'laplacian(u)']);
  for (const [name, orders] of names) expect(values[name]![0]).toBeCloseTo(difference(u, point, orders), 4);
  const laplacian = difference(u, point, [0, 2, 0]) + difference(u, point, [0, 0, 2]);
  expect(values['laplacian(u)']![0]).toBeCloseTo(laplacian, 4);
  const fourths = solution.evaluate([point], ['u_xxxx', 'u_xxyy', 'u_yyyy', 'biharmonic(u)']);
  const biharmonic = fourths['u_xxxx']![0]! + 2 * fourths['u_xxyy']![0]! + fourths['u_yyyy']![0]!;
  expect(fourths['biharmonic(u)']![0]! / biharmonic).toBeCloseTo(1, 9);
});

test('fields, errors and the ES module are those of u', async () => {
  const solution = await solve(spec);
  const [field] = solution.fields(5);
  const at = field!.axes[0]!.values.flatMap((t) => field!.axes[1]!.values.map((x) => [t, x, 0]));
  const { u } = solution.evaluate(at) as { u: Float64Array };
  field!.values.forEach((value, n) => expect(value).toBeCloseTo(u[n]!, 6));
  const error = solution.fields(5).find(({ name }) => name === 'error_u')!;
  error.values.forEach((value, n) => expect(value).toBeCloseTo(u[n]! - at[n]![0]! * at[n]![1]!, 6));

  expect(solution.network.ansatz).toEqual(spec.ansatz);
  const folder = mkdtempSync(join(tmpdir(), 'kfac-ansatz-'));
  const file = join(folder, 'solution.mjs');
  writeFileSync(file, solution.export('js'));
  const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
    evaluate(
      point: number[],
      order?: number,
    ): Record<
      string,
      { value: number; gradient: number[]; hessian: number[][]; third: number[][][]; fourth: number[][][][] }
    >;
  };
  rmSync(folder, { recursive: true });
  const point = [0.4, 0.3, -0.2];
  const own = solution.evaluate([point], ['u_t', 'u_x', 'u_y', 'u_tx', 'u_xx', 'u_xy', 'u_yy', 'v_x']);
  const result = module.evaluate(point, 4);
  const high = solution.evaluate([point], ['u_txx', 'u_xxy', 'u_txxy', 'u_xxxx']);
  const close = (name: string): unknown => expect.closeTo(high[name]![0]!, 10);
  expect(result['u']!.third[1]![0]![1]).toEqual(close('u_txx'));
  expect(result['u']!.third[1]![1]![2]).toEqual(close('u_xxy'));
  expect(result['u']!.fourth[0]![1]![2]![1]).toEqual(close('u_txxy'));
  expect(result['u']!.fourth[1]![1]![1]![1]).toEqual(close('u_xxxx'));
  const near = (name: string): unknown => expect.closeTo(own[name]![0]!, 11);
  expect(result['u']!.value).toEqual(near('u'));
  expect(result['u']!.gradient).toEqual(['u_t', 'u_x', 'u_y'].map(near));
  expect(result['u']!.hessian[1]).toEqual(['u_tx', 'u_xx', 'u_xy'].map(near));
  expect(result['u']!.hessian[2]![2]).toEqual(near('u_yy'));
  expect(result['v']!.gradient[1]).toEqual(near('v_x'));
  expect(module.evaluate(point, 1)['u']!.gradient).toEqual(result['u']!.gradient);
  expect(module.evaluate(point, 0)['u']!.value).toBe(result['u']!.value);
});

const line: PinnSpecInput = {
  domain: { x: [0, 1] },
  equations: ['u_xx = -pi^2*sin(pi*x)'],
  conditions: [
    { on: 'x = 0 or x = 1', equation: 'u = 0' },
    { on: 'x = 0', equation: 'u_x = pi' },
  ],
  ansatz: { u: { factor: 'sin(pi*x)' } },
  exact: { u: 'sin(pi*x)' },
  sampling: { interior: 40 },
};

test('conditions that the ansatz satisfies are left out and said; the others stay', async () => {
  const problem = compileProblem(line);
  expect(problem.conditions.map(({ label, places }) => [label, places.length])).toEqual([
    ['the condition "u_x = pi"', 1],
  ]);
  expect(problem.notes).toEqual([
    'the ansatz satisfies the condition "u = 0" on x = 0, which is left out of the loss',
    'the ansatz satisfies the condition "u = 0" on x = 1, which is left out of the loss',
  ]);
  const said: string[] = [];
  await solve({ ...line, stop: { steps: 1 } }, { onNote: (text) => said.push(text) });
  expect(said).toEqual(expect.arrayContaining([...problem.notes]));
});

test('an exact solution that the ansatz cannot give is named with the place', () => {
  const warningsOf = (offset: string) =>
    checkPinn({ ...line, conditions: [], ansatz: { u: { offset, factor: 'x*(1 - x)' } } });
  expect(warningsOf('sin(2*pi*x)').warnings).toEqual([]);
  expect(warningsOf('x/2').warnings).toEqual([
    'the exact solution of u is not what the ansatz gives on x = 1: they differ by up to 0.500',
  ]);
});

test('conditions that the ansatz contradicts are named, and so are periodic ones', () => {
  const warningsOf = (conditions: PinnSpecInput['conditions'], ansatz: NonNullable<PinnSpecInput['ansatz']>) =>
    compileProblem({ ...line, conditions, ansatz }).warnings;
  expect(warningsOf([{ on: 'x = 1', equation: 'u = 2' }], { u: { factor: 'x*(1 - x)' } })).toEqual([
    'the ansatz contradicts the condition "u = 2" on x = 1: residual up to 2.00, whatever the network',
  ]);
  expect(warningsOf([{ periodic: 'x' }], { u: { offset: 'x', factor: '(x*(1 - x))^2' } })).toEqual([
    'the ansatz contradicts the periodicity of u in x on x = 0: residual up to 1.00, whatever the network',
  ]);
});

test.each<[string, PinnSpecInput['ansatz'] | object, string, RegExp]>([
  ['another unknown', { w: { factor: 'x' } }, '/ansatz/w', /"w" is not an unknown; declared: u/],
  ['an unknown in a text', { u: { offset: 'u' } }, '/ansatz/u/offset', /unknown name "u"/],
  ['a derivative in a text', { u: { factor: 'u_x' } }, '/ansatz/u/factor', /derivatives cannot be used here/],
  ['a factor of zero', { u: { factor: '1 - 1' } }, '/ansatz/u/factor', /expected a factor that is not zero everywhere/],
  ['another field', { u: { scale: 'x' } }, '/ansatz/u/scale', /unknown field; known here: offset, factor/],
])('%s is refused', (_, ansatz, pointer, message) => {
  try {
    compileProblem({ ...line, ansatz });
    expect.unreachable();
  } catch (error) {
    const { issues } = error as { issues: { pointer: string; detail: string }[] };
    expect(issues).toEqual([{ pointer, detail: expect.stringMatching(message) }]);
  }
});

test('no condition and no ansatz is refused', () => {
  const { ansatz: _, ...bare } = line;
  expect(() => compileProblem({ ...bare, conditions: [] })).toThrow(/\/conditions: expected at least one condition/);
});

test('an ansatz whose derivatives are not finite is named', () => {
  const { warnings } = checkPinn({ ...line, conditions: [], ansatz: { u: { offset: 'sqrt(x - 2)', factor: 'x' } } });
  expect(warnings[0]).toMatch(/a coefficient of the equation .* is not finite/);
});
