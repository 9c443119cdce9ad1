import { KfacError } from '@kfac/core';

/** Longest text, in characters (all of them ASCII). */
export const MAX_TEXT = 16_384;
/** Deepest nesting of parentheses, functions, signs and powers. */
export const MAX_NESTING = 64;
/** Most nodes of one text's syntax tree. */
export const MAX_NODES = 2048;

const ALLOWED = /[^A-Za-z0-9_+\-*/^()., =]/;

/** An error about a text: what was expected, what came, and where (1-based column, if it is known). */
export function equationError(text: string, problem: string, column?: number): KfacError {
  const place = column === undefined ? '' : ` at character ${column}`;
  const shown = text.length > 120 ? `${text.slice(0, 117)}...` : text;
  return new KfacError('KFAC_EQUATION', `${problem}${place} in "${shown}"`);
}

/**
 * Admits a text to the parser: length, characters, nesting. Everything that the parser would understand in a way
 * that nobody means (newlines, comments, percent signs, transposes, hexadecimal) is stopped here by its characters.
 * Throws `KFAC_EQUATION`.
 */
export function admit(text: string): void {
  if (text.length > MAX_TEXT)
    throw new KfacError(
      'KFAC_EQUATION',
      `expected at most ${MAX_TEXT} characters of equation text, got ${text.length}`,
    );
  const odd = ALLOWED.exec(text);
  if (odd) {
    throw equationError(
      text,
      `expected only letters, digits, _ + - * / ^ ( ) . , = and spaces, found ${JSON.stringify(odd[0])}`,
      odd.index + 1,
    );
  }
  const literal = /(?<![A-Za-z0-9_.])0[xXbBoO]/.exec(text);
  if (literal) throw equationError(text, 'expected a decimal number', literal.index + 1);
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(' && ++depth > MAX_NESTING) {
      throw equationError(text, `parentheses are nested deeper than ${MAX_NESTING}`, i + 1);
    }
    if (text[i] === ')') depth--;
  }
}

/** Splits an equation at its single `=`. Throws `KFAC_EQUATION` for none, several, or an empty side. */
export function splitEquation(text: string): { left: string; right: string } {
  admit(text);
  const sides = text.split('=');
  const end = text.length + 1;
  if (sides.length === 1)
    throw equationError(text, 'expected an equation "left = right", found no "=" before the end', end);
  if (sides.length > 2)
    throw equationError(text, 'expected one "=", found another', text.indexOf('=', text.indexOf('=') + 1) + 1);
  const [left, right] = sides as [string, string];
  if (left.trim() === '') throw equationError(text, 'expected something on the left of "="', left.length + 1);
  if (right.trim() === '') throw equationError(text, 'expected something on the right of "="', end);
  return { left, right };
}
