import { type Expression, type Variable, applyBinary, applyUnary, inOrder } from './expression.ts';

/** The value of an expression at one point: `lookup` gives the variables' values. */
export function evaluateExpression(root: Expression, lookup: (variable: Variable) => number): number {
  const values = new Map<Expression, number>();
  const value = (node: Expression): number => values.get(node)!;
  for (const node of inOrder([root])) values.set(node, evaluateNode(node, value, lookup));
  return values.get(root)!;
}

function evaluateNode(
  node: Expression,
  value: (node: Expression) => number,
  lookup: (variable: Variable) => number,
): number {
  switch (node.kind) {
    case 'number':
      return node.value;
    case 'variable':
      return lookup(node.variable);
    case 'unary':
      return applyUnary(node.op, value(node.a));
    case 'binary':
      return applyBinary(node.op, value(node.a), value(node.b));
    case 'powi':
      return value(node.a) ** node.exponent;
  }
}

/**
 * Sum of the magnitudes of the terms that an expression adds up, at one point: the size that rounding and a residual
 * are measured against.
 */
export function magnitudeOf(root: Expression, lookup: (variable: Variable) => number): number {
  if (root.kind === 'binary' && (root.op === 'add' || root.op === 'sub'))
    return magnitudeOf(root.a, lookup) + magnitudeOf(root.b, lookup);
  if (root.kind === 'unary' && root.op === 'neg') return magnitudeOf(root.a, lookup);
  return Math.abs(evaluateExpression(root, lookup));
}
