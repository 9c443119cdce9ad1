import { readDataFiles, readGeometryFiles, readKnownFiles } from '@kfac/pinn';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { UsageError } from './exit.ts';
import { dropFormerFields } from './alternatives.ts';
import type { JsonSchema } from './alternatives.ts';
import { applyOverrides, overriddenPaths } from './overrides.ts';

/** A ready problem, as the packages' catalogues list them. */
export interface CatalogueItem {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly spec: unknown;
}

/** A problem as the user gave it: still untrusted JSON. */
export interface ProblemSource {
  /** Catalogue name, or the file's name without `.json`. */
  readonly name: string;
  readonly json: unknown;
}

/**
 * Finds a problem by catalogue name (case does not matter) or reads it from a JSON file, then applies `--set` overrides;
 * what they drop is said on stderr. Files that its geometry, its data and its known functions name are read, relative to its own folder.
 * Throws `UsageError` if there is neither, or if the file is not JSON.
 */
export function readProblem(
  source: string,
  catalogue: readonly CatalogueItem[],
  overrides: readonly string[],
  schemaOf: (json: unknown) => JsonSchema,
): ProblemSource {
  const item = catalogue.find(({ name }) => name.toLowerCase() === source.toLowerCase());
  const name = item?.name ?? basename(source).replace(/\.json$/i, '');
  const given = applyOverrides(item ? structuredClone(item.spec) : readJson(source, catalogue), overrides);
  const folder = item ? '.' : dirname(source);
  const json = readKnownFiles(item ? given : readGeometryFiles(given, folder), folder);
  const dropped = overrides.length === 0 ? [] : dropFormerFields(json, schemaOf(json), overriddenPaths(overrides));
  if (dropped.length > 0) process.stderr.write(`dropped, as --set leaves no place for it: ${dropped.join(', ')}\n`);
  return { name, json: readDataFiles(json, folder) };
}

function readJson(path: string, catalogue: readonly CatalogueItem[]): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    throw new UsageError(
      `cannot read "${path}" (${why}), and the catalogue has only ${catalogue.map(({ name }) => name).join(', ')}`,
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError(`"${path}" is not JSON: ${(error as Error).message}`);
  }
}

/** The catalogue as the lines of `--list`. */
export function listing(catalogue: readonly CatalogueItem[]): string {
  const width = Math.max(...catalogue.map(({ name }) => name.length));
  return catalogue
    .map(({ name, title, description }) => `${name.padEnd(width)}  ${title}\n${' '.repeat(width + 2)}${description}`)
    .join('\n');
}
