import { KfacError } from '@kfac/core';
import { type Expression, type ExpressionPool, type Variable, inOrder, variableKey } from './expression.ts';

/**
 * ∂/∂variable of an expression, all other variables held fixed. The derivative of abs at 0 is 0.
 * Throws `KFAC_EQUATION` when the result outgrows the pool.
 */
export function differentiate(pool: ExpressionPool, root: Expression, variable: Variable): Expression {
  const key = variableKey(variable);
  const derivatives = new Map<Expression, Expression>();
  for (const node of inOrder([root]))
    derivatives.set(
      node,
      derivativeOfNode(pool, node, key, (a) => derivatives.get(a)!),
    );
  return derivatives.get(root)!;
}

function derivativeOfNode(
  pool: ExpressionPool,
  node: Expression,
  key: string,
  d: (node: Expression) => Expression,
): Expression {
  switch (node.kind) {
    case 'number':
      return pool.number(0);
    case 'variable':
      return pool.number(node.key === key ? 1 : 0);
    case 'unary':
      return isZero(d(node.a)) ? d(node.a) : pool.mul(unarySlope(pool, node), d(node.a));
    case 'powi':
      return pool.mul(pool.mul(pool.number(node.exponent), pool.powi(node.a, node.exponent - 1)), d(node.a));
    case 'binary':
      return binaryDerivative(pool, node, d(node.a), d(node.b));
  }
}

const isZero = (node: Expression): boolean => node.kind === 'number' && node.value === 0;

/** f′(a) of the node f(a). */
function unarySlope(pool: ExpressionPool, node: Extract<Expression, { kind: 'unary' }>): Expression {
  const { a } = node;
  const one = pool.number(1);
  switch (node.op) {
    case 'neg':
      return pool.number(-1);
    case 'sin':
      return pool.unary('cos', a);
    case 'cos':
      return pool.neg(pool.unary('sin', a));
    case 'tan':
      return pool.add(one, pool.powi(node, 2));
    case 'tanh':
      return pool.sub(one, pool.powi(node, 2));
    case 'sinh':
      return pool.unary('cosh', a);
    case 'cosh':
      return pool.unary('sinh', a);
    case 'exp':
      return node;
    case 'log':
      return pool.div(one, a);
    case 'sqrt':
      return pool.div(pool.number(0.5), node);
    case 'abs':
      return pool.unary('sign', a);
    case 'sign':
      return pool.number(0);
  }
}

function binaryDerivative(
  pool: ExpressionPool,
  node: Extract<Expression, { kind: 'binary' }>,
  da: Expression,
  db: Expression,
): Expression {
  const { a, b } = node;
  switch (node.op) {
    case 'add':
      return pool.add(da, db);
    case 'sub':
      return pool.sub(da, db);
    case 'mul':
      return pool.add(pool.mul(da, b), pool.mul(a, db));
    case 'div':
      return isZero(db) ? pool.div(da, b) : pool.sub(pool.div(da, b), pool.div(pool.mul(a, db), pool.powi(b, 2)));
    case 'pow': {
      const byBase = isZero(da) ? da : pool.mul(pool.mul(b, pool.pow(a, pool.sub(b, pool.number(1)))), da);
      return isZero(db) ? byBase : pool.add(byBase, pool.mul(pool.mul(node, pool.unary('log', a)), db));
    }
  }
}

/** The expression with some variables replaced; `replacement` returns undefined for those that stay. */
export function substitute(
  pool: ExpressionPool,
  root: Expression,
  replacement: (variable: Variable) => Expression | undefined,
): Expression {
  const results = new Map<Expression, Expression>();
  const result = (node: Expression): Expression => results.get(node)!;
  for (const node of inOrder([root])) results.set(node, rebuild(pool, node, result, replacement));
  return results.get(root)!;
}

function rebuild(
  pool: ExpressionPool,
  node: Expression,
  result: (node: Expression) => Expression,
  replacement: (variable: Variable) => Expression | undefined,
): Expression {
  switch (node.kind) {
    case 'number':
      return node;
    case 'variable':
      return replacement(node.variable) ?? node;
    case 'unary':
      return pool.unary(node.op, result(node.a));
    case 'powi':
      return pool.powi(result(node.a), node.exponent);
    case 'binary':
      return pool.binary(node.op, result(node.a), result(node.b));
  }
}

/** ∂^orders of an expression in coordinates alone: one order per axis. Throws `KFAC_EQUATION` if it depends on the unknown. */
export function differentiateAlong(pool: ExpressionPool, root: Expression, orders: readonly number[]): Expression {
  let result = root;
  for (const [axis, order] of orders.entries()) {
    for (let k = 0; k < order; k++) result = differentiate(pool, result, { kind: 'coordinate', axis });
  }
  for (const node of inOrder([result])) {
    if (node.kind === 'variable' && node.variable.kind !== 'coordinate') {
      throw new KfacError('KFAC_EQUATION', 'expected an expression in the coordinates alone');
    }
  }
  return result;
}
