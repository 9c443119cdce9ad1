import { expect, test } from 'vitest';
import { compileProblem } from './problem.ts';
import { catalogue } from './problems/catalogue.ts';
import { solve } from './solve.ts';

const specOf = (name: string) => catalogue.find((entry) => entry.name === name)!.spec;

test.each([
  ['BH', 160, 1e-5],
  ['Beam', 150, 1e-3],
])(
  '%s by `auto` within %i steps at an RMSE of %d',
  async (name, steps, bound) => {
    const solution = await solve({ ...specOf(name), stop: { steps } });
    expect(solution.optimizer.name).toBe('gauss-newton');
    expect(solution.rmse['u']).toBeLessThan(bound);
  },
  300_000,
);

test('the memory estimate counts the channels of higher orders', () => {
  const spec = specOf('BH');
  const plain = compileProblem({ ...spec, equations: ['laplacian(u) = -2*pi^2*sin(pi*x)*sin(pi*y)'] });
  const plate = compileProblem(spec);
  const [width, rows] = [3 + 2 * 64 + 65 + 2 + 1, 900 * (11 - 4)];
  expect(plate.bytes - plain.bytes).toBe(8 * rows * width);
});
