import { solve } from '@kfac/pinn';
import { expect, test } from 'vitest';
import { solveSummary } from './solve.ts';

test('the summary names the unknown scalars, their values and errors', async () => {
  const solution = await solve({
    domain: { t: [0, 1] },
    parameters: { a: { initial: 1, exact: 2 }, b: { initial: 0.5 } },
    equations: ['u_t = -a*u + b'],
    conditions: [
      { on: 't = 0', equation: 'u = 1' },
      { on: 't = 0.5 or t = 1', equation: 'u = exp(-2*t)' },
    ],
    network: { hidden: [4] },
    sampling: { interior: 10, conditions: 3 },
    stop: { steps: 2 },
  });
  const { a, b } = solution.parameters;
  const { standardError, relativeError } = solution.report.estimates['a']!;
  expect(standardError).toBeUndefined(); // 13 points, 15 parameters
  const lines = solveSummary(solution.toJSON()).split('\n');
  const row = (name: string): string[] => lines.find((line) => line.startsWith(`${name} `))!.split(/ +/);
  expect(row('parameter')).toEqual(['parameter', 'value', 'standard', 'error', 'relative', 'error']);
  expect(row('a')).toEqual(['a', String(a), '–', relativeError!.toPrecision(4)]);
  expect(row('b')).toEqual(['b', String(b), '–', '–']);
});
