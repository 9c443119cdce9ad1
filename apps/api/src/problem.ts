import type { Issue } from '@kfac/core';

/** Every problem that the service can answer with: stable code, HTTP status and title. */
export const PROBLEMS = {
  INVALID_REQUEST: { status: 400, title: 'The request does not have the expected form' },
  MALFORMED_JSON: { status: 400, title: 'The body is not valid JSON' },
  INVALID_CURSOR: { status: 400, title: 'The cursor does not belong to this list' },
  BAD_REQUEST: { status: 400, title: 'The request cannot be understood' },
  HOST_NOT_ALLOWED: { status: 403, title: 'This host name is not served' },
  ORIGIN_NOT_ALLOWED: { status: 403, title: 'Requests from other sites are not served' },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is nothing at this address' },
  RUN_NOT_FOUND: { status: 404, title: 'There is no such run' },
  FIELD_NOT_FOUND: { status: 404, title: 'The run has no such field' },
  DISTRIBUTION_NOT_FOUND: { status: 404, title: 'The run has no such distribution' },
  EXPORT_NOT_FOUND: { status: 404, title: 'The run has no such export' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The address does not know this method' },
  NOT_ACCEPTABLE: { status: 406, title: 'The resource is not available in the accepted media types' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request took too long' },
  ILLEGAL_TRANSITION: { status: 409, title: 'The state of the run does not allow this' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  URI_TOO_LONG: { status: 414, title: 'The address is too long' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body must be application/json' },
  KFAC_SPEC: { status: 422, title: 'The specification is not valid' },
  KFAC_EQUATION: { status: 422, title: 'An equation is not valid' },
  KFAC_LIMIT: { status: 422, title: 'The problem is larger than the limits allow' },
  KFAC_NETWORK: { status: 422, title: 'The saved network is not the one of the problem' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are too large' },
  QUEUE_FULL: { status: 429, title: 'Too many runs wait already' },
  TOO_MANY_STREAMS: { status: 429, title: 'Too many event streams are open' },
  INTERNAL: { status: 500, title: 'The service failed' },
  NOT_READY: { status: 503, title: 'The service is starting or stopping' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A problem document of RFC 9457, with the members of this service. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  /** Identifies the request in the log. */
  readonly instance: string;
  readonly errors: readonly Issue[];
  readonly [extension: string]: unknown;
}

/** An error that a client gets as a problem document. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly issues: readonly Issue[];
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    options: {
      issues?: readonly Issue[];
      extensions?: Readonly<Record<string, unknown>>;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProblemError';
    this.code = code;
    this.issues = options.issues ?? [];
    this.extensions = options.extensions ?? {};
    this.headers = options.headers ?? {};
  }
}

/** The stable URI of a problem's kind. */
export function problemType(code: ProblemCode): string {
  return `urn:kfac:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}

/** The document for `error`; `instance` is the id of the request. */
export function problemDocument(error: ProblemError, instance: string): ProblemDocument {
  const { status, title } = PROBLEMS[error.code];
  const { code, issues } = error;
  return {
    type: problemType(code),
    title,
    status,
    detail: error.message,
    code,
    instance,
    errors: issues,
    ...error.extensions,
  };
}
