import { describe, expect, test } from 'vitest';
import { readOptions } from './options.ts';

const read = (line: string) => readOptions(line === '' ? [] : line.split(' '));

describe('the command line of the benchmarks', () => {
  test('five rounds, five seeds, two minutes a run, with the peers', () => {
    expect(read('')).toMatchObject({ accuracy: false, only: null, rounds: 5, steps: 200, seeds: 5, write: true });
    expect(read('--accuracy')).toMatchObject({ accuracy: true, seeds: 5, budget: 120, withPeers: true, write: true });
    expect(read('--accuracy --quick --budget 2.5')).toMatchObject({ seeds: 1, budget: 2.5, write: false });
    expect(read('--accuracy --only P2 --only P5').only).toEqual(['P2', 'P5']);
  });

  test.each([
    ['--only heston', false],
    ['--quick', false],
    ['--accuracy --only P2', false],
    ['--accuracy --only P2 --write', true],
    ['--accuracy --no-peers', false],
    ['--accuracy --no-peers --write', true],
    ['--accuracy --seeds 3 --budget 60', true],
  ])('%s: is it written? %s', (line, write) => {
    expect(read(line).write).toBe(write);
  });

  test.each([
    ['--accuracy --seeds 0', '--seeds expects a positive whole number, got "0"'],
    ['--accuracy --seeds 1.5', '--seeds expects a positive whole number, got "1.5"'],
    ['--accuracy --budget soon', '--budget expects a positive number, got "soon"'],
    ['--rounds Infinity', '--rounds expects a positive whole number, got "Infinity"'],
    ['--accuracy --quick --write', '--quick writes nothing'],
    ['--accuracy --rounds 3', '--rounds goes without --accuracy'],
    ['--budget 3', '--budget goes with --accuracy'],
    ['--no-peers', '--no-peers goes with --accuracy'],
    ['--only heston --write', '--write goes with --accuracy'],
  ])('%s is refused', (line, message) => {
    expect(() => read(line)).toThrow(message);
  });
});
