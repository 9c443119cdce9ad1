import { type Fault, KfacError } from '@kfac/core';

/** Runs a check and turns what it throws into a fault at a pointer; returns null then. */
export function attempt<T>(faults: Fault[], pointer: string, check: () => T): T | null {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof KfacError)) throw cause;
    const code = cause.code === 'KFAC_EQUATION' || cause.code === 'KFAC_LIMIT' ? cause.code : 'KFAC_SPEC';
    faults.push({ code, pointer, detail: cause.message });
    return null;
  }
}
