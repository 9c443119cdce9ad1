import { KfacError } from '@kfac/core';

/**
 * What the network gives an expression, `unknown` being the number of an unknown. `orders` is the multi-index of a
 * derivative over the coordinates (all zeros: the value); `collapsed` is the one combination of an unknown's derivatives of
 * one order that an equation carries in which they are linear.
 */
export type NetworkVariable =
  | { readonly kind: 'derivative'; readonly unknown: number; readonly orders: readonly number[] }
  | { readonly kind: 'laplacian' | 'biharmonic'; readonly unknown: number }
  | { readonly kind: 'collapsed'; readonly unknown: number; readonly order: number };

/** A known function, by number, or a derivative of it over the coordinates (all zeros: the value). */
export interface KnownVariable {
  readonly kind: 'known';
  readonly index: number;
  readonly orders: readonly number[];
}

/**
 * What an expression may depend on. A field is a number given at every point, such as a component of the normal; a
 * parameter is an unknown number, the same everywhere.
 */
export type Variable =
  | { readonly kind: 'coordinate'; readonly axis: number }
  | { readonly kind: 'field'; readonly index: number }
  | { readonly kind: 'parameter'; readonly index: number }
  | KnownVariable
  | NetworkVariable;

export type UnaryOperation =
  | 'neg'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'tanh'
  | 'sinh'
  | 'cosh'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'abs'
  | 'sign';
export type BinaryOperation = 'add' | 'sub' | 'mul' | 'div' | 'pow';

/** A node of an expression. Equal nodes of one pool are one object: compare them with `===`. */
export type Expression =
  | { readonly id: number; readonly kind: 'number'; readonly value: number }
  | { readonly id: number; readonly kind: 'variable'; readonly variable: Variable; readonly key: string }
  | { readonly id: number; readonly kind: 'unary'; readonly op: UnaryOperation; readonly a: Expression }
  | {
      readonly id: number;
      readonly kind: 'binary';
      readonly op: BinaryOperation;
      readonly a: Expression;
      readonly b: Expression;
    }
  | { readonly id: number; readonly kind: 'powi'; readonly a: Expression; readonly exponent: number };

/** Nodes that a pool may hold; symbolic derivatives stay far below it unless a text was written to blow them up. */
const MAX_POOL = 65_536;

/** A name of a variable that is unique within one problem. */
export function variableKey(variable: Variable): string {
  switch (variable.kind) {
    case 'coordinate':
      return `x${variable.axis}`;
    case 'field':
      return `f${variable.index}`;
    case 'parameter':
      return `p${variable.index}`;
    case 'known':
      return `k${variable.index}:${variable.orders.join(',')}`;
    case 'derivative':
      return `u${variable.unknown}:${variable.orders.join(',')}`;
    case 'laplacian':
    case 'biharmonic':
      return `${variable.kind}${variable.unknown}`;
    case 'collapsed':
      return `collapsed${variable.order}:${variable.unknown}`;
  }
}

/** Does the network give the variable? Otherwise the point does, or it is an unknown number. */
export function isNetworkVariable(variable: Variable): variable is NetworkVariable {
  return (
    variable.kind !== 'coordinate' &&
    variable.kind !== 'field' &&
    variable.kind !== 'parameter' &&
    variable.kind !== 'known'
  );
}

/** The order of a multi-index. */
export function orderOf(orders: readonly number[]): number {
  return orders.reduce((sum, order) => sum + order, 0);
}

/** The order of what the network gives: 0 for the value. */
export function orderOfVariable(variable: NetworkVariable): number {
  switch (variable.kind) {
    case 'derivative':
      return orderOf(variable.orders);
    case 'laplacian':
      return 2;
    case 'biharmonic':
      return 4;
    case 'collapsed':
      return variable.order;
  }
}

/** The value of one unary operation. */
export function applyUnary(op: UnaryOperation, a: number): number {
  return op === 'neg' ? -a : Math[op](a);
}

/** The value of one binary operation. */
export function applyBinary(op: BinaryOperation, a: number, b: number): number {
  switch (op) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return a / b;
    case 'pow':
      return a ** b;
  }
}

type Draft = Expression extends infer Node ? (Node extends Expression ? Omit<Node, 'id'> : never) : never;

/**
 * Makes expressions: hash-consed (equal nodes are one object), constants folded, neutral elements dropped.
 * Throws `KFAC_EQUATION` when a constant part is not finite (1/0, log(-1)) or an expression outgrows the pool.
 */
export class ExpressionPool {
  readonly #nodes = new Map<string, Expression>();

  get size(): number {
    return this.#nodes.size;
  }

  number(value: number): Expression {
    if (!Number.isFinite(value))
      throw new KfacError(
        'KFAC_EQUATION',
        `a constant part of the text has the value ${value}; expected a finite number`,
      );
    const clean = value === 0 ? 0 : value;
    return this.#intern(`#${clean}`, { kind: 'number', value: clean });
  }

