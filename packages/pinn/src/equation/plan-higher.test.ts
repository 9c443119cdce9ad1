import { jetChannels } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { compileResidual, operatorOf } from './compile.ts';
import { type Operator, axesOf, biharmonicOver, weightsOver } from './directions.ts';
import { ExpressionPool, networkVariablesOf, orderOfVariable } from './expression.ts';
import { parseEquation } from './parse.ts';
import { planJets } from './plan.ts';
import type { Scope } from './symbols.ts';

const scopeOf = (coordinates: readonly string[], unknowns: readonly string[] = ['u']): Scope => ({
  pool: new ExpressionPool(),
  coordinates,
  lower: coordinates.map(() => 0),
  unknowns,
  constants: new Map([['nu', 0.01]]),
});

/** a·x has (v·∇)^k e^{a·x} = (a·v)^k e^{a·x}. */
const a = [0.7, -1.3, 0.4, 0.9, -0.6];

/** What each channel after the value carries of e^{a·x} at x = 0. */
function channelsOf(plan: ReturnType<typeof planJets>): number[] {
  const d = plan.dimensions;
  const slopes = Array.from({ length: plan!.directions.length / d }, (_, r) =>
    a.slice(0, d).reduce((sum, value, k) => sum + value * plan!.directions[r * d + k]!, 0),
  );
  return [
    1,
    ...jetChannels(plan!, d).map(({ order, terms }) =>
      terms.reduce((sum, [r, weight]) => sum + weight * slopes[r]! ** order, 0),
    ),
  ];
}

/** An operator on e^{a·x} at x = 0. */
const valueOf = (operator: Operator): number =>
  [...operator].reduce((sum, [key, c]) => sum + c * axesOf(key).reduce((product, axis) => product * a[axis]!, 1), 0);

describe('oracle pinn §8.2: polarisation and Δ² on u = exp(a·x)', () => {
  /** All derivatives of an order over d axes. */
  const monomials = (d: number, order: number, from = 0): number[][] =>
    order === 0
      ? [[]]
      : Array.from({ length: d - from }, (_, k) => from + k).flatMap((axis) =>
          monomials(d, order - 1, axis).map((rest) => [axis, ...rest]),
        );

  test.each([
    [2, 3],
    [2, 4],
    [3, 3],
    [3, 4],
  ])('every derivative over %d coordinates of order %d, one at a time and beside lower ones', (d, order) => {
    for (const axes of monomials(d, order)) {
      const alone = planJets(d, [], [new Map([[axes.join(','), 1]])]);
      expect(channelsOf(alone)[alone.operatorChannels[0]!]).toBeCloseTo(valueOf(new Map([[axes.join(','), 1]])), 12);
      const operators = [
        new Map([['0,1', 1]]),
        new Map([[axes.join(','), -2.5]]),
        new Map([['1,1', 1]]),
        new Map([['0,0,1', 3]]),
      ];
      const plan = planJets(d, [0, 1], operators);
      const channels = channelsOf(plan);
      expect(channels.length).toBe(plan!.channels);
      for (const [k, operator] of operators.entries())
        expect(channels[plan!.operatorChannels[k]!]).toBeCloseTo(valueOf(operator), 11);
      for (const axis of [0, 1]) expect(channels[plan!.firstChannel[axis]!]).toBeCloseTo(a[axis]!, 14);
    }
  });

  test.each([
    [1, 1],
    [2, 3],
    [3, 6],
    [4, 12],
    [5, 25],
  ])('Δ² over %d coordinates has %d directions and is |a|⁴', (d, directions) => {
    const axes = Array.from({ length: d }, (_, axis) => axis);
    const plan = planJets(d, [], [biharmonicOver(axes)]);
    expect(plan!.directions.length / d).toBe(directions);
    const square = a.slice(0, d).reduce((sum, value) => sum + value * value, 0);
    expect(channelsOf(plan)[plan!.operatorChannels[0]!]! / square ** 2).toBeCloseTo(1, 13);
  });

  test('the derivative along four different coordinates', () => {
    const operator = new Map([['0,1,2,3', 1]]);
    const plan = planJets(4, [], [operator]);
    expect(channelsOf(plan)[plan!.operatorChannels[0]!]).toBeCloseTo(valueOf(operator), 12);
  });

  test('the weights of §2.4', () => {
    const plus = [1, 1];
    const minus = [1, -1];
    const close = (got: Float64Array | null, want: number[]): void =>
      want.forEach((value, k) => expect(got![k]).toBeCloseTo(value, 14));
    close(weightsOver([plus, minus, [0, 1]], new Map([['0,0,1', 1]])), [1 / 6, -1 / 6, -1 / 3]);
    close(weightsOver([plus, minus, [1, 0], [0, 1]], new Map([['0,0,1,1', 1]])), [1 / 12, 1 / 12, -1 / 6, -1 / 6]);
    close(weightsOver([[2, 1], [2, -1], plus, minus], new Map([['0,0,0,1', 1]])), [1 / 48, -1 / 48, -1 / 24, 1 / 24]);
    expect(weightsOver([plus, minus], new Map([['0,0,1', 1]]))).toBeNull();
  });
});

describe('channels', () => {
  test.each<[string, string[], directions: number, channels: number]>([
    ['u_t + 6*u*u_x + u_xxx = 0', ['t', 'x'], 2, 5], // u, two firsts, u_xx, u_xxx
    ['biharmonic(u) = 1', ['x', 'y'], 3, 11],
    ['u_xxxx + 2*u_xxyy + u_yyyy = 1', ['x', 'y'], 3, 11], // the same operator, written out
    ['biharmonic(u) + laplacian(u) = 1', ['x', 'y'], 3, 12],
    ['u_tt + u_xxxx = 0', ['t', 'x'], 2, 7],
    ['u_xxxx + nu*u_xx = u', ['x'], 1, 6], // u_xx collapses with its weight
    ['u_xxxx*u_xx + u_xxx = 1', ['x'], 1, 5], // all lower ones are raw
    ['biharmonic(u)*u = biharmonic(u)^2', ['x', 'y', 't'], 3, 11],
    ['u_xxy = u', ['x', 'y'], 3, 8],
    ['u_xxyy = u', ['x', 'y'], 4, 14],
    ['u_xxxx*u_yyyy - u_xxyy^2 = 1', ['x', 'y'], 4, 16],
    ['u_tttt + biharmonic(u) = 0', ['t', 'x', 'y'], 4, 14],
  ])('%s over %j', (text, coordinates, directions, channels) => {
    const scope = scopeOf(coordinates);
    const {
      plans: [plan],
    } = compileResidual(parseEquation(text, scope), scope);
    expect([plan!.directions.length / coordinates.length, plan!.channels]).toEqual([directions, channels]);
  });

  test('two unknowns of different order: one plan for both, each channel read by its own row', () => {
    const scope = scopeOf(['x', 'y'], ['u', 'v']);
    const {
      plans: [plan],
      residual,
    } = compileResidual(parseEquation('biharmonic(u) + v*v_xxy = laplacian(v)', scope), scope);
    expect(residual.inputs).toBe(2 + 2 * plan!.channels);
    expect(jetChannels(plan!, 2).length).toBe(plan!.channels - 1);
  });

  test('biharmonic(u) leaves t out', () => {
    const scope = scopeOf(['x', 't', 'y']);
    const [variable] = networkVariablesOf(parseEquation('biharmonic(u) = 0', scope));
    expect(orderOfVariable(variable!)).toBe(4);
    expect(operatorOf(variable!, scope.coordinates)).toEqual(biharmonicOver([0, 2]));
  });
});
