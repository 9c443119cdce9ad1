import { type ErrorCode, type Issue, KfacError } from '@kfac/core';
import type { z } from 'zod';

/** A fault of a specification with the code that it would have alone. */
export interface Fault extends Issue {
  readonly code: Extract<ErrorCode, 'KFAC_SPEC' | 'KFAC_EQUATION' | 'KFAC_LIMIT'>;
}

/** RFC 6901 pointer of a path. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Paths whose upper bound is a size limit rather than a question of meaning. */
const SIZES = /^\/(domain|constants|equations|conditions|unknowns|network|sampling|stop|exact)(\/|$)/;

/** The faults of a zod error, each unknown field by itself. */
export function faultsOf(error: z.ZodError): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    const pointer = pointerOf(issue.path);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        code: 'KFAC_SPEC',
        pointer: `${pointer}${pointerOf([key])}`,
        detail: 'unknown field',
      }));
    }
    if (issue.code === 'invalid_key')
      return issue.issues.map(({ message }) => ({ code: 'KFAC_SPEC', pointer, detail: message }));
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const alternatives = issue.errors.map((errors) => errors.map(({ message }) => message).join(', '));
      return [{ code: 'KFAC_SPEC', pointer, detail: alternatives.join('; or: ') }];
    }
    if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
      return [{ code: 'KFAC_SPEC', pointer, detail: `missing; expected ${issue.expected}` }];
    }
    const code = issue.code === 'too_big' && SIZES.test(pointer) ? 'KFAC_LIMIT' : 'KFAC_SPEC';
    return [{ code, pointer, detail: issue.message }];
  });
}

/** A field called __proto__ anywhere: validation would drop it without a word. */
export function prototypeFaults(json: unknown, path: readonly PropertyKey[] = []): Fault[] {
  if (json === null || typeof json !== 'object' || path.length > 4) return [];
  const own: Fault[] = Object.hasOwn(json, '__proto__')
    ? [{ code: 'KFAC_SPEC', pointer: pointerOf([...path, '__proto__']), detail: 'unknown field' }]
    : [];
  return [
    ...own,
    ...Object.entries(json).flatMap(([key, value]) =>
      key === '__proto__' ? [] : prototypeFaults(value, [...path, key]),
    ),
  ];
}

/** The error of a list of faults: their common code, or `KFAC_SPEC` for several kinds; every fault is in `issues`. */
export function specError(faults: readonly Fault[]): KfacError {
  const codes = new Set(faults.map((fault) => fault.code));
  const code = codes.size === 1 ? faults[0]!.code : 'KFAC_SPEC';
  const lines = faults.map(
    ({ pointer, detail }) => `${pointer === '' ? '(the whole specification)' : pointer}: ${detail}`,
  );
  const issues = faults.map(({ pointer, detail }) => ({ pointer, detail }));
  return new KfacError(
    code,
    `the specification has ${faults.length} fault${faults.length === 1 ? '' : 's'}: ${lines.join('; ')}`,
    { issues },
  );
}

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
