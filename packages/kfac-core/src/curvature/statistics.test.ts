import { expect, test } from 'vitest';
import { denseCapturedLayer } from '../captured-layer.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { referenceEngine } from '../engine/reference.ts';
import type { LossTerm } from '../linearization.ts';
import { FactorAverage } from './factor-average.ts';
import { layersByGroup, statistics } from './statistics.ts';

const engine = referenceEngine();
const [examples, uses, inputs, outputs] = [5, 3, 4, 2];
const numbers = (count: number, seed: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i));
const z = matrixOver(examples * uses, inputs, numbers(examples * uses * inputs, 1));

function term(name: string, weight: number, kind?: string): LossTerm {
  const g = matrixOver(examples * uses, outputs, numbers(examples * uses * outputs, weight));
  return {
    name,
    ...(kind === undefined ? {} : { kind }),
    residual: numbers(examples, 3),
    slope: numbers(examples, 4),
    curvature: new Float64Array(examples).fill(weight / examples),
    centred: false,
    layers: [denseCapturedLayer(engine, 'w', z, g, uses)],
  };
}

const groupsOf = (...terms: LossTerm[]): string[][] =>
  layersByGroup(terms, 'w').map((group) => group.map((entry) => entry.term.name));

test('terms of one kind are a group; of more than two kinds all but the first are merged', () => {
  const [a, b] = [term('a', 1, 'equations'), term('b', 2, 'equations')];
  const [c, d] = [term('c', 1), term('d', 1)];
  expect(groupsOf(a)).toEqual([['a']]);
  expect(groupsOf(a, b)).toEqual([['a', 'b']]);
  expect(groupsOf(c, d)).toEqual([['c'], ['d']]);
  expect(groupsOf(a, b, c)).toEqual([['a', 'b'], ['c']]);
  expect(groupsOf(a, c, b)).toEqual([['a', 'b'], ['c']]);
  expect(groupsOf(a, b, c, d)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  expect(layersByGroup([a], 'another')).toEqual([]);
});

test('the product of a group is the sum of the products of its terms where they share their inputs', () => {
  const terms = [term('a', 0.3, 'equations'), term('b', 2, 'equations')];
  const average = (size: number): FactorAverage => new FactorAverage(size, 0, 'warm');
  const group = { a: average(inputs), g: average(outputs) };
  statistics(layersByGroup(terms, 'w')[0]!, group);
  const [a, g] = [matrix(inputs, inputs), matrix(outputs, outputs)];
  const sum = new Float64Array(outputs ** 2);
  for (const { layers, curvature } of terms) {
    layers[0]!.factors(curvature, a, g);
    for (let i = 0; i < sum.length; i++) sum[i]! += uses * g.data[i]!;
  }
  for (const [i, value] of a.data.entries()) expect(group.a.batch.data[i]).toBeCloseTo(value, 14);
  for (const [i, value] of sum.entries()) expect(group.g.batch.data[i]).toBeCloseTo(value, 14);
});
