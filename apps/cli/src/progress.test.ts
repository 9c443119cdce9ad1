import { expect, test } from 'vitest';
import { ProgressLine, duration } from './progress.ts';

/** Feeds ten steps a second, from so many seconds of earlier training on; gives what was written. */
function written(
  stream: { isTTY: boolean; columns?: number },
  seconds: number,
  stop: { steps?: number; seconds?: number },
  before = 0,
): string[] {
  const texts: string[] = [];
  const line = new ProgressLine({ columns: 120, ...stream, write: (text: string) => texts.push(text) }, stop);
  for (let step = 1; step <= 10 * seconds; step++) {
    line.update({
      step,
      seconds: before + step / 10,
      metrics: {
        loss: 1 / step,
        'time/total': 0.1,
        ...(step % 5 === 0 && { 'pinn/rmse': 2 / step, 'pinn/rel_l2': 3 / step }),
        'opt/damping': 1e-3,
      },
    });
  }
  line.close();
  return texts;
}

test('a log gets a line after a second, then every five, with loss, error, rate and time left', () => {
  const lines = written({ isTTY: false }, 21.5, { steps: 300 });
  expect(lines.map((line) => /^step (\d+)/.exec(line)![1])).toEqual(['10', '60', '110', '160', '210']);
  expect(lines[4]).toMatch(
    /^step 210\/300 {2}loss 0\.00\d+ {2}rmse 0\.0\d+ {2}rel l2 0\.0\d+ {2}damping 0\.00100 {2}10\.0 steps\/s {2}at most 9\.0 s left\n$/,
  );
});

test('of several unknowns the largest error is shown', () => {
  const texts: string[] = [];
  const line = new ProgressLine({ isTTY: true, columns: 120, write: (text: string) => texts.push(text) }, {});
  line.update({
    step: 1,
    seconds: 1,
    metrics: { loss: 1, 'pinn/rmse/u': 0.25, 'pinn/rmse/v': 0.5, 'pinn/rel_l2/u': 3 },
  });
  expect(texts[0]).toMatch(/loss 1\.00 {2}rmse 0\.500 {2}rel l2 3\.00/);
});

test('a run of two seconds shows progress in a log, also after it was resumed', () => {
  expect(written({ isTTY: false }, 2.5, { steps: 30 })).toHaveLength(1);
  expect(written({ isTTY: false }, 2.5, { steps: 30 }, 100)).toEqual(written({ isTTY: false }, 2.5, { steps: 30 }));
  expect(written({ isTTY: false }, 0.9, { steps: 30 })).toEqual([]);
});

test.each([
  [120, ['step', 'loss', 'rmse', 'rel l2', 'damping', 'steps/s', 'at most']],
  [110, ['step', 'loss', 'rmse', 'rel l2', 'steps/s', 'at most']],
  [90, ['step', 'loss', 'rmse', 'rel l2', 'at most']],
  [80, ['step', 'loss', 'rel l2', 'at most']],
  [60, ['step', 'loss', 'rel l2']],
  [20, ['step']],
])('%i columns hold whole parts: %j', (columns, parts) => {
  const line = written({ isTTY: true, columns }, 200, { steps: 1_000_000 }).at(-2)!.slice(1, -3);
  expect(line.length).toBeLessThan(columns);
  const shown = line.split('  ').map((text) => /^(?:[\d.]+ )?(at most|[a-z/]+(?: l2)?)/.exec(text)![1]);
  expect(shown).toEqual(parts);
  if (parts.includes('at most')) expect(line).toMatch(/ left$/);
});

test('a terminal gets one line that is rewritten, and an end of line', () => {
  const lines = written({ isTTY: true }, 2, { seconds: 5 });
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines.slice(0, -1)) {
    expect(line.startsWith('\r')).toBe(true);
    expect(line.endsWith('\u001B[K')).toBe(true);
    expect(line).not.toContain('\n');
  }
  expect(lines.at(-2)).toMatch(/at most 3\.\d s left/);
  expect(lines.at(-1)).toBe('\n');
});

test.each([
  [0.04, '0.0 s'],
  [9.94, '9.9 s'],
  [59.4, '59 s'],
  [75.3, '1 min 15 s'],
  [7380, '2 h 3 min'],
])('%f seconds read %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
