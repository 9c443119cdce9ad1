import { KfacError } from '@kfac/core';
import { type BinaryOperation, type Expression, type UnaryOperation, networkVariablesOf } from './expression.ts';
import { MAX_NESTING, MAX_NODES, admit, equationError, splitEquation } from './gate.ts';
import { signOf } from './sign.ts';
import { normalName } from '../geometry/normal.ts';
import {
  FUNCTIONS,
  OPERATORS,
  type OperatorName,
  type Scope,
  TIME,
  isOperatorName,
  noDerivative,
  resolveSymbol,
} from './symbols.ts';
import { type Token, tokensOf } from './tokens.ts';

const SUMS: ReadonlyMap<string, BinaryOperation> = new Map([
  ['+', 'add'],
  ['-', 'sub'],
]);
const PRODUCTS: ReadonlyMap<string, BinaryOperation> = new Map([
  ['*', 'mul'],
  ['/', 'div'],
]);
const UNARY: ReadonlyMap<string, UnaryOperation> = new Map(FUNCTIONS.map((name) => [name, name]));
/** Words that are operators elsewhere, and words that are values there; no text may use them. */
const WORD_OPERATORS: ReadonlySet<string> = new Set(['mod', 'to', 'in', 'and', 'or', 'xor', 'not']);
const WORD_VALUES: ReadonlySet<string> = new Set(['Infinity', 'NaN', 'true', 'false', 'null', 'undefined']);

/** Reads one side of an equation, a condition's or an exact solution's text. Throws `KFAC_EQUATION`. */
export function parseExpression(text: string, scope: Scope): Expression {
  admit(text);
  if (text.includes('=')) throw equationError(text, 'expected an expression, found "="', text.indexOf('=') + 1);
  if (text.trim() === '') throw new KfacError('KFAC_EQUATION', 'expected an expression, got empty text');
  return new Parser(text, scope, text, 0).run();
}

/** Reads an equation as its residual, left − right. Throws `KFAC_EQUATION`, also if no unknown occurs in it. */
export function parseEquation(text: string, scope: Scope): Expression {
  const { left, right } = splitEquation(text);
  const residual = scope.pool.sub(
    new Parser(left, scope, text, 0).run(),
    new Parser(right, scope, text, left.length + 1).run(),
  );
  if (networkVariablesOf(residual).length === 0) {
    const [first, ...others] = scope.unknowns;
    throw equationError(
      text,
      others.length === 0
        ? `the equation does not determine the unknown ${first}, which does not occur or cancels`
        : `the equation determines none of the unknowns ${scope.unknowns.join(', ')}, which do not occur or cancel`,
    );
  }
  return residual;
}

/**
 * Recursive descent, from the loosest to the tightest: sum, product, sign, power, primary. `−` binds looser than `^`, which
 * is right-associative; `*` is never implied. A chain a + b + c is a loop and no nesting: parentheses, functions, signs and
 * exponents nest.
 */
class Parser {
  readonly #text: string;
  readonly #scope: Scope;
  readonly #whole: string;
  readonly #offset: number;
  readonly #tokens: readonly Token[];
  #position = 0;
  #nodes = 0;
  #depth = 0;

  /** `text` is what is parsed; errors show `whole`, in which it begins at `offset`. */
  constructor(text: string, scope: Scope, whole: string, offset: number) {
    this.#text = text;
    this.#scope = scope;
    this.#whole = whole;
    this.#offset = offset;
    this.#tokens = tokensOf(text, whole, offset);
  }

  run(): Expression {
    const expression = this.#sum();
    const rest = this.#next;
    if (rest.kind !== 'end') throw this.#error(`expected an operator or the end, found "${rest.text}"`, rest);
    return expression;
  }

