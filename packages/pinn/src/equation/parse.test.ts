import { KfacError } from '@kfac/core';
import { parse } from 'mathjs/number';
import { describe, expect, test } from 'vitest';
import { evaluatorOf } from './evaluate.ts';
import { ExpressionPool } from './expression.ts';
import { MAX_NESTING, MAX_NODES, MAX_TEXT } from './gate.ts';
import { parseEquation, parseExpression } from './parse.ts';
import type { Scope } from './symbols.ts';

const scopeOf = (coordinates: string[], lower = coordinates.map(() => -1)): Scope => ({
  pool: new ExpressionPool(),
  coordinates,
  lower,
  unknowns: ['u'],
  constants: new Map([['nu', 0.25]]),
});
const scope = scopeOf(['t', 'x', 'y']);

function valueOf(text: string, x = 0.3): number {
  return evaluatorOf(parseExpression(text, scope))((variable) =>
    variable.kind === 'coordinate' ? [0.7, x, -0.4][variable.axis]! : NaN,
  );
}

describe('what is understood', () => {
  test.each<[string, number]>([
    ['1 + 2*3 - 4/8', 6.5],
    ['-2^2', -4],
    ['2^3^2', 512],
    ['2^-2', 0.25],
    ['(1 - 3)^3', -8],
    ['.5 + 5. + 1e-1', 5.6],
    ['x*x', 0.09],
    ['x^2.5', 0.3 ** 2.5],
    ['nu*y', -0.1],
    ['2^x', 2 ** 0.3],
    ['exp(x)^y', Math.exp(-0.12)],
    ['e + pi', Math.E + Math.PI],
    [
      'sin(x) + cos(x) + tan(x) + tanh(x) + sinh(x) + cosh(x) + exp(x) + log(x) + sqrt(x) + abs(y)',
      Math.sin(0.3) +
        Math.cos(0.3) +
        Math.tan(0.3) +
        Math.tanh(0.3) +
        Math.sinh(0.3) +
        Math.cosh(0.3) +
        Math.exp(0.3) +
        Math.log(0.3) +
        Math.sqrt(0.3) +
        0.4,
    ],
    ['x - x', 0],
    ['--x', 0.3],
  ])('%s', (text, expected) => {
    expect(valueOf(text)).toBeCloseTo(expected, 14);
  });

  test('derivative symbols name one derivative each, in any order of the coordinates', () => {
    expect(parseExpression('u_xy', scope)).toBe(parseExpression('u_yx', scope));
    expect(parseExpression('u_xx', scope)).toMatchObject({ variable: { kind: 'derivative', orders: [0, 2, 0] } });
    expect(parseExpression('u_t', scope)).toMatchObject({ variable: { orders: [1, 0, 0] } });
    expect(parseExpression('u_x1x1', scopeOf(['x1', 'x2']))).toMatchObject({ variable: { orders: [2, 0] } });
    expect(parseExpression('u_x1x', scopeOf(['x', 'x1']))).toMatchObject({ variable: { orders: [1, 1] } });
    expect(parseExpression('laplacian(u)', scope)).toMatchObject({ variable: { kind: 'laplacian' } });
  });

  test('a long sum is no nesting, and equal parts are one node', () => {
    const sum = parseExpression(Array.from({ length: 200 }, () => 'x').join('+'), scope);
    expect(evaluatorOf(sum)(() => 1)).toBe(200);
    expect(parseExpression('sin(x*y)', scope)).toBe(parseExpression(' sin( x*y )', scope));
  });
});

