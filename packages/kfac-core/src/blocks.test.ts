import { describe, expect, test } from 'vitest';
import { columnBlocks, rowsAtOnce } from './blocks.ts';
import { ParameterLayout } from './parameters.ts';

const MIB = 2 ** 20;

describe('rows at once', () => {
  test('all of them up to the bytes of a block, then even parts', () => {
    expect(rowsAtOnce(1000, 100)).toBe(1000);
    // 256 MiB are 2^25 numbers: 65536 rows of 512.
    expect(rowsAtOnce(65_536, 512)).toBe(65_536);
    expect(rowsAtOnce(65_537, 512)).toBe(32_769);
    expect(rowsAtOnce(200_000, 2545) * 2545 * 8).toBeLessThanOrEqual(256 * MIB);
  });

  test('never fewer than columns, as long as there are so many; at least one', () => {
    expect(rowsAtOnce(30_000, 10_000)).toBe(10_000);
    expect(rowsAtOnce(100, 7, 1)).toBe(7);
    expect(rowsAtOnce(5, 7, 1)).toBe(5);
    expect(rowsAtOnce(0, 7)).toBe(1);
  });
});

describe('blocks of columns', () => {
  const { blocks } = new ParameterLayout([
    { name: 'first', inputs: 3, outputs: 4 },
    { name: 'second', inputs: 5, outputs: 2 },
  ]);
  const parts = (examples: number, bytes?: number) =>
    columnBlocks(blocks, examples, bytes).map(({ block, from, count, offset, width }) => [
      block.name,
      from,
      count,
      offset,
      width,
    ]);

  test('a matrix each, or so many of its rows as fit, one at least; no column twice and none left out', () => {
    expect(parts(10)).toEqual([
      ['first', 0, 3, 0, 12],
      ['second', 0, 5, 12, 10],
    ]);
    // Room for seven columns: one row of the first matrix, and of the second not three and two but at most three.
    expect(parts(10, 8 * 10 * 7)).toEqual([
      ['first', 0, 1, 0, 4],
      ['first', 1, 1, 4, 4],
      ['first', 2, 1, 8, 4],
      ['second', 0, 3, 12, 6],
      ['second', 3, 2, 18, 4],
    ]);
    expect(parts(10, 1)).toHaveLength(8);
    expect(parts(0)).toHaveLength(2);
  });
});
