import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SavedNetwork } from '@kfac/pinn';
import { ProblemError } from '../problem.ts';
import { exportFile } from '../worker/files.ts';
import { isTerminal } from './state.ts';
import type { StoredRun } from './store.ts';

/** The network of a run that has ended; throws `EXPORT_NOT_FOUND` where there is none. */
export async function readNetwork(folder: string, run: StoredRun): Promise<SavedNetwork> {
  if (!isTerminal(run.status)) throw exportNotFound(run, 'json');
  const path = join(folder, run.id, exportFile(run.attempt, 'json'));
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw exportNotFound(run, 'json');
    throw error;
  });
  return JSON.parse(text) as SavedNetwork;
}

/** A run has no such export, and why. */
export function exportNotFound({ id, kind, status }: StoredRun, format: string): ProblemError {
  const why = isTerminal(status)
    ? `a ${kind} run that ended as ${status} left none`
    : `it is written when the training ends, and the run is ${status}`;
  return new ProblemError('EXPORT_NOT_FOUND', `Run ${id} has no export as ${format}: ${why}.`);
}
