import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, KfacError } from '../../errors.ts';
import { ENGINE_VERSION } from '../version.ts';

/** The exports of the addon; each room of the façade declares the type of the ones that it calls. */
export type Addon = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The exports that belong to no room. */
export interface AddonCore {
  describe(): { simd: string; version: string };
  /** Threads for the calls that follow on this JavaScript thread; returns the number in use. */
  setThreads(threads: number): number;
}

/** An addon, or why there is none. */
export type AddonSearch =
  | { readonly addon: Addon; readonly path: string }
  | { readonly addon: null; readonly reason: string };

/** Where the local build puts it: two folders above `src/engine/native` and `dist/engine/native` alike lies `native/`. */
export function localAddonPath(): string {
  return fileURLToPath(new URL(`../../../native/kfac.${process.platform}-${process.arch}.node`, import.meta.url));
}

/** Loads the addon at that path. */
export function loadAddon(path: string): AddonSearch {
  if (!existsSync(path)) return { addon: null, reason: `no native engine at ${path}` };
  try {
    const addon = createRequire(import.meta.url)(path) as Addon;
    const { version } = (addon as unknown as AddonCore).describe();
    if (version !== ENGINE_VERSION) {
      return { addon: null, reason: `the native engine at ${path} has version ${version}, expected ${ENGINE_VERSION}` };
    }
    return { addon, path };
  } catch (error) {
    return {
      addon: null,
      reason: `the native engine at ${path} does not load: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** What is thrown for an error of the addon: a `KfacError` with its code; anything unforeseen is `KFAC_INTERNAL`. */
function translate(error: unknown, name: string): KfacError {
  if (error instanceof KfacError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = `${name}: ${typeof message === 'string' ? message : String(error)}`;
  const known = typeof code === 'string' && code.startsWith('KFAC_');
  return new KfacError(known ? (code as ErrorCode) : 'KFAC_INTERNAL', text, { cause: error });
}

/** Threads that the calls of this JavaScript thread use now, by addon. */
const threadsInUse = new WeakMap<Addon, number>();

/** The addon as one engine sees it: every call runs with this engine's number of threads and throws `KfacError` only. */
export function boundAddon(addon: Addon, threads: number): Addon {
  const setThreads = (addon as unknown as AddonCore).setThreads;
  const bind = (name: string, call: (...args: never[]) => unknown): [string, (...args: never[]) => unknown] => [
    name,
    (...args) => {
      try {
        if (threadsInUse.get(addon) !== threads) {
          setThreads(threads);
          threadsInUse.set(addon, threads);
        }
        return call(...args);
      } catch (error) {
        throw translate(error, name);
      }
    },
  ];
  return Object.fromEntries(
    Object.entries(addon)
      .filter(([, call]) => typeof call === 'function')
      .map(([name, call]) => bind(name, call)),
  );
}
