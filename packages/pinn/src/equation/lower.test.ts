import { defaultEngine, matrix, matrixOver, selectEngine } from '@kfac/core';
import { expect, test } from 'vitest';
import { differentiate } from './derive.ts';
import { evaluatorOf } from './evaluate.ts';
import { type Expression, ExpressionPool, type Variable } from './expression.ts';
import { lowerExpressions } from './lower.ts';
import { parseExpression } from './parse.ts';
import type { Scope } from './symbols.ts';

const scope: Scope = {
  pool: new ExpressionPool(),
  coordinates: ['x', 'y'],
  lower: [0.1, 0.1],
  unknowns: [],
  constants: new Map(),
};
const rowOf = (variable: Variable): number => (variable as { axis: number }).axis;

test.each([
  ['default', defaultEngine()],
  ['reference', selectEngine({ native: 'off' })],
])('programs on the %s engine give what the expression gives', (_, engine) => {
  const texts = [
    'x',
    '2.5',
    'x^3 - y^(-2)',
    'sin(x)*tanh(y)/cosh(x)',
    'log(x)*sqrt(y) - abs(x - y)',
    'x^y',
    'exp(tan(x/3)) + sinh(y)',
    '-cos(x)',
  ];
  const values = texts.map((text) => parseExpression(text, scope));
  const outputs: Expression[] = values.flatMap((value) => [
    value,
    differentiate(scope.pool, value, { kind: 'coordinate', axis: 0 }),
  ]);
  const program = lowerExpressions(outputs, 2, rowOf);
  const points = 37;
  const columns = matrixOver(
    2,
    points,
    Float64Array.from({ length: 2 * points }, (__, k) => 0.2 + ((k * 7) % 29) / 11),
  );
  const out = matrix(outputs.length, points);
  engine.programs.evaluate(program, columns, out);
  for (const [k, output] of outputs.entries()) {
    for (let n = 0; n < points; n++) {
      const expected = evaluatorOf(output)((variable) => columns.data[rowOf(variable) * points + n]!);
      expect(Math.abs(out.data[k * points + n]! - expected)).toBeLessThanOrEqual(1e-13 * (1 + Math.abs(expected)));
    }
  }
});

test('common parts are computed once', () => {
  const program = lowerExpressions([parseExpression('sin(x*y) + sin(x*y)^2', scope)], 2, rowOf);
  expect(program.code.length / 3).toBe(4);
});

test('a program of more than 4096 instructions is refused', () => {
  const pool = new ExpressionPool();
  let node = pool.coordinate(0);
  for (let k = 0; k < 4100; k++) node = pool.unary('sin', node);
  expect(() => lowerExpressions([node], 1, rowOf)).toThrow(/4100 instructions/);
});
