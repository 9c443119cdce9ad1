import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, tools } from './paths.mjs';

const generated = new Set(['node_modules', 'dist', 'target', 'generated', '.vite', '.venv']);

/** All files at or below a path, in a fixed order, without what builds write. */
function filesBelow(path) {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const child = join(path, entry.name);
    if (entry.isDirectory()) return generated.has(entry.name) ? [] : filesBelow(child);
    return entry.isFile() && !/\.(tsbuildinfo|node)$/.test(entry.name) ? [child] : [];
  });
}

/** SHA-256 over names and contents of files and folders (relative to the root) and over further strings. */
export function contentHash(paths, strings = []) {
  const hash = createHash('sha256');
  for (const text of strings) hash.update(`${text}\0`);
  for (const path of paths) {
    const absolute = join(root, path);
    const files = existsSync(absolute) && !readdirSafe(absolute) ? [absolute] : filesBelow(absolute);
    for (const file of files)
      hash
        .update(`${relative(root, file)}\0`)
        .update(readFileSync(file))
        .update('\0');
  }
  return hash.digest('hex');
}

function readdirSafe(path) {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

const stampFile = (stage) => join(tools, 'stamps', stage);

/** True if the stage was last finished with exactly these inputs and what it made is still there. */
export function isFresh(stage, hash, outputs) {
  const file = stampFile(stage);
  return (
    existsSync(file) && readFileSync(file, 'utf8') === hash && outputs.every((path) => existsSync(join(root, path)))
  );
}

export function writeStamp(stage, hash) {
  mkdirSync(join(tools, 'stamps'), { recursive: true });
  writeFileSync(stampFile(stage), hash);
}
