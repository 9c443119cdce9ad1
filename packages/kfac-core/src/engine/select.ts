import { availableParallelism } from 'node:os';
import { KfacError } from '../errors.ts';
import { requireInteger } from './check.ts';
import type { Engine } from './engine.ts';
import { nativeEngine } from './native.ts';
import { loadAddon, localAddonPath } from './native/addon.ts';
import { referenceEngine } from './reference.ts';

/** Most threads that an engine may have. */
const MAXIMUM_THREADS = 256;

export interface EngineOptions {
  /** 'off': the reference engine; 'require': throw unless the native one loads; 'auto': native if it loads; else the path of an addon. Default: `KFAC_NATIVE`, else 'auto'. */
  readonly native?: string;
  /** Threads, 1 … 256. Default: `KFAC_THREADS`, else the number of cores. Results do not depend on it. */
  readonly threads?: number;
}

/**
 * Chooses an engine. What was passed over and why is in its `describe().reasons`.
 * Throws `KFAC_ENGINE` if the native one is required and does not load, `KFAC_SHAPE` for an impossible number of threads.
 */
export function selectEngine(options: EngineOptions = {}): Engine {
  const native = options.native ?? (process.env['KFAC_NATIVE'] || 'auto');
  const threads = options.threads ?? threadsOfEnvironment();
  requireInteger(threads, 1, MAXIMUM_THREADS, 'threads');
  if (native === 'off') return referenceEngine(['the native engine is switched off (KFAC_NATIVE=off)']);
  const named = native !== 'auto' && native !== 'require';
  const found = loadAddon(named ? native : localAddonPath());
  if (found.addon !== null) return nativeEngine(found.addon, threads);
  if (native !== 'auto') throw new KfacError('KFAC_ENGINE', `the native engine is required: ${found.reason}`);
  return referenceEngine([found.reason]);
}

function threadsOfEnvironment(): number {
  const text = process.env['KFAC_THREADS'];
  if (!text) return Math.min(availableParallelism(), MAXIMUM_THREADS);
  if (!/^[0-9]+$/.test(text))
    throw new KfacError('KFAC_SHAPE', `KFAC_THREADS: expected an integer in [1, ${MAXIMUM_THREADS}], got "${text}"`);
  return Number(text);
}

let chosen: Engine | undefined;

/** The engine of this process: `selectEngine()`, called once. */
export function defaultEngine(): Engine {
  return (chosen ??= selectEngine());
}
