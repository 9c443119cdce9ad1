/** Stable codes of every error that the packages throw on purpose. */
export type ErrorCode =
  | 'KFAC_SHAPE'
  | 'KFAC_DTYPE'
  | 'KFAC_ALIAS'
  | 'KFAC_NOT_POSITIVE_DEFINITE'
  | 'KFAC_NO_CONVERGENCE'
  | 'KFAC_NO_CLOSED_FORM'
  | 'KFAC_CANCELLED'
  | 'KFAC_INTERNAL'
  | 'KFAC_ENGINE'
  | 'KFAC_SPEC'
  | 'KFAC_EQUATION'
  | 'KFAC_LIMIT'
  | 'KFAC_CHECKPOINT'
  | 'KFAC_NETWORK';

/** One thing that is wrong with an input: where (an RFC 6901 pointer) and what. */
export interface Issue {
  readonly pointer: string;
  readonly detail: string;
}

/**
 * The one error class of the suite. `message` says what was expected, what came and where;
 * `code` is stable; `issues` lists every fault of an input that has several.
 */
export class KfacError extends Error {
  readonly code: ErrorCode;
  readonly issues: readonly Issue[];

  constructor(code: ErrorCode, message: string, options: { issues?: readonly Issue[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KfacError';
    this.code = code;
    this.issues = options.issues ?? [];
  }
}
