import { equationError } from './gate.ts';

/** A piece of a text; `at` is its first character, counted from 0. */
export interface Token {
  readonly kind: 'number' | 'name' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const PIECE = /(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<sign>[+\-*/^(),])/y;

/**
 * Cuts an admitted text into numbers, names and signs, with an 'end' behind them. Errors show `whole`, in which the text
 * begins at `offset`. Throws `KFAC_EQUATION`.
 */
export function tokensOf(text: string, whole: string, offset: number): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === ' ') at++;
    if (at === text.length) return [...tokens, { kind: 'end', text: '', at }];
    PIECE.lastIndex = at;
    const found = PIECE.exec(text);
    if (!found) {
      // What the gate lets through and no piece begins with is a lone point.
      const operator = /^\.[*/^]/.exec(text.slice(at))?.[0];
      throw equationError(
        whole,
        operator === undefined
          ? `expected numbers, names, + - * / ^, parentheses and functions only, found "${text[at]}"`
          : `the operator "${operator}" is not allowed; expected + - * / ^`,
        offset + at + 1,
      );
    }
    const { number, name } = found.groups!;
    tokens.push({ kind: number ? 'number' : name ? 'name' : 'sign', text: found[0], at });
    at += found[0].length;
  }
}

/** The names in a text that has been read without an error. */
export function namesIn(text: string): string[] {
  return tokensOf(text, text, 0).flatMap((token) => (token.kind === 'name' ? [token.text] : []));
}
