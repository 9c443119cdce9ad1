import type { KfacError } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from '../check.ts';
import { compileProblem } from '../problem.ts';
import type { PinnSpecInput } from '../spec.ts';
import { heatedDisk as inclusion, rod } from './testing.test-support.ts';

describe('faults', () => {
  const faultsOf = (spec: unknown): string[] => {
    try {
      compileProblem(spec);
    } catch (error) {
      return (error as KfacError).issues!.map(({ pointer, detail }) => `${pointer}: ${detail}`);
    }
    return [];
  };
  const at = (regions: unknown, change: object = {}): string[] => faultsOf({ ...rod, regions, ...change });

  test.each<readonly [string, () => string[], readonly RegExp[]]>([
    [
      'an unknown region',
      () => faultsOf({ ...rod, equations: [{ equation: 'u_xx = v', in: 'iner' }] }),
      [
        /^\/equations\/0\/in: expected a region, "outside" and a region, or several joined by "and"; the regions are inner; got "iner"$/,
      ],
    ],
    [
      'a region where none are declared',
      () => faultsOf({ ...rod, regions: undefined, conditions: [{ on: 'x = 0', equation: 'u = v' }] }),
      [/^\/equations\/0\/in: .*there are no regions; got "inner"$/, /^\/equations\/1\/in: .*got "outside inner"$/],
    ],
    [
      'a condition on a region that does not exist',
      () => faultsOf({ ...rod, conditions: [{ on: 'outer', equation: 'u = v' }] }),
      [
        /^\/conditions\/0\/on: expected "boundary" or "coordinate = number" or the boundary of a region inside the domain \(inner.x.upper\), several joined by "or"; got "outer"/,
      ],
    ],
    [
      'a condition in a part that its place does not touch',
      () => faultsOf({ ...rod, conditions: [{ on: 'x = 1', in: 'inner', equation: 'u = v' }] }),
      [/^\/conditions\/0\/in: no point of x = 1 is in "inner"$/],
    ],
    [
      'intervals outside the domain, upside down, of t or of nothing',
      () => [
        ...at({ inner: { x: [0.5, 1.5] } }),
        ...at({ inner: { x: [0.5, 0.5] } }),
        ...at({ inner: { y: [0, 1] } }),
        ...at({ inner: { t: [0, 1] } }, { domain: { x: [0, 1], t: [0, 1] } }),
        ...at({ inner: {} }),
      ],
      [
        /^\/regions\/inner\/x: expected \[lower, upper\] with lower < upper inside \[0, 1\], got \[0.5, 1.5\]$/,
        /^\/regions\/inner\/x: .*got \[0.5, 0.5\]$/,
        /^\/regions\/inner\/y: expected a coordinate other than t \(x\), got "y"$/,
        /^\/regions\/inner\/t: expected a coordinate other than t \(x\), got "t"$/,
        /^\/regions\/inner: expected intervals of some coordinates \(x\) or a shape$/,
      ],
    ],
    [
      'a shape of another dimension, outside the domain, or empty',
      () => [
        ...at({ inner: { type: 'disk', center: [0, 0], radius: 1 } }),
        ...faultsOf({ ...inclusion, regions: { inner: { type: 'disk', center: [3, 0], radius: 0.5 } } }),
        ...faultsOf({
          ...inclusion,
          regions: {
            inner: {
              type: 'difference',
              of: [
                { type: 'disk', center: [0, 0], radius: 0.5 },
                { type: 'disk', center: [0, 0], radius: 0.6 },
              ],
            },
          },
        }),
      ],
      [
        /^\/regions\/inner: a shape of type disk has 2 dimensions, but the domain has one coordinate besides t \(x\)$/,
        /^\/regions\/inner: "inner" is empty: no point of the domain is found there$/,
        /^\/regions\/inner: "inner" is empty/,
      ],
    ],
    [
      'what is wrong with a shape or an interval, by the alternative that is meant',
      () => [
        ...at({ inner: { type: 'disk', center: [0, 0], radius: -1 } }),
        ...at({ inner: { type: 'disk', center: [0, 0], radus: 1 } }),
        ...at({ inner: { x: [0] } }),
        ...at({ outside: { x: [0, 0.5] } }),
      ],
      [
        /^\/regions\/inner\/radius: expected number to be >0, got -1$/,
        /^\/regions\/inner\/radius: required field is missing/,
        /^\/regions\/inner\/radus: unknown field/,
        /^\/regions\/inner\/x.*: /,
        /^\/regions\/outside: expected a name/,
      ],
    ],
    [
      'an equation without points',
      () =>
        at(
          { inner: { x: [0, 0.4] }, other: { x: [0.6, 1] } },
          { equations: [{ equation: 'u_xx = v', in: 'inner and other' }] },
        ),
      [/^\/equations\/0\/in: "inner and other" is empty: no point of the domain is found there$/],
    ],
    [
      'an equation outside a region that is the whole domain',
      () => faultsOf({ ...rod, regions: { inner: { x: [0, 1] } }, conditions: [{ on: 'x = 0', equation: 'u = 0' }] }),
      [/^\/equations\/1\/in: "outside inner" is empty/],
    ],
    [
      'an unknown that no equation contains',
      () => faultsOf({ ...rod, unknowns: ['u', 'v', 'w'] }),
      [/^\/unknowns\/2: no equation contains "w": it belongs to no part of the domain$/],
    ],
    [
      'periodicity and integrals of unknowns that belong to a part',
      () =>
        faultsOf({
          ...rod,
          conditions: [{ periodic: 'x' }],
          constraints: [{ integral: 'u^2', equals: 1 }],
        }),
      [
        /^\/conditions\/0\/periodic: expected unknowns with equations everywhere, but those of u hold in "inner" only/,
        /^\/constraints\/0\/integral: an integral over the whole domain .* those of u hold in "inner" only$/,
      ],
    ],
    [
      'errors within intervals of space',
      () => faultsOf({ ...rod, errorsWithin: { x: [0, 0.5] } }),
      [/^\/errorsWithin\/x: expected only t beside a geometry or regions, got x$/],
    ],
    [
      'a name that a part of the geometry has, and a cloud',
      () => [
        ...faultsOf({ ...inclusion, geometry: { type: 'disk', name: 'inner', center: [0, 0], radius: 1 } }),
        ...faultsOf({ ...inclusion, geometry: { type: 'cloud', interior: 'x,y\n0,0\n0.5,0.5\n' } }).slice(0, 1),
      ],
      [
        /^\/regions\/inner: "inner" is a part of the geometry, "inner"; choose another name$/,
        /^\/regions: a cloud of points has no regions$/,
      ],
    ],
  ])('%s', (_, found, expected) => {
    expect(found()).toEqual(expected.map((message) => expect.stringMatching(message)));
  });
});

