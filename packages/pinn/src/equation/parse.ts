import { KfacError } from '@kfac/core';
import {
  type MathNode,
  type OperatorNode,
  type FunctionNode,
  type SymbolNode,
  type ConstantNode,
  type ParenthesisNode,
  parse,
} from 'mathjs/number';
import { MAX_NESTING, MAX_NODES, admit, equationError, splitEquation } from './gate.ts';
import { type BinaryOperation, type Expression, type UnaryOperation, variablesOf } from './expression.ts';
import { FUNCTIONS, type Scope, TIME, resolveSymbol } from './symbols.ts';
import { signOf } from './sign.ts';

const OPERATIONS: ReadonlyMap<string, BinaryOperation> = new Map([
  ['+', 'add'],
  ['-', 'sub'],
  ['*', 'mul'],
  ['/', 'div'],
  ['^', 'pow'],
]);
const UNARY: ReadonlyMap<string, UnaryOperation> = new Map(FUNCTIONS.map((name) => [name, name]));

/**
 * Reads one side of an equation, a condition's or an exact solution's text. mathjs only parses; every node is then
 * checked against a list of what is allowed and rebuilt as our own. Throws `KFAC_EQUATION`.
 */
export function parseExpression(text: string, scope: Scope): Expression {
  admit(text);
  if (text.includes('=')) throw equationError(text, 'expected an expression, found "="', text.indexOf('=') + 1);
  if (text.trim() === '') throw new KfacError('KFAC_EQUATION', 'expected an expression, got empty text');
  return new Walk(text, scope, text, 0).run();
}

/** Reads an equation as its residual, left − right. Throws `KFAC_EQUATION`, also if the unknown does not occur in it. */
export function parseEquation(text: string, scope: Scope): Expression {
  const { left, right } = splitEquation(text);
  const residual = scope.pool.sub(
    new Walk(left, scope, text, 0).run(),
    new Walk(right, scope, text, left.length + 1).run(),
  );
  if (variablesOf(residual).every((variable) => variable.kind === 'coordinate')) {
    throw equationError(
      text,
      `the equation does not determine the unknown ${scope.unknown}, which does not occur or cancels`,
    );
  }
  return residual;
}

class Walk {
  readonly #text: string;
  readonly #scope: Scope;
  readonly #whole: string;
  readonly #offset: number;
  #nodes = 0;

  /** `text` is what is parsed; errors show `whole`, in which it begins at `offset`. */
  constructor(text: string, scope: Scope, whole: string, offset: number) {
    this.#text = text;
    this.#scope = scope;
    this.#whole = whole;
    this.#offset = offset;
  }

  run(): Expression {
    try {
      return this.#visit(parse(this.#text), 0);
    } catch (cause) {
      if (cause instanceof KfacError) throw this.#located(cause);
      if (cause instanceof RangeError) throw this.#error(`the text is nested deeper than ${MAX_NESTING}`);
      if (cause instanceof SyntaxError) throw this.#syntaxError(cause);
      throw cause;
    }
  }