const refusals: [text: string, reason: RegExp][] = [
  ['', /"="/],
  ['u', /found no "=" before the end at character 2 in "u"$/],
  [' = u', /something on the left of "=" at character 2/],
  ['u = ', /something on the right of "=" at character 5/],
  ['u = 1 = 2', /one "=", found another at character 7/],
  ['u == 1', /found another/],
  ['= 1', /left of "="/],
  ['u =  ', /right of "="/],
  ['u = v', /unknown name "v".*at character 5/],
  ['u = constructor', /unknown name "constructor"/],
  ['u = __proto__', /unknown name "__proto__"/],
  ['u = hasOwnProperty(x)', /unknown function "hasOwnProperty"/],
  ['u = x.y', /numbers, names/],
  ['u = 2x', /write the product with \*: 2\*x/],
  ['u = 1/2x', /multiplication is never implied/],
  ['u = 5 cm', /multiplication is never implied|unknown/],
  ['u = sin x', /write sin\(x\)/],
  ['u = (x)(y)', /multiplication is never implied/],
  ['u = x(y)', /unknown function "x"/],
  ['u = sin', /expected "\(" after the function sin/],
  ['u = sin()', /one argument of sin, got 0/],
  ['u = sin(x, y)', /one argument of sin, got 2/],
  ['u = max(x, y)', /unknown function "max"/],
  ['u = x%', /found "%" at character 6/],
  ["u = x'", /found "'"/],
  ['u = x\n+ y', /found "\\n"/],
  ['u = x # y', /found "#"/],
  ['u = x; y', /found ";"/],
  ['u = "x"', /found/],
  ['u = [1]', /found "\["/],
  ['u = x!', /found "!"/],
  ['u = ξ', /found "ξ"/],
  ['u = x mod y', /operator "mod" is not allowed/],
  ['u = x to y', /not allowed/],
  ['u = not x', /sign "not" is not allowed/],
  ['u = +x', /sign "\+" is not allowed/],
  ['u = x.^2', /operator "\.\^" is not allowed/],
  ['u = 1e400', /finite number/],
  ['u = Infinity', /finite number/],
  ['u = NaN', /finite number/],
  ['u = true', /finite number, got true/],
  ['u = 0x10', /decimal number/],
  ['u = 1..2', /write the product with \*: 1\.\*\.2/],
  ['u = (x', /expected "\)", found the end at character 7/],
  ['u = x)', /expected an operator or the end, found "\)" at character 6/],
  ['u = x*', /expected a number, a name or "\(", found the end at character 7/],
  ['u = *x', /found "\*" at character 5/],
  ['u = sin(x', /expected "\)", found the end/],
  ['laplacian(u = 0', /expected "\)", found the end/],
  ['u = x,y', /found "," at character 6/],
  ['u = 1/0', /divides by a constant that is zero/],
  ['u = log(-1)', /not finite|value NaN/],
  ['u = sqrt(-2)', /value NaN/],
  ['u = x^y', /constant exponent/],
  ['u = x^u', /constant exponent/],
  ['u_xxxxx = 0', /order 5; expected an order from 1 to 4/],
  ['u_xxyyt = 0', /order 5/],
  ['biharmonic(u = 0', /expected "\)", found the end/],
  ['biharmonic(u_x) = 0', /expected biharmonic\(u\), got biharmonic\(u_x\)/],
  ['laplacian(laplacian(u)) = 0', /expected laplacian\(u\), got laplacian\(laplacian\(u\)\)/],
  ['u = biharmonic', /expected "\(" after the function biharmonic/],
  ['u_z = 0', /"z" is not made of coordinates/],
  ['u_ = 0', /not made of coordinates/],
  ['v_x = u', /"v" is not an unknown/],
  ['laplacian(v) = u', /expected laplacian\(u\)/],
  ['laplacian(u*u) = 0', /expected laplacian\(u\)/],
  ['x = 1', /does not determine the unknown/],
  ['u - u = 1', /does not determine the unknown/],
];