describe('warnings', () => {
  const warningsOf = (change: Partial<PinnSpecInput>): readonly string[] => checkPinn({ ...rod, ...change }).warnings;

  test('a sound problem has none', () => {
    expect(warningsOf({})).toEqual([]);
    expect(checkPinn(inclusion).warnings).toEqual([]);
  });

  test('a part of the domain without an equation, and one with too many', () => {
    const [inner, outer] = rod.equations;
    expect(warningsOf({ unknowns: ['u'], equations: [inner!], conditions: rod.conditions.slice(0, 1) })).toContainEqual(
      expect.stringMatching(/^no equation holds at x = 0\.[4-9]/),
    );
    const more = { equation: 'v_x = 0', in: 'outside inner' };
    expect(warningsOf({ equations: [inner!, outer!, more] })).toContainEqual(
      expect.stringMatching(/^2 equations for 1 unknown at x = 0\.[4-9]\d*: the system may have no solution$/),
    );
  });

  test('a condition that reaches beyond the region of an unknown', () => {
    expect(warningsOf({ conditions: [...rod.conditions, { on: 'x = 1', equation: 'u = 0' }] })).toContainEqual(
      'the condition "u = 0" on x = 1 reaches beyond "inner", where alone u has equations: restrict it by "in"',
    );
  });

  test('too few conditions of a rod, interfaces counted', () => {
    expect(warningsOf({ conditions: rod.conditions.slice(0, 3) })).toEqual([
      'the equations are of order 4 altogether, with 3 conditions: the solution may not be unique',
    ]);
  });

  test('data of an unknown outside its region', () => {
    expect(warningsOf({ conditions: [...rod.conditions, { data: { x: [0.2, 0.8], u: [0, 0] } }] })).toEqual([
      '1 of 2 measured points lie outside "inner", where no equation of that unknown holds, the first at x = 0.8',
    ]);
  });

  test('an exact solution is put into every equation where it holds', () => {
    const exact = { u: '0.2875*x - x^2/4', v: '0.575*x - 0.075 - x^2/2' };
    expect(warningsOf({ exact })).toEqual([]);
    // Not finite where v has no equation.
    expect(warningsOf({ exact: { ...exact, v: `${exact.v} + 1e-30*log(x - 0.3)` } })).toEqual([]);
    expect(warningsOf({ exact: { ...exact, u: `${exact.u} + x^2/8` } })).toEqual([
      expect.stringMatching(
        /^the exact solution does not satisfy the equation "-2\*u_xx = 1" in inner: residual up to 0.5/,
      ),
      expect.stringMatching(
        /^the exact solution does not satisfy the condition "u = v" on inner.x.upper: residual up to 0.02/,
      ),
      expect.stringMatching(
        /^the exact solution does not satisfy the condition "2\*dn\(u\) = dn\(v\)" on inner.x.upper/,
      ),
    ]);
  });
});
