import { describe, expect, test } from 'vitest';
import { formatAgo, formatCount, formatFixed, formatJson, formatNumber, formatSeconds } from './format.ts';

describe('formatNumber', () => {
  test.each([
    [0, '0'],
    [1, '1'],
    [-0.31234, '-0.312'],
    [1.2e-7, '1.2e-7'],
    [1e-7, '1e-7'],
    [9.9999e-13, '1e-12'],
    [0.001, '0.001'],
    [0.28123, '0.281'],
    [123.456, '123'],
    [12345.6, '12346'],
    [123456, '1.23e5'],
    [NaN, '–'],
    [null, '–'],
    [Infinity, '∞'],
  ])('%s is %s', (value, text) => expect(formatNumber(value)).toBe(text));

  test('takes the number of digits', () => expect(formatNumber(0.283456, 5)).toBe('0.28346'));
});

test('fixed decimals fall back to mantissa form where nothing would remain', () => {
  expect(formatFixed(0.15449, 4)).toBe('0.1545');
  expect(formatFixed(0, 4)).toBe('0.0000');
  expect(formatFixed(2e-6, 4)).toBe('2e-6');
  expect(formatFixed(null, 4)).toBe('–');
});

test('counts are grouped', () => expect(formatCount(100_000)).toBe('100,000'));

test.each([
  [0.423, '0.42 s'],
  [9.999, '10.0 s'],
  [12.34, '12.3 s'],
  [59.99, '1 min 00 s'],
  [185, '3 min 05 s'],
  [3725, '1 h 02 min'],
  [null, '–'],
])('%s seconds are %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

test('times are told from now', () => {
  const now = Date.parse('2026-03-02T12:00:00Z');
  expect(formatAgo('2026-03-02T11:59:50Z', now)).toBe('just now');
  expect(formatAgo('2026-03-02T11:55:00Z', now)).toBe('5 minutes ago');
  expect(formatAgo('2026-03-01T12:00:00Z', now)).toBe('yesterday');
});

test('JSON keeps short arrays on one line and stays the same JSON', () => {
  const value = {
    domain: { x: [0, 1] },
    equations: ['u_xx = 0'],
    conditions: [{ on: 'x = 0' }],
    none: {},
    flag: false,
  };
  expect(formatJson(value)).toContain('"x": [0, 1]');
  expect(JSON.parse(formatJson(value))).toEqual(value);
});
