import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CommandLine } from './command-line.ts';
import { UsageError } from './exit.ts';
import { fileStem, writeAtomically } from './output.ts';

/** The bytes of `--resume`'s file; throws `UsageError` if it cannot be read. */
export function readCheckpoint(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`--resume: cannot read "${path}": ${(error as Error).message}`);
  }
}

/** Writes a cancelled training's checkpoint into the folder of `--out`, else into the current one; gives its whole path. */
export function writeCheckpoint(
  folder: string | undefined,
  problem: { readonly name: string; readonly hash: string; readonly step: number },
  bytes: Uint8Array,
): string {
  const name = `${fileStem(problem.name)}-${problem.hash.slice(0, 8)}-step${problem.step}.ckpt`;
  const path = resolve(join(folder ?? '.', name));
  writeAtomically(path, bytes);
  return path;
}

/** The command that goes on from a checkpoint as the given one began. */
export function resumeCommand(command: string, source: string, line: CommandLine, checkpoint: string): string {
  const words = [
    command,
    source,
    ...line.set.flatMap((override) => ['--set', override]),
    ...(line.threads === undefined ? [] : ['--threads', String(line.threads)]),
    ...(line.out === undefined ? [] : ['--out', line.out]),
    ...(line.startFrom === undefined ? [] : ['--start-from', line.startFrom]),
    ...(line.estimateError ? ['--estimate-error'] : []),
    ...(line.spectrum ? ['--spectrum'] : []),
    ...(line.json ? ['--json'] : []),
    '--resume',
    checkpoint,
  ];
  return `npm run --silent kfac -- ${words.map(quoted).join(' ')}`;
}

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
