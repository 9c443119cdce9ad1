const PLACE = /at character (\d+) in "(.*)"/s;

/**
 * The character of a text that a refusal is about, counted from 0; the text's length where something is missing at its end.
 * Null if the refusal names no character, or is of another text: of one that has been changed since.
 */
export function faultAt(detail: string | undefined, text: string): number | null {
  const place = detail === undefined ? null : PLACE.exec(detail);
  if (place === null) return null;
  const [, character, quoted = ''] = place;
  // Of a long text the beginning is quoted.
  const isQuoted = quoted === text || (quoted.endsWith('...') && text.startsWith(quoted.slice(0, -3)));
  return isQuoted ? Math.min(Number(character) - 1, text.length) : null;
}

/** The refusal of a field: that of its place or, for one that holds a whole list, the first of its items. */
export function refusalOf(errors: ReadonlyMap<string, string>, pointer: string, isWhole: boolean): string | undefined {
  const own = errors.get(pointer);
  if (own !== undefined || !isWhole) return own;
  return [...errors].find(([place]) => place.startsWith(`${pointer}/`))?.[1];
}
