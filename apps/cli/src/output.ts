import { accessSync, constants, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Distribution } from '@kfac/core';
import { UsageError } from './exit.ts';

/** Makes the folder of `--out`; throws `UsageError` if it cannot be made, before any work is done. */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--out: cannot write into "${folder}": ${(error as Error).message}`);
  }
}

/** Writes a file whole or not at all: what was there stays until the new one is complete. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content, { flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A name as a file name without surprises: `Burgers-0.01/pi` → `Burgers-0.01-pi`. */
export function fileStem(name: string): string {
  return (
    name
      .replaceAll(/[^\w.-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 100) || 'problem'
  );
}

/** Contents by file name. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Writes files into a folder; gives their paths. */
export function writeFiles(folder: string, files: Files): string[] {
  return Object.entries(files).map(([name, content]) => {
    const path = join(folder, name);
    writeAtomically(path, content);
    return path;
  });
}

/** JSON with a final newline; typed arrays become arrays. */
export function jsonFile(value: unknown): string {
  const plain = (_key: string, item: unknown): unknown => (item instanceof Float64Array ? Array.from(item) : item);
  return `${JSON.stringify(value, plain, 2)}\n`;
}

/** P&L histograms as CSV: one row for each bin of each distribution. */
export function histogramCsv(distributions: readonly Distribution[]): string {
  const rows = distributions.flatMap(({ name, edges, counts }) =>
    counts.map((count, bin) => [name, edges[bin], edges[bin + 1], count].join(',')),
  );
  return `${['name,lower,upper,count', ...rows].join('\n')}\n`;
}
