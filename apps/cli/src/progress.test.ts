import { expect, test } from 'vitest';
import { ProgressLine, duration } from './progress.ts';

/** Feeds ten steps a second; gives what was written. */
function written(isTTY: boolean, seconds: number, stop: { steps?: number; seconds?: number }): string[] {
  const texts: string[] = [];
  const line = new ProgressLine({ isTTY, columns: 120, write: (text: string) => texts.push(text) }, stop);
  for (let step = 1; step <= 10 * seconds; step++) {
    line.update({
      step,
      seconds: step / 10,
      metrics: { loss: 1 / step, ...(step % 5 === 0 && { 'pinn/rmse': 2 / step }) },
    });
  }
  line.close();
  return texts;
}

test('a log gets a line every five seconds, with loss, error, rate and time left', () => {
  const lines = written(false, 21, { steps: 300 });
  expect(lines).toHaveLength(4);
  expect(lines[3]).toMatch(
    /^step 20\d\/300 {2}loss 0\.00\d+ {2}rmse 0\.0\d+ {2}10\.0 steps\/s {2}at most 9\.\d s left\n$/,
  );
});

test('a short run writes no progress into a log', () => {
  expect(written(false, 3, { steps: 30 })).toEqual([]);
});

test('a terminal gets one line that is rewritten, and an end of line', () => {
  const lines = written(true, 2, { seconds: 5 });
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