describe('what is refused', () => {
  test.each(refusals)('%s', (text, reason) => {
    const error = errorOf(() => parseEquation(text, scope));
    expect(error.code).toBe('KFAC_EQUATION');
    expect(error.message).toMatch(reason);
  });

  test('a bare text without "=" is an expression, one with it is not', () => {
    expect(errorOf(() => parseExpression('u = 1', scope)).message).toMatch(/found "="/);
    expect(errorOf(() => parseExpression(' ', scope)).message).toMatch(/empty/);
  });

  test('derivatives in an exact solution, laplacian without a coordinate but t, ambiguous derivatives', () => {
    expect(errorOf(() => parseExpression('u_x', { ...scope, unknowns: [] })).message).toMatch(
      /derivatives cannot be used here/,
    );
    expect(errorOf(() => parseExpression('laplacian(u)', scopeOf(['t']))).message).toMatch(/other than t/);
    expect(errorOf(() => parseExpression('u_xx', scopeOf(['x', 'xx']))).message).toMatch(/2 ways/);
  });

  test('of several unknowns each is known, and errors name them all', () => {
    const system = { ...scope, unknowns: ['u', 'v'] };
    expect(parseExpression('v_x', system)).toMatchObject({ variable: { kind: 'derivative', unknown: 1 } });
    expect(parseExpression('laplacian(v)', system)).toMatchObject({ variable: { kind: 'laplacian', unknown: 1 } });
    expect(parseExpression('v_x', system)).not.toBe(parseExpression('u_x', system));
    const message = (text: string): string => errorOf(() => parseEquation(text, system)).message;
    expect(message('u = w')).toMatch(/unknown name "w"; known here: .*u, v.* at character 5/);
    expect(message('w_x = u')).toMatch(/"w" is not an unknown; declared: u, v/);
    expect(message('laplacian(w) = u')).toMatch(/expected laplacian\(u\) or laplacian\(v\), got laplacian\(w\)/);
    expect(message('x = 1')).toMatch(/determines none of the unknowns u, v, which do not occur or cancel/);
  });

  test('limits: length, parts, nesting of every kind', () => {
    const deep = (open: string, close: string, n: number): string => `${open.repeat(n)}x${close.repeat(n)}`;
    expect(errorOf(() => parseExpression('x'.repeat(MAX_TEXT + 1), scope)).message).toMatch(
      new RegExp(`${MAX_TEXT} characters`),
    );
    expect(
      errorOf(() => parseExpression(Array.from({ length: MAX_NODES }, () => 'x').join('+'), scope)).message,
    ).toMatch(`more than ${MAX_NODES} parts`);
    expect(errorOf(() => parseExpression(deep('(', ')', MAX_NESTING + 1), scope)).message).toMatch(
      /nested deeper than 64/,
    );
    expect(errorOf(() => parseExpression(deep('-', '', MAX_NESTING + 1), scope)).message).toMatch(/nested deeper/);
    expect(errorOf(() => parseExpression(deep('-', '', 4000), scope)).message).toMatch(/nested deeper|parts/);
    expect(errorOf(() => parseExpression(deep('2^', '', 80), scope)).message).toMatch(/nested deeper/);
    expect(() => parseExpression(deep('(', ')', 60), scope)).not.toThrow();
  });

  test('a non-constant exponent is accepted over a base that is positive by its interval', () => {
    expect(() => parseExpression('x^y', scopeOf(['x', 'y'], [0.5, -1]))).not.toThrow();
    expect(() => parseExpression('(x^2 + 1)^y', scope)).not.toThrow();
    expect(() => parseExpression('(x^2)^y', scope)).toThrow();
  });
});

test('values of random expressions are those of mathjs: precedence, associativity, signs', () => {
  let state = 99;
  const next = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const write = (depth: number): string => {
    if (depth === 0) return ['x', 'y', '1.5', '2', 'nu', 'pi'][next(6)]!;
    const [a, b] = [write(depth - 1 - next(depth)), write(depth - 1 - next(depth))];
    switch (next(8)) {
      case 0:
        return `-${a}`;
      case 1:
        return `(${a})`;
      case 2:
        return `sin(${a})`;
      case 3:
        return `${a}^${1 + next(3)}`;
      default:
        return `${a}${['+', '-', '*', '/'][next(4)]}${b}`;
    }
  };
  let compared = 0;
  for (let run = 0; run < 500; run++) {
    const text = write(1 + next(5));
    const wanted = parse(text).evaluate({ x: 0.3, y: -0.4, nu: 0.25, pi: Math.PI }) as number;
    if (!Number.isFinite(wanted)) continue;
    expect(Math.abs(valueOf(text) - wanted), text).toBeLessThan(1e-12 * (1 + Math.abs(wanted)));
    compared += 1;
  }
  expect(compared).toBeGreaterThan(450);
});

test('fuzz: any text parses to finite structure or throws KFAC_EQUATION, never anything else', () => {
  const pieces = [
    'u',
    'u_x',
    'x',
    'y',
    't',
    'pi',
    'e',
    '1',
    '2.5',
    '1e9',
    '.',
    '+',
    '-',
    '*',
    '/',
    '^',
    '(',
    ')',
    ',',
    '=',
    ' ',
    'sin',
    'log(',
    'sqrt(',
    'laplacian(u)',
    'constructor',
    '%',
    '\n',
    'nu',
    '_',
    'u_xx',
    '0x1',
    'i',
    'to',
    'E',
  ];
  let state = 12345;
  const next = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  let parsed = 0;
  for (let run = 0; run < 4000; run++) {
    const text = Array.from({ length: 1 + next(12) }, () => pieces[next(pieces.length)]).join('');
    const fresh = { ...scope, pool: new ExpressionPool() };
    try {
      if (run % 2 === 0) parseEquation(text, fresh);
      else parseExpression(text, fresh);
      parsed++;
    } catch (error) {
      expect(error, text).toBeInstanceOf(KfacError);
      expect((error as KfacError).code, text).toBe('KFAC_EQUATION');
    }
  }
  expect(parsed).toBeGreaterThan(50);
});

function errorOf(run: () => unknown): KfacError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(KfacError);
    return error as KfacError;
  }
  throw new Error('expected an error');
}
