import { expect, test } from 'vitest';
import { boxOf } from './box.ts';
import { parsePlaces } from './on.ts';
import { placeName } from './place.ts';

const box = boxOf({ t: [0, 1], x: [-1, 1], y: [0, 2] });
const places = (on: string): [number, number][] =>
  parsePlaces(on, box).map((place) => {
    if ('part' in place) throw new TypeError('a box has no parts');
    return [place.axis, place.value];
  });
const nameOf = (on: string, interval: [number, number]): string => {
  const line = boxOf({ x: interval });
  return placeName(parsePlaces(on, line)[0]!, line);
};

test('boundary is all sides without t', () => {
  expect(places('boundary')).toEqual([
    [1, -1],
    [1, 1],
    [2, 0],
    [2, 2],
  ]);
  expect(parsePlaces('boundary', box).map(({ measure }) => measure)).toEqual([2, 2, 2, 2]);
});

test('single places, several joined by or, each once', () => {
  expect(places('t = 0')).toEqual([[0, 0]]);
  expect(places('x=-1 or  x = 1')).toEqual([
    [1, -1],
    [1, 1],
  ]);
  expect(places('boundary or t = 0 or x = 1')).toEqual([
    [1, -1],
    [1, 1],
    [2, 0],
    [2, 2],
    [0, 0],
  ]);
  expect(places('y = 1.5e0')).toEqual([[2, 1.5]]);
  expect(places('x = +.5')).toEqual([[1, 0.5]]);
});

test('a number that is an end up to rounding is the end', () => {
  expect(nameOf('x = 6.283185307179586', [0, 2 * Math.PI])).toBe(`x = ${2 * Math.PI}`);
  expect(nameOf('x = 0.30000000000000004', [0, 0.3])).toBe('x = 0.3');
});

test.each([
  ['z = 0', /the coordinates are t, x, y/],
  ['x = 2', /outside the domain, where x is in \[-1, 1\]/],
  ['x', /expected "boundary"/],
  ['x = a', /expected "boundary"/],
  ['x = 0 and y = 0', /expected "boundary"/],
  ['x > 0', /expected "boundary"/],
  ['', /expected "boundary"/],
  ['x = 1e999', /outside the domain/],
])('"%s" is no place', (on, reason) => {
  expect(() => parsePlaces(on, box)).toThrow(reason);
});

test('there is no boundary when t is the only coordinate', () => {
  expect(() => parsePlaces('boundary', boxOf({ t: [0, 1] }))).toThrow(/t is the only coordinate/);
});
