import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Study, studyCsv } from '@kfac/pinn';
import { expect, test } from 'vitest';
import { EXIT, exitCodeOf } from '../exit.ts';
import { helpOf } from '../help.ts';
import { cliFixture, decay } from '../testing.test-support.ts';
import { studyCommand, studyTable } from './study.ts';

const cli = cliFixture();

test('prints a line for every run, then medians and rates; files hold the same', async () => {
  const problem = cli.file('decay.json', decay);
  const out = join(cli.folder, 'out');
  expect(await studyCommand([problem, '--points', '3,6', '--seeds', '1, 2', '--out', out])).toBe(EXIT.finished);
  expect(cli.stderr).toMatch(/^points 3, seed 1: relative L2 \S+ in .* \(\w+\)\n/);
  expect(cli.stderr.match(/^points/gm)).toHaveLength(4);
  expect(cli.stdout).toMatch(/^points +parameters +RMSE +relative L2 +residual +time +rate\n/);
  expect(cli.stdout).toContain('medians of 2 seeds; rate: -d log(relative L2)/d log(points)');
  const study = JSON.parse(readFileSync(join(out, 'study.json'), 'utf8')) as Study;
  expect(study.rows).toHaveLength(4);
  expect(cli.stdout).toBe(`${studyTable(study)}\n`);
  const csv = readFileSync(join(out, 'study.csv'), 'utf8');
  expect(csv).toBe(studyCsv(study));
  const [header, first] = csv.split('\n');
  expect(header).toBe('points,seed,parameters,status,stopReason,steps,seconds,loss,residual,rmse,relativeL2');
  expect(first).toMatch(/^3,1,25,finished,\w+,\d+,/);
});

test('--json is one object; without an exact solution its cells are empty', async () => {
  const { exact: _, ...open } = decay;
  expect(await studyCommand([cli.file('open.json', open), '--widths', '2,4', '--json', '--threads', '1'])).toBe(0);
  const study = JSON.parse(cli.stdout) as Study;
  expect([study.refinement, study.measure, study.rows.length]).toEqual(['width', 'residual', 2]);
  expect(studyCsv(study).split('\n')[1]).toMatch(/,,$/);
  expect(studyTable(study)).toContain('–');
});

test.each([
  [[], 'either --points N,N,… or --widths N,N,…'],
  [['--points', '2,3', '--widths', '2,3'], 'either --points'],
  [['--points', '2,x'], '--points expects a whole number from 0 to 9007199254740991, got "x"'],
  [['--points', '4,2'], 'ascending whole numbers'],
  [['--points', '4,8', '--seeds', '1,'], '--seeds expects a whole number'],
])('%j is bad input', async (args, message) => {
  const error: unknown = await studyCommand([cli.file('decay.json', decay), ...args]).catch(
    (thrown: unknown) => thrown,
  );
  expect(String(error)).toContain(message);
  expect(exitCodeOf(error)).toBe(EXIT.badInput);
});

test('it has its own help', () => {
  expect(helpOf('study')).toContain('Usage: kfac study');
  expect(helpOf('')).toContain('study SPEC.json|NAME');
});
