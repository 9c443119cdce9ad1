import { expect, test } from 'vitest';
import { readBetween, writeBetween } from './marked.ts';

const page = 'one\n<!-- a -->\nfirst\n<!-- end -->\ntwo\n<!-- b -->\n<!-- end -->\nthree\n';

test('reads and writes between a mark and the next end, and leaves the rest alone', () => {
  expect(readBetween(page, '<!-- a -->', '<!-- end -->')).toBe('first');
  expect(readBetween(page, '<!-- b -->', '<!-- end -->')).toBe('');
  const written = writeBetween(page, '<!-- b -->', '<!-- end -->', 'x $& y');
  expect(written).toBe('one\n<!-- a -->\nfirst\n<!-- end -->\ntwo\n<!-- b -->\n\nx $& y\n\n<!-- end -->\nthree\n');
  expect(writeBetween(written, '<!-- b -->', '<!-- end -->', 'x $& y')).toBe(written);
});

test('a page without the marks is an error', () => {
  expect(() => readBetween(page, '<!-- c -->', '<!-- end -->')).toThrow('<!-- c -->');
  expect(() => writeBetween('<!-- end --> <!-- a -->', '<!-- a -->', '<!-- end -->', 'x')).toThrow('a place');
});
