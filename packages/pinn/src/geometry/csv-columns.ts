import { KfacError } from '@kfac/core';

/** A table as columns: numbers by name, and texts of the columns that hold words. */
export interface Columns {
  readonly rows: number;
  readonly numbers: ReadonlyMap<string, Float64Array>;
  readonly words: ReadonlyMap<string, readonly string[]>;
}

/**
 * The columns of a CSV text with names in its first line: `numeric` ones, all needed, and `textual` ones, which may be
 * missing; others are not read. Fields are separated by commas; blank lines are skipped. Throws `KFAC_SPEC` with the line
 * for a missing column, a line of another length, and what is not a finite number.
 */
export function readColumns(csv: string, numeric: readonly string[], textual: readonly string[]): Columns {
  const [first = '', ...lines] = csv.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const header = first.split(',').map((name) => name.trim());
  const missing = numeric.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    throw new KfacError(
      'KFAC_SPEC',
      `line 1: expected the columns ${numeric.join(', ')}; missing ${missing.join(', ')}, got ${header.join(', ')}`,
    );
  }
  const rows = lines.flatMap((line, k) => (line.trim() === '' ? [] : [{ line: k + 2, fields: line.split(',') }]));
  if (rows.length === 0) throw new KfacError('KFAC_SPEC', 'expected at least one line after the names, got none');
  for (const { line, fields } of rows) {
    if (fields.length !== header.length)
      throw new KfacError('KFAC_SPEC', `line ${line}: expected ${header.length} fields, got ${fields.length}`);
  }
  const numbers = numeric.map((name) => {
    const column = header.indexOf(name);
    const values = rows.map(({ line, fields }) => {
      const text = fields[column]!.trim();
      const value = text === '' ? Number.NaN : Number(text);
      if (!Number.isFinite(value))
        throw new KfacError('KFAC_SPEC', `line ${line}, column ${name}: expected a finite number, got "${text}"`);
      return value;
    });
    return [name, Float64Array.from(values)] as const;
  });
  const words = textual
    .filter((name) => header.includes(name))
    .map((name) => [name, rows.map(({ fields }) => fields[header.indexOf(name)]!.trim())] as const);
  return { rows: rows.length, numbers: new Map(numbers), words: new Map(words) };
}
