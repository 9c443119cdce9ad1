import { describe, expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { initialParameters } from './network.ts';
import { networkValues } from './network-values.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { defaultEngine } from '@kfac/core';

const ring = {
  domain: { t: [0, 1], x: [-1, 2] },
  unknowns: ['u', 'v', 'w'],
  equations: ['u_t = u_xx + w', 'v_t = v_x', 'w_t = w'],
  conditions: [{ periodic: 'x' }],
  network: { hidden: [5] },
  sampling: { interior: 10, conditions: 31 },
};

test('values and derivatives up to order − 1 of each unknown, a residual for each of the points', () => {
  const { conditions, groups } = compileProblem(ring);
  expect(conditions.map(({ label, compiled }) => [label, compiled.plans[0]!.channels])).toEqual([
    ['the periodicity of u in x', 1],
    ['the periodicity of u_x in x', 2],
    ['the periodicity of v in x', 1],
  ]);
  expect(groups.map(({ points, pointsPerResidual }) => [points, pointsPerResidual])).toEqual([
    [42, 2],
    [20, 2],
  ]);
  const objective = new PinnObjective(compileProblem(ring), defaultEngine());
  const { residual, layers } = objective.linearize(new Float64Array(objective.parameters.size)).terms.at(-1)!;
  expect(residual.length).toBe(31);
  expect(layers).toHaveLength(2);
});

test('a residual is the jump of the network between the ends', () => {
  const problem = compileProblem({ ...ring, domain: { x: [-1, 2] }, unknowns: ['u'], equations: ['u_xx = u'] });
  const objective = new PinnObjective(problem, defaultEngine());
  const theta = initialParameters(problem.layout, 'tanh', 4);
  const { u, u_x: slope } = networkValues(problem, defaultEngine(), theta, [[-1], [2]], ['u_x']) as Record<
    'u' | 'u_x',
    Float64Array
  >;
  const { residual } = objective.linearize(theta).terms.at(-1)!;
  expect([...residual]).toEqual([u[0]! - u[1]!, slope[0]! - slope[1]!].map((value) => expect.closeTo(value, 14)));
});

describe('checks', () => {
  test('an exact solution that is not periodic is named, with the derivative', () => {
    const spec = {
      domain: { x: [0, 1] },
      equations: ['u_xx = 2'],
      conditions: [{ periodic: 'x' }],
      exact: { u: 'x^2 - x' },
    };
    expect(checkPinn(spec).warnings).toEqual([
      expect.stringContaining('contain only derivatives of u, which leaves it a constant free'),
      expect.stringContaining('does not satisfy the periodicity of u_x in x on x = 0: residual up to 2.00'),
    ]);
  });

  test('of a network that is periodic by construction the condition adds nothing', () => {
    const network = { hidden: [5], embedding: { type: 'periodic', coordinates: ['x'] } };
    const spec = { domain: { x: [0, 1] }, equations: ['u_xx = u'], conditions: [{ periodic: 'x' }], network };
    const text = 'is periodic in x by construction: the condition "periodic": "x" adds nothing';
    expect(checkPinn(spec).warnings).toEqual([expect.stringContaining(text)]);
  });

  test('beside a shape only t is periodic', () => {
    const shaped = (periodic: string) =>
      compileProblem({
        domain: { t: [0, 1], x: [-1, 1], y: [-1, 1] },
        geometry: { type: 'disk', center: [0, 0], radius: 1 },
        equations: ['u_t = u_xx + u_yy'],
        conditions: [{ periodic }],
      });
    expect(() => shaped('x')).toThrow(/\/conditions\/0\/periodic: expected only t beside a geometry, .* got "x"/);
    expect(shaped('t').conditions.map(({ label }) => label)).toEqual(['the periodicity of u in t']);
  });

  test.each([
    ['y', /expected a coordinate \(t, x\), got "y"/],
    ['t', /expected a coordinate with a derivative in the equations, got "t"/],
  ])('periodic in %s is refused', (periodic, message) => {
    const spec = { ...ring, unknowns: ['u'], equations: ['u_xx = u'], conditions: [{ periodic }] };
    expect(() => compileProblem(spec)).toThrow(message);
  });

  test.each([
    [{ periodic: 'x', on: 'x = 0' }, '/conditions/0/on', /unknown field/],
    [{ periodic: 7 }, '/conditions/0/periodic', /expected string, got 7/],
    [{ on: 'x = 0' }, '/conditions/0/equation', /required field is missing/],
  ])('%j is refused with the fields of the kind that fits best', (condition, pointer, message) => {
    try {
      compileProblem({ ...ring, conditions: [condition] });
      expect.unreachable();
    } catch (error) {
      const { issues } = error as { issues: { pointer: string; detail: string }[] };
      expect(issues).toEqual([{ pointer, detail: expect.stringMatching(message) }]);
    }
  });
});
