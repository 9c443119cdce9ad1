import { expect, test } from 'vitest';
import { UUID_PATTERN, uuidv7 } from './id.ts';

test('ids are UUIDs of version 7 that sort as they were made, even within one millisecond', () => {
  const start = 1_700_000_000_000;
  const ids = Array.from({ length: 20_000 }, (_, i) => uuidv7(start + Math.floor(i / 9000)));
  for (const id of ids) expect(id).toMatch(UUID_PATTERN);
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(Number.parseInt(ids[0]!.replaceAll('-', '').slice(0, 12), 16)).toBe(start);
  expect(uuidv7(start - 1000) > ids.at(-1)!).toBe(true);
});
