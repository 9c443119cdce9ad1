import { expect, test } from 'vitest';
import { faultAt, refusalOf } from './fault.ts';

const refusal = (text: string, at: number): string => `expected an operator, found ")" at character ${at} in "${text}"`;

test('the character is that of the text that was refused', () => {
  expect(faultAt(refusal('u_x = -u)', 9), 'u_x = -u)')).toBe(8);
  // Something is missing behind the last character.
  expect(faultAt('expected ")", found the end at character 7 in "u = (x"', 'u = (x')).toBe(6);
  const long = `u = ${'x + '.repeat(60)}`;
  expect(faultAt(`found the end at character 245 in "${long.slice(0, 117)}..."`, long)).toBe(long.length);
});

test('a text that was changed since, or a refusal without a place, is not marked', () => {
  expect(faultAt(refusal('u_x = -u)', 9), 'u_x = -u')).toBeNull();
  expect(faultAt('expected at most 16384 characters', 'u')).toBeNull();
  expect(faultAt(undefined, 'u')).toBeNull();
});

test('a field of a list shows what is refused of its items', () => {
  const errors = new Map([
    ['/points/1', 'too small'],
    ['/pointsBefore', 'no'],
  ]);
  expect(refusalOf(errors, '/points', true)).toBe('too small');
  expect(refusalOf(errors, '/points', false)).toBeUndefined();
  expect(refusalOf(errors, '/point', true)).toBeUndefined();
});
