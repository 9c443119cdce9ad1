import { type Expression, type Variable, applyBinary, applyUnary, inOrder } from './expression.ts';

/** Gives the value of a variable at a point. */
export type Lookup = (variable: Variable) => number;

/** An expression as a function of its variables' values, for evaluation at several points. */
export function evaluatorOf(root: Expression): (lookup: Lookup) => number {
  const order = inOrder([root]);
  const place = new Map(order.map((node, k) => [node, k]));
  const values = new Float64Array(order.length);
  const value = (node: Expression): number => values[place.get(node)!]!;
  return (lookup) => {
    for (let k = 0; k < order.length; k++) values[k] = evaluateNode(order[k]!, value, lookup);
    return values[order.length - 1]!;
  };
}

function evaluateNode(node: Expression, value: (node: Expression) => number, lookup: Lookup): number {
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

/** The terms that an expression adds up: the size that rounding and a residual are measured against is that of theirs. */
export function termsOf(root: Expression): readonly Expression[] {
  if (root.kind === 'binary' && (root.op === 'add' || root.op === 'sub'))
    return [...termsOf(root.a), ...termsOf(root.b)];
  if (root.kind === 'unary' && root.op === 'neg') return termsOf(root.a);
  return [root];
}
