import { defaultEngine } from '@kfac/core';
import { catalogue, solve } from '@kfac/pinn';
import { expect, test } from 'vitest';

const native = defaultEngine().describe().kind === 'native';

test.skipIf(!native).each([
  ['Disk', 150, 1e-6],
  ['L-shape', 150, 1e-6],
  ['Annulus', 150, 2e-4],
  ['Inclusion', 120, 1e-3],
])(
  '%s by auto: within %i steps below a relative L2 of %d',
  async (name, steps, bound) => {
    const { spec } = catalogue.find((entry) => entry.name === name)!;
    const solution = await solve({ ...spec, stop: { steps, relativeL2: bound } });
    expect(solution.stopReason).toBe('relativeL2');
  },
  120_000,
);
