import { expect, test } from 'vitest';
import { UsageError } from './exit.ts';
import { applyOverrides } from './overrides.ts';

test.each([
  ['a.b=1', { a: { b: 1 } }],
  ['a.b=1e-3', { a: { b: 0.001 } }],
  ['a.b=adam', { a: { b: 'adam' } }],
  ['a.b="7"', { a: { b: '7' } }],
  ['a.b=null', { a: { b: null } }],
  ['a.b=x = 0', { a: { b: 'x = 0' } }],
  ['a.b=', { a: { b: '' } }],
  ['list.1=[2,3]', { list: [1, [2, 3]] }],
  ['new.deep.field=true', { new: { deep: { field: true } } }],
])('--set %s', (override, expected) => {
  expect(applyOverrides({ a: { b: 0 }, list: [1, 2] }, [override])).toEqual({ a: { b: 0 }, list: [1, 2], ...expected });
});

test.each([
  'a',
  '=1',
  'a..b=1',
  '.a=1',
  'a.b.c=1',
  'list.2=1',
  'list.first=1',
  '__proto__.polluted=1',
  'a.__proto__.polluted=1',
])('--set %s is refused', (override) => {
  expect(() => applyOverrides({ a: { b: 0 }, list: [1, 2] }, [override])).toThrow(UsageError);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('inherited properties are not fields', () => {
  expect(applyOverrides({}, ['constructor.name=1'])).toEqual({ constructor: { name: 1 } });
  expect(Object.name).toBe('Object');
});
