import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../engine.ts';
import { loadAddon, localAddonPath } from '../native/addon.ts';
import { selectEngine } from '../select.ts';

/** An engine under test; natives come once per SIMD level that this machine has. */
export interface Candidate {
  readonly name: string;
  readonly engine: Engine;
  /** The same engine with another number of threads. */
  readonly withThreads: (threads: number) => Engine;
}

/**
 * The reference engine and, if the addon is built, the native one at every SIMD level of this machine: the level is
 * chosen once per loaded library, so that each level gets a copy of the file. Prints what will run.
 */
export function candidates(): Candidate[] {
  const reference = selectEngine({ native: 'off' });
  const list: Candidate[] = [{ name: 'reference', engine: reference, withThreads: () => reference }];
  const found = loadAddon(localAddonPath());
  if (found.addon === null) {
    console.warn(`conformance: only the reference engine runs: ${found.reason}`);
    return list;
  }
  const folder = mkdtempSync(join(tmpdir(), 'kfac-conformance-'));
  const before = process.env['KFAC_SIMD'];
  for (const level of ['portable', 'avx2', 'avx512']) {
    const path = join(folder, `${level}.node`);
    copyFileSync(localAddonPath(), path);
    process.env['KFAC_SIMD'] = level;
    const engine = selectEngine({ native: path, threads: 1 });
    if (engine.describe().simd !== level) continue;
    list.push({ name: `native ${level}`, engine, withThreads: (threads) => selectEngine({ native: path, threads }) });
  }
  if (before === undefined) delete process.env['KFAC_SIMD'];
  else process.env['KFAC_SIMD'] = before;
  // A loaded library needs its name no longer, except where a mapped file cannot be removed.
  if (process.platform !== 'win32') process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  console.log(`conformance runs on: ${list.map(({ name }) => name).join(', ')}`);
  return list;
}
