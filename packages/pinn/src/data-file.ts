import { type Fault, pointerOf, specError } from '@kfac/core';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Columns, tableFaults } from './data.ts';
import { type Box, boxOf } from './geometry/box.ts';

/** Most faults of one file that are listed. */
const MAX_FAULTS = 10;

/** A table with a line of the file for every row. */
interface Table {
  readonly columns: Columns;
  readonly lines: readonly number[];
}

/** A fault in a file; the line is null where the file as a whole is meant. */
interface FileFault {
  readonly line: number | null;
  readonly detail: string;
}

/**
 * A specification in which every `{ "data": { "file": "name.csv" } }` is replaced by the columns of that file, found
 * relative to `folder`; anything else, well-formed or not, is left for `parsePinnSpec`. A file has a line of names, then
 * lines of numbers, separated by commas; blank lines and lines that begin with # are skipped. Throws `KFAC_SPEC` with file
 * and line of every fault: missing columns or numbers, points outside the domain.
 */
export function readDataFiles(json: unknown, folder: string): unknown {
  if (!isObject(json) || !Array.isArray(json['conditions'])) return json;
  const faults: Fault[] = [];
  const conditions = json['conditions'].map((condition: unknown, k) => {
    if (!isObject(condition) || !isObject(condition['data']) || typeof condition['data']['file'] !== 'string')
      return condition;
    const { file, ...others } = condition['data'];
    const found: FileFault[] = Object.keys(others).map((key) => ({
      line: null,
      detail: `expected no column beside the file, got "${key}"`,
    }));
    const table = readTable(resolve(folder, file as string), found);
    if (found.length === 0) found.push(...faultsAt(table, json));
    for (const { line, detail } of found.slice(0, MAX_FAULTS)) {
      const place = line === null ? `"${file}"` : `"${file}", line ${line}`;
      faults.push({
        code: 'KFAC_SPEC',
        pointer: pointerOf(['conditions', k, 'data', 'file']),
        detail: `${place}: ${detail}`,
      });
    }
    return { ...condition, data: table.columns };
  });
  if (faults.length > 0) throw specError(faults);
  return { ...json, conditions };
}

function readTable(path: string, faults: FileFault[]): Table {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    faults.push({ line: null, detail: `expected a readable file: ${(cause as Error).message}` });
    return { columns: {}, lines: [] };
  }
  const rows = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line, k) => ({ line: k + 1, text: line.trim() }))
    .filter((row) => row.text !== '' && !row.text.startsWith('#'))
    .map((row) => ({
      line: row.line,
      cells: row.text.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1')),
    }));
  const [header, ...body] = rows;
  if (!header || body.length === 0) {
    faults.push({ line: null, detail: 'expected a line of names and at least one line of numbers' });
    return { columns: {}, lines: [] };
  }
  const names = header.cells;
  for (const [k, name] of names.entries()) {
    if (names.indexOf(name) < k) faults.push({ line: header.line, detail: `the column "${name}" is there twice` });
  }
  for (const { line, cells } of body) {
    if (cells.length !== names.length)
      faults.push({ line, detail: `expected ${names.length} numbers (${names.join(', ')}), got ${cells.length}` });
    for (const [k, cell] of cells.slice(0, names.length).entries()) {
      if (cell === '' || !Number.isFinite(Number(cell)))
        faults.push({ line, detail: `expected a finite number in ${names[k]}, got ${JSON.stringify(cell)}` });
    }
  }
  return {
    columns: Object.fromEntries(names.map((name, k) => [name, body.map(({ cells }) => Number(cells[k]))])),
    lines: body.map(({ line }) => line),
  };
}

/** What is wrong with a table for a specification, as far as that is well-formed. */
function faultsAt({ columns, lines }: Table, json: Readonly<Record<string, unknown>>): FileFault[] {
  const box = readBox(json['domain']);
  const { unknowns = ['u'] } = json;
  if (!box || !Array.isArray(unknowns)) return [];
  return tableFaults(columns, box, unknowns.map(String)).map(({ row, detail }) => ({
    line: row === null ? null : lines[row]!,
    detail,
  }));
}

function readBox(domain: unknown): Box | null {
  const isInterval = (value: unknown): boolean =>
    Array.isArray(value) && value.length === 2 && value.every((end) => typeof end === 'number');
  if (!isObject(domain) || !Object.values(domain).every(isInterval)) return null;
  return boxOf(domain as Record<string, [number, number]>);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
