import { expect, test } from 'vitest';
import { coordinatesOf, sliceQuery, sliceValue, withAxis } from './slices.ts';

const coordinates = coordinatesOf({ domain: { t: [0, 1], x: [-1, 1], y: [2, 6] } });

test('coordinates come in the order of the domain', () => {
  expect(coordinates.map(({ name }) => name)).toEqual(['t', 'x', 'y']);
  expect(coordinatesOf({})).toEqual([]);
});

test('a slider goes from end to end', () => {
  const [, , y] = coordinates;
  expect([0, 20, 40].map((step) => sliceValue(y!, step))).toEqual([2, 4, 6]);
});

test('the query names two axes and a value for each of the others', () => {
  expect(new URLSearchParams(sliceQuery(coordinates, ['x', 'y'], { t: 10 })).get('at')).toBe('t:0.25');
  const query = new URLSearchParams(sliceQuery(coordinates, ['y', 't'], {}));
  expect([query.get('axes'), query.get('at')]).toEqual(['y,t', 'x:0']);
});

test('two axes that would be the same change places', () => {
  expect(withAxis(['x', 'y'], 0, 't')).toEqual(['t', 'y']);
  expect(withAxis(['x', 'y'], 0, 'y')).toEqual(['y', 'x']);
  expect(withAxis(['x', 'y'], 1, 'x')).toEqual(['y', 'x']);
});