  /** Pool errors (1/0, log(-1)) do not know the text that they are about. */
  #located(error: KfacError): KfacError {
    return error.message.includes(' in "') ? error : this.#error(error.message);
  }

  #syntaxError(cause: SyntaxError): KfacError {
    const column = 'char' in cause && typeof cause.char === 'number' ? cause.char : undefined;
    return equationError(
      this.#whole,
      cause.message.replace(/ \(char \d+\)$/, ''),
      column === undefined ? undefined : this.#offset + column,
    );
  }

  #error(problem: string, token?: string): KfacError {
    const index = token === undefined ? -1 : tokenIndex(this.#text, token);
    return equationError(this.#whole, problem, index < 0 ? undefined : this.#offset + index + 1);
  }

  #visit(node: MathNode, depth: number): Expression {
    if (++this.#nodes > MAX_NODES) throw this.#error(`the text has more than ${MAX_NODES} parts`);
    if (depth > MAX_NESTING) throw this.#error(`the text is nested deeper than ${MAX_NESTING}`);
    switch (node.type) {
      case 'ConstantNode':
        return this.#constant((node as ConstantNode).value);
      case 'SymbolNode':
        return this.#symbol((node as SymbolNode).name);
      case 'ParenthesisNode':
        return this.#visit((node as ParenthesisNode).content, depth + 1);
      case 'OperatorNode':
        return this.#operator(node as OperatorNode, depth);
      case 'FunctionNode':
        return this.#function(node as FunctionNode, depth);
      default:
        throw this.#error('expected numbers, names, + - * / ^, parentheses and functions only; found something else');
    }
  }

  #constant(value: unknown): Expression {
    if (typeof value === 'number' && Number.isFinite(value)) return this.#scope.pool.number(value);
    throw this.#error(`expected a finite number, got ${String(value)}`, String(value));
  }

  #symbol(name: string): Expression {
    try {
      return resolveSymbol(this.#scope, name);
    } catch (cause) {
      throw cause instanceof KfacError ? this.#error(cause.message, name) : cause;
    }
  }

  #operator(node: OperatorNode, depth: number): Expression {
    const { pool } = this.#scope;
    const [first, second] = node.args as [MathNode, MathNode | undefined];
    if (second === undefined) {
      if (node.op === '-') return pool.neg(this.#visit(first, depth + 1));
      throw this.#error(`the sign "${node.op}" is not allowed; only unary - is`);
    }
    if (node.op === '*' && (node as { implicit?: boolean }).implicit) throw this.#implicit(first, second);
    const operation = OPERATIONS.get(node.op);
    if (operation === undefined || node.args.length !== 2)
      throw this.#error(`the operator "${node.op}" is not allowed; expected + - * / ^`, node.op);
    // A chain a + b + c + … is a loop to its reader, not a nesting: its left end stays on the same level.
    const a = this.#visit(first, operation === 'pow' ? depth + 1 : depth);
    const b = this.#visit(second, depth + 1);
    if (operation === 'pow') this.#checkPower(a, b);
    return pool.binary(operation, a, b);
  }

  #checkPower(base: Expression, exponent: Expression): void {
    const sign = signOf(base, this.#scope.lower);
    if (exponent.kind === 'number') {
      if (Number.isInteger(exponent.value) || base.kind !== 'number' || sign !== 'unknown') return;
      throw this.#error(`a negative number has no power ${exponent.value}`);
    }
    if (sign !== 'positive')
      throw this.#error('expected a constant exponent, or a base that is positive for certain such as exp(x)', '^');
  }

  #implicit(first: MathNode, second: MathNode): KfacError {
    const left = first.toString();
    const right = second.toString();
    if (first.type === 'SymbolNode' && UNARY.has(left))
      return this.#error(`write ${left}(${right}) with parentheses; found "${left} ${right}"`, left);
    return this.#error(`write the product with *: ${left}*${right}; multiplication is never implied`);
  }

  #function(node: FunctionNode, depth: number): Expression {
    const callee: MathNode = node.fn;
    if (callee.type !== 'SymbolNode') throw this.#error('expected the name of a function before "("');
    const { name } = callee as SymbolNode;
    const operation = UNARY.get(name);
    if (operation === undefined && name !== 'laplacian') {
      throw this.#error(
        `unknown function "${name}"; known: ${FUNCTIONS.join(', ')}, laplacian (a product needs *)`,
        name,
      );
    }
    if (node.args.length !== 1) throw this.#error(`expected one argument of ${name}, got ${node.args.length}`, name);
    const argument = node.args[0]!;
    if (operation === undefined) return this.#laplacian(argument);
    return this.#scope.pool.unary(operation, this.#visit(argument, depth + 1));
  }

  #laplacian(argument: MathNode): Expression {
    const { pool, coordinates, unknown } = this.#scope;
    const name = argument.type === 'SymbolNode' ? (argument as SymbolNode).name : argument.toString();
    if (unknown === null || name !== unknown)
      throw this.#error(`expected laplacian(${unknown ?? 'of an unknown'}), got laplacian(${name})`, 'laplacian');
    if (coordinates.every((coordinate) => coordinate === TIME))
      throw this.#error(`laplacian(${name}) needs a coordinate other than ${TIME}`, 'laplacian');
    return pool.variable({ kind: 'laplacian' });
  }
}

/** Where a name or operator stands as a token of its own. */
function tokenIndex(text: string, token: string): number {
  if (!/^\w+$/.test(token)) return text.indexOf(token);
  return text.search(new RegExp(`(?<![A-Za-z0-9_.])${token}(?![A-Za-z0-9_])`));
}
