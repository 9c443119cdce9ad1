import { readFileSync } from 'node:fs';
import type { SavedNetwork } from '@kfac/pinn';
import { UsageError } from './exit.ts';

/** The saved network of `--start-from`, still unchecked; throws `UsageError` if the file cannot be read or is not JSON. */
export function readNetwork(path: string): SavedNetwork {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SavedNetwork;
  } catch (error) {
    throw new UsageError(`--start-from: cannot read "${path}" as JSON: ${(error as Error).message}`);
  }
}
