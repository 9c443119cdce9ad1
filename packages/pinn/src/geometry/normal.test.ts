import { KfacError } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from '../check.ts';
import { compileProblem } from '../problem.ts';
import { boxOf, placeOf } from './box.ts';
import { fillConditionPoints } from '../condition-points.ts';
import { normalOf } from './normal.ts';

const box = boxOf({ t: [0, 1], x: [-1, 2], y: [0, 3] });

test('the sides of a box have outward normals by the coordinates but t; t = 0 and inner places have none', () => {
  expect(normalOf(box, placeOf(box, 1, -1))).toEqual([-1, 0]);
  expect(normalOf(box, placeOf(box, 1, 2))).toEqual([1, 0]);
  expect(normalOf(box, placeOf(box, 2, 3))).toEqual([0, 1]);
  expect(normalOf(box, placeOf(box, 0, 0))).toBeNull();
  expect(normalOf(box, placeOf(box, 1, 0.5))).toBeNull();
});

const key = { seed: 1, purpose: 'conditions', place: 0, refresh: 0 } as const;

test('normals go into their own columns of the field rows', () => {
  const fields = new Float64Array(8).fill(7);
  const slot = { place: placeOf(box, 2, 0), opposite: null, from: 1, count: 2 };
  fillConditionPoints('uniform', key, box, slot, { coordinates: new Float64Array(12), fields, stride: 4 });
  expect([...fields]).toEqual([7, 0, 0, 7, 7, -1, -1, 7]);
});

test('on the boundary of a shape the normal varies from point to point', () => {
  const { box: annulus, conditions } = compileProblem({
    domain: { x: [-1, 1], y: [-1, 1] },
    geometry: { type: 'annulus', center: [0, 0], inner: 0.5, outer: 1 },
    equations: ['laplacian(u) = 0'],
    conditions: [
      { on: 'annulus.inner', equation: 'dn(u) = 1' },
      { on: 'annulus.outer', equation: 'u = 0' },
    ],
  });
  const coordinates = new Float64Array(10);
  const fields = new Float64Array(10);
  const slot = { place: conditions[0]!.places[0]!, opposite: null, from: 0, count: 5 };
  fillConditionPoints('uniform', key, annulus, slot, { coordinates, fields, stride: 5 });
  for (const [k, component] of fields.entries()) expect(component).toBeCloseTo(-2 * coordinates[k]!, 14);
});

const spec = (on: string, equation: string, unknowns = ['u']) => ({
  domain: { t: [0, 1], x: [0, 1], y: [0, 1] },
  unknowns,
  equations: unknowns.map((u) => `${u}_t = laplacian(${u})`),
  conditions: [{ on, equation }],
});

describe('dn', () => {
  test('is the sum of components times derivatives', () => {
    const { scope, conditions } = compileProblem(spec('boundary', 'dn(u) = n_x*u_x + n_y*u_y + u'));
    const n = (index: number) => scope.pool.variable({ kind: 'field', index });
    const u = (...orders: number[]) => scope.pool.variable({ kind: 'derivative', unknown: 0, orders });
    const sum = scope.pool.add(scope.pool.mul(n(0), u(0, 1, 0)), scope.pool.mul(n(1), u(0, 0, 1)));
    expect(conditions[0]!.residual).toBe(scope.pool.sub(sum, scope.pool.add(sum, u(0, 0, 0))));
    expect(conditions[0]!.compiled.fields).toBe(2);
  });

  test('on sides along one coordinate only its derivative is carried', () => {
    const channels = (on: string) => compileProblem(spec(on, 'dn(u) = 1')).conditions[0]!.compiled.plans[0]!.channels;
    expect([channels('boundary'), channels('x = 0 or x = 1'), channels('x = 0 or y = 1')]).toEqual([3, 2, 3]);
    expect(compileProblem(spec('x = 0', 'n_y*u = 0')).conditions[0]!.compiled.plans[0]!.channels).toBe(1);
  });

  test('conditions without a normal carry no fields', () => {
    expect(compileProblem(spec('boundary', 'u_x = 0')).conditions[0]!.compiled.fields).toBe(0);
  });

  test('of an unknown n, n_x stays the derivative', () => {
    const { conditions } = compileProblem(spec('boundary', 'n_x = 0', ['n']));
    expect(conditions[0]!.compiled.fields).toBe(0);
  });

  test('an exact solution that has another slope is named', () => {
    const exact = { u: 'exp(-2*t)*sin(x)*sin(y)' };
    const warningsOf = (equation: string) =>
      checkPinn({ ...spec('x = 1 or x = 0', equation), exact }).warnings.filter((text) => text.includes('dn'));
    expect(warningsOf('dn(u) = n_x*exp(-2*t)*cos(x)*sin(y)')).toEqual([]);
    expect(warningsOf('dn(u) = exp(-2*t)*cos(x)*sin(y)')).toEqual([
      expect.stringMatching(/does not satisfy the condition "dn\(u\) = .*" on x = 0: residual up to/),
    ]);
  });

  test.each([
    ['t = 0', 'dn(u) = 0', /no normal in space on t = 0; write u_t/],
    ['x = 0 or t = 1', 'n_x*u = 0', /no normal in space on t = 1/],
    [
      'x = 0.3',
      'dn(u) = 0',
      /x = 0.3 lies inside the domain, where no side is outward; write the derivative, such as u_x/,
    ],
    ['x = 0', 'dn(w) = 0', /expected dn\(u\), got dn\(w\) at character 1 in/],
    ['x = 0', 'dn = 0', /expected "\(" after the function dn at character 1/],
    ['x = 0', 'u = dn(u', /expected "\)", found the end/],
    ['x = 0', 'n_t*u = 0', /"n_t": "n" is not an unknown/],
  ])('on %s, "%s" is refused', (on, equation, message) => {
    expect(() => compileProblem(spec(on, equation))).toThrow(message);
    try {
      compileProblem(spec(on, equation));
    } catch (error) {
      expect((error as KfacError).issues!.map(({ pointer }) => pointer)).toEqual(['/conditions/0/equation']);
    }
  });

  test('inside the domain there is none', () => {
    const inside = { ...spec('x = 0', 'u = 0'), equations: ['dn(u) = u_t'] };
    expect(() => compileProblem(inside)).toThrow(
      /dn\(u\) stands only in a condition on sides, parts of a geometry and boundaries of regions: .* at character 1 in/,
    );
  });
});
