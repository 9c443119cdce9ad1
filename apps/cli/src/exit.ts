import { KfacError } from '@kfac/core';

/** Exit codes of every command. */
export const EXIT = { finished: 0, failed: 1, badInput: 2, cancelled: 130 } as const;

/** A fault of the command line itself (unknown option, missing file): exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Codes that mean that the input, not the program, is at fault. */
const INPUT_CODES = new Set<string>([
  'KFAC_SPEC',
  'KFAC_EQUATION',
  'KFAC_LIMIT',
  'KFAC_CHECKPOINT',
  'KFAC_NETWORK',
  'KFAC_ENGINE',
]);

/** The exit code that an error means. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.badInput;
  return error instanceof KfacError && INPUT_CODES.has(error.code) ? EXIT.badInput : EXIT.failed;
}

/** An error as the JSON object that `--json` prints. */
export function errorObject(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof KfacError ? error.code : error instanceof UsageError ? 'KFAC_USAGE' : 'KFAC_INTERNAL';
  const errors = error instanceof KfacError ? error.issues : [];
  return { status: 'failed', error: { code, message, errors } };
}

/** An error as readable lines: the code, then every fault with its place; a stack only for a bug. */
export function errorText(error: unknown): string {
  if (error instanceof UsageError) return `kfac: ${error.message}`;
  if (!(error instanceof KfacError))
    return `kfac: internal error\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  if (error.issues.length === 0) return `kfac: ${error.code}: ${error.message}`;
  const lines = error.issues.map(
    ({ pointer, detail }) => `  ${pointer === '' ? '(whole document)' : pointer}: ${detail}`,
  );
  return [
    `kfac: ${error.code}: the problem has ${lines.length === 1 ? 'a fault' : `${lines.length} faults`}`,
    ...lines,
  ].join('\n');
}
