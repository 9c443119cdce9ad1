import { type Fault, pointerOf, specError } from '@kfac/core';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * A specification in which every known function `{ "file": "network.json" }` has that file's saved network in its place, found
 * relative to `folder`; anything else, well-formed or not, is left for `parsePinnSpec`. The service never calls this. Throws
 * `KFAC_SPEC` for files that cannot be read or are not JSON.
 */
export function readKnownFiles(json: unknown, folder: string): unknown {
  if (!isObject(json) || !isObject(json['known'])) return json;
  const faults: Fault[] = [];
  const known = Object.entries(json['known']).map(([name, one]): [string, unknown] => {
    if (!isObject(one) || typeof one['file'] !== 'string') return [name, one];
    const { file, ...others } = one;
    try {
      return [
        name,
        { network: JSON.parse(readFileSync(resolve(folder, file as string), 'utf8')) as unknown, ...others },
      ];
    } catch (cause) {
      const detail = `"${file as string}": expected a saved network as JSON: ${(cause as Error).message}`;
      faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['known', name, 'file']), detail });
      return [name, one];
    }
  });
  if (faults.length > 0) throw specError(faults);
  return { ...json, known: Object.fromEntries(known) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
