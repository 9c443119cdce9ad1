import type { Paths } from '../engine.ts';
import { referencePaths } from '../reference/paths.ts';

export function nativePaths(_addon: object): Paths {
  return referencePaths();
}
