import { KfacError } from '@kfac/core';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** What a binary STL file does not begin with, save by chance; then it is not followed by a facet. */
const ASCII_STL = /^\s*solid\b[^\n]*\n\s*(facet|endsolid)\b/;

/**
 * A specification in which every `{ "file": PATH }` of its geometry and its regions is replaced by the content of that file, relative to
 * a directory: text as it is, binary STL as `base64:…`. The service never calls this: a path in what it is sent is refused.
 * Throws `KFAC_SPEC` if a file cannot be read.
 */
export function readGeometryFiles(json: unknown, directory: string): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      key === 'geometry' || key === 'regions' ? inlined(value, `/${key}`, directory) : value,
    ]),
  );
}

function inlined(node: unknown, pointer: string, directory: string): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((item, k) => inlined(item, `${pointer}/${k}`, directory));
  const keys = Object.keys(node);
  const path = (node as { file?: unknown }).file;
  if (keys.length === 1 && typeof path === 'string') return contentOf(resolve(directory, path), pointer);
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, inlined(value, `${pointer}/${key}`, directory)]),
  );
}

function contentOf(path: string, pointer: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new KfacError('KFAC_SPEC', `${pointer}: cannot read "${path}": ${(cause as Error).message}`);
  }
  const text = bytes.toString('utf8');
  return pointer.endsWith('/stl') && !ASCII_STL.test(text) ? `base64:${bytes.toString('base64')}` : text;
}
