import type { Expression } from './expression.ts';

/** What is known about the values of an expression wherever it is defined. */
export type Sign = 'positive' | 'nonnegative' | 'unknown';

/** The sign of an expression for certain; `lower` holds the lower ends of the coordinates' intervals. */
export function signOf(node: Expression, lower: readonly number[]): Sign {
  switch (node.kind) {
    case 'number':
      return node.value > 0 ? 'positive' : node.value === 0 ? 'nonnegative' : 'unknown';
    case 'variable':
      return node.variable.kind === 'coordinate' ? fromLower(lower[node.variable.axis]!) : 'unknown';
    case 'unary':
      return node.op === 'exp' || node.op === 'cosh'
        ? 'positive'
        : node.op === 'abs' || node.op === 'sqrt'
          ? 'nonnegative'
          : 'unknown';
    case 'powi': {
      const base = signOf(node.a, lower);
      return base === 'positive'
        ? 'positive'
        : node.exponent % 2 === 0 || base === 'nonnegative'
          ? 'nonnegative'
          : 'unknown';
    }
    case 'binary':
      return signOfBinary(node.op, signOf(node.a, lower), signOf(node.b, lower));
  }
}

function fromLower(lower: number): Sign {
  return lower > 0 ? 'positive' : lower === 0 ? 'nonnegative' : 'unknown';
}

function signOfBinary(op: string, a: Sign, b: Sign): Sign {
  if (op === 'pow') return a === 'positive' ? 'positive' : a;
  if (a === 'unknown' || b === 'unknown' || op === 'sub') return 'unknown';
  const strict = op === 'add' ? a === 'positive' || b === 'positive' : a === 'positive' && b === 'positive';
  return strict ? 'positive' : 'nonnegative';
}
