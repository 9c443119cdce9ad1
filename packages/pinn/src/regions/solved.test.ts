import { describe, expect, test } from 'vitest';
import { estimateError } from '../estimate-error.ts';
import { solve } from '../solve.ts';
import { cooling, layers, rod as plain } from './testing.test-support.ts';

const rod = { ...plain, exact: { u: '0.2875*x - x^2/4', v: '0.575*x - 0.075 - x^2/2' } };

describe.each([
  ['a rod of two materials', rod],
  ['two layers', layers],
  ['cooling', cooling],
] as const)('%s', (_, spec) => {
  test.each([1, 2, 3])('is solved from seed %i', async (seed) => {
    const solution = await solve({ ...spec, seed, stop: { steps: 300, relativeL2: 1e-3 } });
    expect(solution.warnings).toEqual([]);
    expect(solution.stopReason).toBe('relativeL2');
  });
});

test('errors are those where an unknown has its equation', async () => {
  const solution = await solve({ ...rod, sampling: { interior: 500, conditions: 4 }, stop: { steps: 8 } });
  const count = 4000;
  const rmse = (unknown: 'u' | 'v', exact: (x: number) => number, from: number, to: number): number => {
    const points = Array.from({ length: count }, (_, n) => [from + ((to - from) * (n + 0.5)) / count]);
    const values = solution.evaluate(points)[unknown]!;
    return Math.sqrt(points.reduce((sum, [x], n) => sum + (values[n]! - exact(x!)) ** 2, 0) / count);
  };
  expect(solution.rmse['u']! / rmse('u', (x) => 0.2875 * x - x ** 2 / 4, 0, 0.4)).toBeCloseTo(1, 1);
  expect(solution.rmse['v']! / rmse('v', (x) => 0.575 * x - 0.075 - x ** 2 / 2, 0.4, 1)).toBeCloseTo(1, 1);
});

test('the residual report: fresh points of an equation are in its region, and sides are drawn where a condition holds', async () => {
  // v_xx = log(x − 0.3) is not finite in the inner part.
  const { residuals, conditions } = await solve({
    ...rod,
    equations: [rod.equations[0]!, { equation: 'v_xx = log(x - 0.3)', in: 'outside inner' }],
    exact: undefined,
    stop: { steps: 40 },
  });
  expect(Object.keys(residuals)).toEqual(['interior/1', 'interior/2', 'conditions']);
  expect(residuals['interior/2']!.fresh!).toBeLessThan(10 * residuals['interior/2']!.training);
  expect(conditions.map(({ on }) => on)).toEqual(['x = 0', 'x = 1', 'inner', 'inner']);

  const { conditions: ofLayers } = await solve({ ...layers, stop: { steps: 5 } });
  const left = ofLayers[1]!.profiles![0]!;
  expect([ofLayers[1]!.on, left.place]).toEqual(['x = 0 or x = 1 in outside lower', 'x = 0 in outside lower']);
  expect(left.at.map((y, n) => Number.isNaN(left.residual[n]) === y <= 0.5)).not.toContain(false);
});

test('fields and exports are NaN where an unknown has no equation, and where an equation does not hold', async () => {
  const solution = await solve({ ...layers, stop: { steps: 3 } });
  const size = 5;
  const fields = Object.fromEntries(solution.fields(size).map(({ name, values }) => [name, values]));
  const below = ['u', 'residual_1', 'exact_u', 'error_u'];
  const above = ['v', 'residual_2', 'exact_v', 'error_v'];
  expect(Object.keys(fields).toSorted()).toEqual([...below, ...above].toSorted());
  for (let n = 0; n < size ** 2; n++) {
    const isBelow = n % size <= 2;
    for (const name of below) expect(Number.isNaN(fields[name]![n])).toBe(!isBelow);
    for (const name of above) expect(Number.isNaN(fields[name]![n])).toBe(isBelow);
  }
  const text = (format: 'csv' | 'js'): string => new TextDecoder().decode(solution.export(format, size));
  expect(text('csv')).toContain('NaN');
  expect(solution.export('vtk', size).length).toBeGreaterThan(8 * size ** 2);
  const { evaluate } = (await import(`data:text/javascript,${encodeURIComponent(text('js'))}`)) as {
    evaluate(point: number[]): Record<string, { value: number }>;
  };
  expect(evaluate([0.3, 0.2])['u']!.value).toBeCloseTo(solution.evaluate([[0.3, 0.2]])['u']![0]!, 12);
});

test('two solutions are compared where their unknowns belong; regions must be the same', async () => {
  const { solution, difference } = await estimateError({ ...rod, stop: { steps: 300, relativeL2: 1e-3 } });
  expect(Math.max(difference!.relativeL2['u']!, difference!.relativeL2['v']!)).toBeLessThan(1e-2);
  const other = await solve({ ...rod, regions: { inner: { x: [0, 0.5] } }, exact: undefined, stop: { steps: 1 } });
  expect(() => solution.difference(other)).toThrow(/they differ at \/regions\/inner/);
});
