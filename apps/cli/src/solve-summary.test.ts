import { solve } from '@kfac/pinn';
import { expect, test } from 'vitest';
import { solveSummary } from './solve-summary.ts';

test('a problem from data alone has no table of conditions', async () => {
  const spec = {
    domain: { x: [0, 1] as [number, number] },
    network: { hidden: [4] },
    sampling: { interior: 10 },
    stop: { steps: 1 },
  };
  const equations = ['u_x = -u'];
  const measured = await solve({ ...spec, equations, conditions: [{ data: { x: [0, 1], u: [1, 0.37] } }] });
  const summary = solveSummary(measured.report);
  expect(summary).toContain('by term');
  expect(summary).not.toContain('misfit');
  const given = await solve({ ...spec, equations, conditions: [{ on: 'x = 0', equation: 'u = 1' }] });
  expect(solveSummary(given.report)).toMatch(/misfit of condition .*\n.*\nu = 1 on x = 0 /);
});
