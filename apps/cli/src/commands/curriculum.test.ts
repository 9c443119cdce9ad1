import { expect, test } from 'vitest';
import { EXIT } from '../exit.ts';
import { cliFixture } from '../testing.test-support.ts';
import { solveTrainer } from './solve.ts';
import { trainCommand } from './train.ts';

const cli = cliFixture();

test('a curriculum can be given on the command line', async () => {
  const growth = {
    domain: { t: [0, 1] },
    constants: { k: 2 },
    equations: ['u_t = k*u'],
    conditions: [{ on: 't = 0', equation: 'u = 1' }],
    network: { hidden: [5] },
    sampling: { interior: 20, conditions: 1 },
    stop: { steps: 6 },
  };
  const run = async (...args: string[]) => {
    const before = cli.stdout.length;
    expect(await trainCommand(solveTrainer, [cli.file('growth.json', growth), '--json', ...args])).toBe(EXIT.finished);
    return JSON.parse(cli.stdout.slice(before)) as { spec: unknown; history: Record<string, number>[] };
  };
  const windows = await run('--set', 'curriculum.windows=2', '--spectrum');
  expect(windows.spec).toMatchObject({ curriculum: { windows: 2 } });
  expect(windows.history.map((row) => row['pinn/stage'])).toEqual([1, 1, 1, 2, 2, 2]);
  expect(cli.stderr).toContain('stage 2 of 2: t in [0.5, 1]');

  const times = await run('--set', 'curriculum.windows=[0.2]');
  expect(times.spec).toMatchObject({ curriculum: { windows: [0.2] } });
  const of = (key: string, value: string) => ['--set', `curriculum.continuation.${key}=${value}`];
  const values = await run(...of('constant', 'k'), ...of('values', '[1,2]'), ...of('steps', '2'));
  expect(values.history.map((row) => row['pinn/stage'])).toEqual([1, 1, 2, 2, 2, 2]);
});