  variable(variable: Variable): Expression {
    const key = variableKey(variable);
    return this.#intern(key, { kind: 'variable', variable, key });
  }

  coordinate(axis: number): Expression {
    return this.variable({ kind: 'coordinate', axis });
  }

  unary(op: UnaryOperation, a: Expression): Expression {
    if (a.kind === 'number') return this.number(applyUnary(op, a.value));
    if (op === 'neg' && a.kind === 'unary' && a.op === 'neg') return a.a;
    return this.#intern(`${op} ${a.id}`, { kind: 'unary', op, a });
  }

  neg(a: Expression): Expression {
    return this.unary('neg', a);
  }

  add(a: Expression, b: Expression): Expression {
    if (isNumber(a, 0)) return b;
    if (isNumber(b, 0)) return a;
    return this.#binary('add', a, b);
  }

  sub(a: Expression, b: Expression): Expression {
    if (isNumber(b, 0)) return a;
    if (isNumber(a, 0)) return this.neg(b);
    if (a === b) return this.number(0);
    return this.#binary('sub', a, b);
  }

  mul(a: Expression, b: Expression): Expression {
    if (isNumber(a, 0) || isNumber(b, 0)) return this.number(0);
    if (isNumber(a, 1)) return b;
    if (isNumber(b, 1)) return a;
    if (isNumber(a, -1)) return this.neg(b);
    if (isNumber(b, -1)) return this.neg(a);
    return this.#binary('mul', a, b);
  }

  div(a: Expression, b: Expression): Expression {
    if (isNumber(b, 0)) throw new KfacError('KFAC_EQUATION', 'the text divides by a constant that is zero');
    if (isNumber(a, 0)) return this.number(0);
    if (isNumber(b, 1)) return a;
    if (isNumber(b, -1)) return this.neg(a);
    return this.#binary('div', a, b);
  }

  /** aᵇ; a constant integer exponent becomes repeated multiplication ('powi'). */
  pow(a: Expression, b: Expression): Expression {
    if (b.kind === 'number' && Number.isInteger(b.value) && Math.abs(b.value) < 2 ** 31) return this.powi(a, b.value);
    return this.#binary('pow', a, b);
  }

  powi(a: Expression, exponent: number): Expression {
    if (a.kind === 'number') return this.number(a.value ** exponent);
    if (exponent === 0) return this.number(1);
    if (exponent === 1) return a;
    return this.#intern(`${a.id} powi ${exponent}`, { kind: 'powi', a, exponent });
  }

  binary(op: BinaryOperation, a: Expression, b: Expression): Expression {
    return this[op](a, b);
  }

  #binary(op: BinaryOperation, a: Expression, b: Expression): Expression {
    if (a.kind === 'number' && b.kind === 'number') return this.number(applyBinary(op, a.value, b.value));
    return this.#intern(`${a.id} ${op} ${b.id}`, { kind: 'binary', op, a, b });
  }

  #intern(key: string, draft: Draft): Expression {
    const found = this.#nodes.get(key);
    if (found) return found;
    if (this.#nodes.size >= MAX_POOL) {
      throw new KfacError(
        'KFAC_EQUATION',
        `the derivatives of the text need more than ${MAX_POOL} different parts; write it more simply`,
      );
    }
    const node = { ...draft, id: this.#nodes.size } as Expression;
    this.#nodes.set(key, node);
    return node;
  }
}

/** Is the expression this number? */
function isNumber(expression: Expression, value: number): boolean {
  return expression.kind === 'number' && expression.value === value;
}

/** The operands of a node. */
export function operands(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'number':
    case 'variable':
      return [];
    case 'unary':
    case 'powi':
      return [expression.a];
    case 'binary':
      return [expression.a, expression.b];
  }
}

/** Every node of the given expressions once, operands before the nodes that use them. */
export function inOrder(roots: readonly Expression[]): Expression[] {
  const seen = new Set<Expression>();
  const order: Expression[] = [];
  const visit = (node: Expression): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const operand of operands(node)) visit(operand);
    order.push(node);
  };
  for (const root of roots) visit(root);
  return order;
}

/** The known functions and their derivatives in an expression, each once, in the order of first appearance. */
export function knownVariablesOf(expression: Expression): KnownVariable[] {
  return inOrder([expression]).flatMap((node) =>
    node.kind === 'variable' && node.variable.kind === 'known' ? [node.variable] : [],
  );
}

/** What an expression takes from the network, each once, in the order of first appearance. */
export function networkVariablesOf(expression: Expression): NetworkVariable[] {
  return inOrder([expression]).flatMap((node) =>
    node.kind === 'variable' && isNetworkVariable(node.variable) ? [node.variable] : [],
  );
}
