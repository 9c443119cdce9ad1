import { expect, test } from 'vitest';
import { inOrder, isSigned, rangeOf, sharedRange, titleOf } from './fields.ts';

const field = (name: string, ...values: number[]) => ({ name, values: Float32Array.from(values) });

test('differences are signed, solutions are not', () => {
  expect(['u', 'exact', 'error', 'residual', 'u error', 'terror'].map(isSigned)).toEqual([
    false,
    false,
    true,
    true,
    true,
    false,
  ]);
});

test('a solution and its reference share a range, differences stay out', () => {
  const one = [field('u', 0, 2), field('exact', -1, 1), field('error', -50, 50)];
  expect(sharedRange(one, 'u')).toEqual([-1, 2]);
  expect(sharedRange(one, 'exact')).toEqual([-1, 2]);
  expect(sharedRange([field('error', 1)], 'u')).toEqual([0, 0]);
  const two = [field('u', 0, 2), field('v', 7, 9), field('exact_u', -1, 1), field('exact_v', 8), field('error_u', -50)];
  expect(sharedRange(two, 'u')).toEqual([-1, 2]);
  expect(sharedRange(two, 'exact_v')).toEqual([7, 9]);
});

test('the range is that of the finite values', () => {
  expect(rangeOf([NaN, 3, -Infinity, -2])).toEqual([-2, 3]);
  expect(rangeOf([NaN])).toEqual([0, 0]);
});

test('fields are named', () => {
  expect(titleOf([{ name: 'u' }])).toBe('Solution u');
  expect(titleOf([{ name: 'residual' }])).toBe('Residual');
  expect(titleOf([{ name: 'residual_2' }])).toBe('Residual 2');
  expect(titleOf([{ name: 'error_v' }])).toBe('Error v');
  expect(titleOf([{ name: 'u' }, { name: 'exact' }])).toBe('u and exact');
});

test('fields stand in the order of reading', () => {
  const names = inOrder(['u', 'residual', 'exact', 'error'].map((name) => ({ name }))).map((item) => item.name);
  expect(names).toEqual(['u', 'exact', 'error', 'residual']);
  const system = ['u', 'v', 'residual_1', 'residual_2', 'exact_u', 'exact_v', 'error_u', 'error_v'];
  expect(inOrder(system.map((name) => ({ name }))).map((item) => item.name)).toEqual([
    ...['u', 'v', 'exact_u', 'exact_v', 'error_u', 'error_v', 'residual_1', 'residual_2'],
  ]);
});