  get #next(): Token {
    return this.#tokens[this.#position]!;
  }

  #take(): Token {
    return this.#tokens[this.#position++]!;
  }

  /** The next token if it is that sign. */
  #accept(sign: string): Token | null {
    return this.#next.kind === 'sign' && this.#next.text === sign ? this.#take() : null;
  }

  #error(problem: string, token: Token): KfacError {
    return equationError(this.#whole, problem, this.#offset + token.at + 1);
  }

  /** Runs what a token asks of the pool or the scope; their errors do not know the text that they are about. */
  #at<T>(token: Token, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (!(cause instanceof KfacError) || cause.message.includes(' in "')) throw cause;
      throw this.#error(cause.message, token);
    }
  }

  #count(token: Token): void {
    if (++this.#nodes > MAX_NODES) throw this.#error(`the text has more than ${MAX_NODES} parts`, token);
  }

  #nested(token: Token, read: () => Expression): Expression {
    if (++this.#depth > MAX_NESTING) throw this.#error(`the text is nested deeper than ${MAX_NESTING}`, token);
    const inner = read();
    this.#depth -= 1;
    return inner;
  }

  #sum(): Expression {
    return this.#chain(SUMS, () => this.#product());
  }

  #product(): Expression {
    return this.#chain(PRODUCTS, () => {
      const from = this.#next.at;
      const factor = this.#sign();
      this.#refuseImplied(from);
      return factor;
    });
  }

  /** Operands with operators of one precedence between them, from left to right. */
  #chain(operations: ReadonlyMap<string, BinaryOperation>, operand: () => Expression): Expression {
    let left = operand();
    for (;;) {
      const operation = this.#next.kind === 'sign' ? operations.get(this.#next.text) : undefined;
      if (operation === undefined) return left;
      const token = this.#take();
      this.#count(token);
      const [a, b] = [left, operand()];
      left = this.#at(token, () => this.#scope.pool.binary(operation, a, b));
    }
  }

  #sign(): Expression {
    const token = this.#next;
    if (this.#accept('-')) {
      this.#count(token);
      return this.#scope.pool.neg(this.#nested(token, () => this.#sign()));
    }
    if (token.text === '+' || token.text === 'not')
      throw this.#error(`the sign "${token.text}" is not allowed; only unary - is`, token);
    return this.#power();
  }

  #power(): Expression {
    const base = this.#primary();
    const token = this.#accept('^');
    if (!token) return base;
    this.#count(token);
    const exponent = this.#nested(token, () => this.#sign());
    this.#checkPower(base, exponent, token);
    return this.#at(token, () => this.#scope.pool.binary('pow', base, exponent));
  }

  #checkPower(base: Expression, exponent: Expression, token: Token): void {
    const sign = signOf(base, this.#scope.lower);
    if (exponent.kind === 'number') {
      if (Number.isInteger(exponent.value) || base.kind !== 'number' || sign !== 'unknown') return;
      throw this.#error(`a negative number has no power ${exponent.value}`, token);
    }
    if (sign !== 'positive')
      throw this.#error('expected a constant exponent, or a base that is positive for certain such as exp(x)', token);
  }

  #primary(): Expression {
    const token = this.#take();
    this.#count(token);
    if (token.kind === 'number') {
      const value = Number(token.text);
      if (Number.isFinite(value)) return this.#scope.pool.number(value);
      throw this.#error(`expected a finite number, got ${token.text}`, token);
    }
    if (token.kind === 'name') return this.#name(token);
    if (token.text === '(') {
      const inner = this.#nested(token, () => this.#sum());
      if (!this.#accept(')')) throw this.#error(`expected ")", found ${this.#found()}`, this.#next);
      return inner;
    }
    this.#position -= 1;
    throw this.#error(`expected a number, a name or "(", found ${this.#found()}`, token);
  }

  #found(): string {
    return this.#next.kind === 'end' ? 'the end' : `"${this.#next.text}"`;
  }

  #name(token: Token): Expression {
    const { text } = token;
    if (WORD_VALUES.has(text)) throw this.#error(`expected a finite number, got ${text}`, token);
    if (this.#next.text === '(') return this.#function(token);
    if (UNARY.has(text) && (this.#next.kind === 'name' || this.#next.kind === 'number')) {
      const argument = this.#next.text;
      throw this.#error(`write ${text}(${argument}) with parentheses; found "${text} ${argument}"`, token);
    }
    return this.#at(token, () => resolveSymbol(this.#scope, text));
  }

  #function(token: Token): Expression {
    const name = token.text;
    const operation = UNARY.get(name);
    if (name === 'dn') return this.#normalDerivative(token, this.#argument(token, this.#take()));
    if (isOperatorName(name)) return this.#operator(name, token, this.#argument(token, this.#take()));
    if (operation === undefined) {
      const known = `${[...FUNCTIONS, ...OPERATORS, 'dn'].join(', ')} (a product needs *)`;
      throw this.#error(`unknown function "${name}"; known: ${known}`, token);
    }
    const open = this.#take();
    let count = 0;
    let argument: Expression | null = null;
    if (this.#next.text !== ')') {
      do {
        argument = this.#nested(open, () => this.#sum());
        count += 1;
      } while (this.#accept(','));
    }
    if (!this.#accept(')')) throw this.#error(`expected ")", found ${this.#found()}`, this.#next);
    if (argument === null || count !== 1) throw this.#error(`expected one argument of ${name}, got ${count}`, token);
    const inside = argument;
    return this.#at(token, () => this.#scope.pool.unary(operation, inside));
  }

  /** The argument of laplacian(u), biharmonic(u) or dn(u): the name of an unknown, not an expression. */
  #argument(token: Token, open: Token): number {
    const { unknowns } = this.#scope;
    const operator = token.text;
    let level = 1;
    while (level > 0) {
      if (this.#next.kind === 'end') throw this.#error('expected ")", found the end', this.#next);
      const { text } = this.#take();
      level += text === '(' ? 1 : text === ')' ? -1 : 0;
    }
    const name = this.#text.slice(open.at + 1, this.#tokens[this.#position - 1]!.at).trim();
    const unknown = unknowns.indexOf(name);
    if (unknown < 0) {
      const known =
        unknowns.length === 0 ? `${operator}(of an unknown)` : unknowns.map((u) => `${operator}(${u})`).join(' or ');
      throw this.#error(`expected ${known}, got ${operator}(${name})`, token);
    }
    return unknown;
  }

  #operator(kind: OperatorName, token: Token, unknown: number): Expression {
    const { pool, coordinates, unknowns } = this.#scope;
    if (coordinates.every((coordinate) => coordinate === TIME))
      throw this.#error(`${kind}(${unknowns[unknown]}) needs a coordinate other than ${TIME}`, token);
    return pool.variable({ kind, unknown });
  }

  /** dn(u) = n·∇u over the coordinates but t, n being fields. */
  #normalDerivative(token: Token, unknown: number): Expression {
    const { pool, coordinates, fields = [], unknowns } = this.#scope;
    const terms = coordinates.flatMap((coordinate, axis) => {
      const index = fields.indexOf(normalName(coordinate));
      if (index < 0) return [];
      const orders = noDerivative(coordinates.length);
      orders[axis] = 1;
      return [
        pool.mul(pool.variable({ kind: 'field', index }), pool.variable({ kind: 'derivative', unknown, orders })),
      ];
    });
    if (terms.length === 0) {
      const name = `dn(${unknowns[unknown]})`;
      throw this.#error(
        `${name} stands only in a condition on sides, parts of a geometry and boundaries of regions: it is the derivative along their normal`,
        token,
      );
    }
    return terms.reduce((sum, term) => pool.add(sum, term));
  }

  /** A factor that begins at `from` has been read: what follows must be an operator. */
  #refuseImplied(from: number): void {
    const token = this.#next;
    if (token.kind === 'name' && WORD_OPERATORS.has(token.text))
      throw this.#error(`the operator "${token.text}" is not allowed; expected + - * / ^`, token);
    if (token.kind !== 'name' && token.kind !== 'number' && token.text !== '(') return;
    const left = this.#text.slice(from, token.at).trim();
    const right = token.text === '(' ? '(…)' : token.text;
    throw this.#error(`write the product with *: ${left}*${right}; multiplication is never implied`, token);
  }
}
