import { expect, test } from 'vitest';
import type { Field } from '../api/types.ts';
import { profileCurves, scrubbedAxis } from './profiles.ts';

const field = (name: string, first: string, second: string): Field => ({
  name,
  shape: [2, 3],
  axes: [
    { name: first, values: [0, 1] },
    { name: second, values: [5, 6, 7] },
  ],
  range: [0, 5],
  step: 1,
  values: Float32Array.of(0, 1, 2, 3, 4, 5),
});

test('time is moved along, wherever it stands; without time the first coordinate', () => {
  expect(scrubbedAxis(field('u', 't', 'x'))).toBe(0);
  expect(scrubbedAxis(field('u', 'x', 't'))).toBe(1);
  expect(scrubbedAxis(field('u', 'x', 'y'))).toBe(0);
});

test('a profile is a row or a column; differences stay out', () => {
  const fields = [field('u', 't', 'x'), field('exact_u', 't', 'x'), field('error_u', 't', 'x')];
  expect(profileCurves(fields, 0, 1)).toEqual([
    {
      label: 'u',
      colour: 0,
      points: [
        { x: 5, y: 3 },
        { x: 6, y: 4 },
        { x: 7, y: 5 },
      ],
    },
    {
      label: 'exact u',
      colour: 1,
      points: [
        { x: 5, y: 3 },
        { x: 6, y: 4 },
        { x: 7, y: 5 },
      ],
    },
  ]);
  expect(profileCurves([field('u', 'x', 't')], 1, 2)[0]!.points).toEqual([
    { x: 0, y: 2 },
    { x: 1, y: 5 },
  ]);
});
