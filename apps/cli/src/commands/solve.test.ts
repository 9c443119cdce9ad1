import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { solve as solveProblem } from '@kfac/pinn';
import { expect, test } from 'vitest';
import { EXIT, exitCodeOf } from '../exit.ts';
import { cliFixture, decay } from '../testing.test-support.ts';
import { solveSummary } from '../solve-summary.ts';
import { solveTrainer } from './solve.ts';
import { trainCommand } from './train.ts';

const cli = cliFixture();
const solve = (...args: string[]): Promise<number> => trainCommand(solveTrainer, args);

test('the summary has residuals on training and fresh points, and the misfit of every condition', async () => {
  expect(await solve(cli.file('decay.json', decay))).toBe(EXIT.finished);
  expect(cli.stdout).toMatch(/by term +loss +RMS residual +on fresh points\n.*\ninterior +\S+ +\S+ +\S+\nconditions/);
  expect(cli.stdout).toMatch(/misfit of condition +RMS +largest\n.*\nu = 1 on x = 0 +\S+ +\S+\n/);
  expect(cli.stdout).not.toContain('singular');
});

test('--start-from goes on from the network that --out left, under another specification', async () => {
  const out = join(cli.folder, 'out');
  await solve(cli.file('decay.json', decay), '--out', out, '--json');
  const first = JSON.parse(cli.stdout) as { loss: number };
  const before = cli.stdout.length;
  const code = await solve(
    cli.file('decay.json', decay),
    ...['--start-from', join(out, 'network.json'), '--json', '--set', 'optimizer.name=kfac', '--set', 'stop.steps=1'],
    ...['--set', 'sampling.interior=80', '--set', 'weights.interior=0.1'],
  );
  expect(code).toBe(EXIT.finished);
  expect(cli.stderr).toContain('starts from the parameters of a saved network');
  const next = JSON.parse(cli.stdout.slice(before)) as { startHash: string; history: { loss: number }[] };
  expect(next.startHash).toMatch(/^[\da-f]{64}$/);
  expect(next.history[0]!.loss).toBeLessThan(100 * first.loss + 1e-12);
});

test('a network of another shape, no network and no file are bad input', async () => {
  const out = join(cli.folder, 'out');
  const problem = cli.file('decay.json', decay);
  await solve(problem, '--out', out);
  const other = await solve(problem, '--set', 'network.hidden=[9]', '--start-from', join(out, 'network.json')).catch(
    (error: unknown) => error,
  );
  expect(String(other)).toContain('/sizes/1: 8 there, 9 here');
  expect(exitCodeOf(other)).toBe(EXIT.badInput);
  for (const [path, why] of [
    [problem, 'expected a saved network'],
    [cli.file('broken.json', '{'), 'cannot read'],
    [join(cli.folder, 'nowhere.json'), 'ENOENT'],
  ] as const) {
    const error: unknown = await solve(problem, '--start-from', path).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(why);
    expect(exitCodeOf(error)).toBe(EXIT.badInput);
  }
});

test('--estimate-error solves twice and says what the number is', async () => {
  const { exact: _, ...open } = decay;
  expect(await solve(cli.file('open.json', open), '--estimate-error')).toBe(EXIT.finished);
  expect(cli.stdout).toContain('no exact solution is given, so no error is known');
  expect(cli.stdout).toMatch(/distance of seeds 1 and 2 +RMS +relative L2 +largest\n.*\nu +\S+ +\S+ +\S+\n/);
  expect(cli.stdout).toContain('(an estimate of the error, not a bound)');
  const before = cli.stdout.length;
  await solve(cli.file('decay.json', decay), '--estimate-error', '--json');
  const { errorEstimate, rmse } = JSON.parse(cli.stdout.slice(before)) as {
    errorEstimate: { seed: number; rms: { u: number } };
    rmse: { u: number };
  };
  expect(errorEstimate.seed).toBe(2);
  expect(errorEstimate.rms.u / rmse.u).toBeGreaterThan(0.1);
  await expect(solve(cli.file('decay.json', decay), '--estimate-error', '--start-from', 'x.json')).rejects.toThrow(
    'two independent starts',
  );
});

test('--spectrum adds the singular values, to the summary and to the report', async () => {
  await solve(cli.file('decay.json', decay), '--spectrum');
  expect(cli.stdout).toMatch(/singular values of J +largest +smallest +numerical rank\n.*\ninterior .* of 25\n/);
  const before = cli.stdout.length;
  await solve(cli.file('decay.json', decay), '--spectrum', '--json', '--out', cli.folder);
  const { spectrum } = JSON.parse(cli.stdout.slice(before)) as { spectrum: { terms: object; all: number[] } };
  expect(Object.keys(spectrum.terms)).toEqual(['interior', 'conditions']);
  expect(spectrum.all).toHaveLength(25);
  expect(JSON.parse(readFileSync(join(cli.folder, 'result.json'), 'utf8'))).toMatchObject({ spectrum });
});

test('hedging knows none of these options', async () => {
  const { hedgeTrainer } = await import('./hedge.ts');
  await expect(trainCommand(hedgeTrainer, ['HEDGE-1', '--spectrum'])).rejects.toThrow("Unknown option '--spectrum'");
});

test('the summary names the unknown scalars, their values and errors', async () => {
  const solution = await solveProblem({
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
