import { describe, expect, test } from 'vitest';
import { type ProblemResult, mergeResults } from './accuracy-table.ts';

const order = ['P2', 'A-1/pi', 'H1'];
const peers = ['One', 'Two'];
const merge = (text: string, ...results: ProblemResult[]): string => mergeResults(text, results, order, peers);

function result(name: string, ours: number, note: string): ProblemResult {
  const level = (value: number, seconds: number) => ({
    level: value,
    ours: seconds,
    peers: { One: 10 * seconds, Two: 3.456 },
    aim: 0.5,
  });
  return { name, levels: [level(1e-2, ours), level(1e-6, Number.POSITIVE_INFINITY)], note };
}

const p2 = `| problem | error | ours | One | Two | aim | published, RTX 6000 |
|---|---|---|---|---|---|---|
| P2 | 1e-2 | 12 s | 120 s | 3.5 s | 0.5 s | – |
| P2 | 1e-6 | not reached | not reached | 3.5 s | 0.5 s | – |

- P2: here; today.`;

describe('the table of seconds to an error', () => {
  test('is made from nothing: a row for each level, a note for each problem', () => {
    expect(merge('', result('P2', 12.34, 'here; today.'))).toBe(p2);
  });

  test('keeps problems of other calls, in the order of the problems, whatever the order of the calls', () => {
    const [a, b, c] = [result('H1', 1, 'x'), result('P2', 2, 'y'), result('A-1/pi', 3, 'z')];
    const parts = merge(merge(merge('', a), b), c);
    expect(parts).toBe(merge('', b, c, a));
    expect(parts.match(/^- .*$/gm)).toEqual(['- P2: y', '- A-1/pi: z', '- H1: x']);
  });

  test('takes rows and note of a problem from one call: a new one replaces both', () => {
    const both = merge('', result('P2', 1, 'old: machine'), result('H1', 2, 'kept'));
    const merged = merge(both, { ...result('P2', 7, 'new'), levels: [{ level: 1e-3, ours: 7, peers: {} }] });
    expect(merged).toContain('| P2 | 1e-3 | 7 s | – | – | – | – |');
    expect(merged.match(/^\| P2 /gm)).toHaveLength(1);
    expect(merged.match(/^\| H1 /gm)).toHaveLength(2);
    expect(merged).not.toContain('old');
    expect(merged).toContain('- H1: kept');
  });

  test('stays the same when nothing is new, even where another hand has spaced it', () => {
    expect(merge(p2)).toBe(p2);
    expect(merge(p2.replace('| problem | error |', '|  problem |error   |'))).toBe(p2);
  });

  test('drops a problem that is no longer one', () => {
    expect(mergeResults(p2, [result('H1', 1, 'x')], ['H1'], peers)).not.toContain('P2');
  });

  test('does not overwrite what it cannot read', () => {
    expect(() => mergeResults(p2, [], order, ['One'])).toThrow(/expected a table with the columns .* got /);
    expect(() => merge(`${p2}\nA remark.`)).toThrow('got A remark.');
    expect(() => merge(p2.replace('- P2: here; today.', ''))).toThrow('rows and a note of the problem P2');
    expect(() => merge(`${p2}\n- H1: x`)).toThrow('rows and a note of the problem H1');
  });
});
