import { type ErrorCode, type Issue, KfacError } from './errors.ts';

/** A fault of a specification with the code that it would have alone. */
export interface Fault extends Issue {
  readonly code: Extract<ErrorCode, 'KFAC_SPEC' | 'KFAC_EQUATION' | 'KFAC_LIMIT'>;
}

/** What a schema validator found, as zod 4 reports it. */
export interface ValidationIssue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Unknown fields. */
  readonly keys?: readonly string[];
  /** Findings of each alternative of a union. */
  readonly errors?: readonly (readonly ValidationIssue[])[];
  /** The field that should have told which alternative of a union is meant. */
  readonly discriminator?: string | undefined;
  /** Findings about a key of a record. */
  readonly issues?: readonly ValidationIssue[];
}

/** RFC 6901 pointer of a path. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/**
 * A validator's findings about `input` as faults: what was expected, what came, where. Unknown fields come one by one, a
 * union by the alternative that fits best. `sizes` matches the pointers whose upper bound is a limit (`KFAC_LIMIT`).
 */
export function faultsOf(
  issues: readonly ValidationIssue[],
  input: unknown,
  sizes: RegExp,
  prefix: readonly PropertyKey[] = [],
): Fault[] {
  const ofWrongType = new Set(
    issues.filter(({ code }) => code === 'invalid_type').map(({ path }) => pointerOf([...prefix, ...path])),
  );
  return issues.flatMap((issue): Fault[] => {
    const path = [...prefix, ...issue.path];
    const pointer = pointerOf(path);
    const value = path.reduce<unknown>((part, key) => (isObject(part) ? part[key as string] : undefined), input);
    if (issue.code === 'unrecognized_keys') {
      const detail = issue.message.startsWith('unknown field') ? issue.message : 'unknown field';
      return (issue.keys ?? []).map((key) => ({ code: 'KFAC_SPEC', pointer: pointerOf([...path, key]), detail }));
    }
    if (issue.code === 'invalid_key')
      return (issue.issues ?? []).map(({ message }) => ({ code: 'KFAC_SPEC', pointer, detail: message }));
    const alternatives = issue.code === 'invalid_union' ? (issue.errors ?? []) : [];
    if (alternatives.length > 0 && isObject(value)) {
      const misfit = (found: readonly ValidationIssue[]): number =>
        found.reduce((sum, { code, path: inner, keys = [''], discriminator }) => {
          const isUntold = discriminator !== undefined && inner.length === 1 && !(discriminator in value);
          const isOfOtherType = isUntold || (inner.length === 0 && code !== 'unrecognized_keys');
          return sum + (isOfOtherType ? Infinity : keys.length);
        }, 0);
      const best = alternatives.reduce((a, b) => (misfit(b) < misfit(a) ? b : a));
      return faultsOf(best, input, sizes, path);
    }
    // The length of a text where a list was expected, and the like.
    if (issue.code !== 'invalid_type' && ofWrongType.has(pointer)) return [];
    const words = new Set(alternatives.map((found) => found.map(({ message }) => expectation(message)).join(', ')));
    const expected =
      words.size > 0 && issue.message === 'Invalid input' ? [...words].join('; or: ') : expectation(issue.message);
    const detail =
      value === undefined ? `required field is missing; ${expected}` : `${expected}, got ${preview(value)}`;
    return [{ code: issue.code === 'too_big' && sizes.test(pointer) ? 'KFAC_LIMIT' : 'KFAC_SPEC', pointer, detail }];
  });
}

/** A validator's message as what was expected. */
function expectation(message: string): string {
  return message
    .replace(/^(Invalid input|Invalid option|Invalid discriminator value|Too small|Too big)[:.] /, '')
    .replace(/, received .*$/, '')
    .replace(/^Expected/, 'expected')
    .replace(/^expected (record|object)$/, 'expected an object')
    .replace(/^expected array$/, 'expected an array');
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

/** A short text of a value: numbers as they are, objects by their kind, arrays with their length. */
function preview(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
