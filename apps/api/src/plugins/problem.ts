import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Issue } from '@kfac/core';
import { PROBLEMS, ProblemError, problemDocument } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';
import { uuidv7 } from '../runs/id.ts';

/** Framework errors that are the client's, by Fastify's code. */
const FRAMEWORK: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'MALFORMED_JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'MALFORMED_JSON',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_MAX_PARAM_LENGTH: 'URI_TOO_LONG',
  FST_ERR_BAD_URL: 'BAD_REQUEST',
  FST_ERR_HANDLER_TIMEOUT: 'NOT_READY',
};

/** Other errors of the framework by HTTP status. */
const STATUS: Readonly<Record<number, ProblemCode>> = {
  404: 'ROUTE_NOT_FOUND',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  503: 'NOT_READY',
};

/** Makes every error of the service a problem document; nothing of a failure's inside leaves the process. */
export const problemPlugin = fastifyPlugin(async (app: FastifyInstance) => {
  app.setErrorHandler((error: FastifyError, request, reply) => sendProblem(toProblem(error, request), request, reply));
});

/** Errors that the router finds before any route or hook. */
export function sendRouterProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(toProblem(error, request), request, reply);
}

/** The answer to bytes that are not an HTTP request. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const code: ProblemCode =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'HEADERS_TOO_LARGE'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'REQUEST_TIMEOUT'
        : 'BAD_REQUEST';
  const body = JSON.stringify(problemDocument(new ProblemError(code, PROBLEMS[code].title), uuidv7(Date.now())));
  const { status } = PROBLEMS[code];
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** The answer at an address that does not exist. */
export function sendNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(
    new ProblemError('ROUTE_NOT_FOUND', `There is nothing at ${request.method} ${request.url.split('?')[0]}.`),
    request,
    reply,
  );
}

/** Answers with `error` as application/problem+json. */
export function sendProblem(error: ProblemError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const document = problemDocument(error, request.id);
  return reply
    .code(document.status)
    .headers(error.headers)
    .type('application/problem+json')
    .serializer((body: string) => body)
    .send(JSON.stringify(document));
}

/** Parts of a request for reading. */
const CONTEXTS: Readonly<Record<string, string>> = {
  body: 'body',
  headers: 'header',
  params: 'address',
  querystring: 'query',
};

function toProblem(error: FastifyError, request: FastifyRequest): ProblemError {
  if (error instanceof ProblemError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const issues = error.validation.flatMap(({ instancePath, message, params }) =>
      toIssues(instancePath, message ?? '', params),
    );
    const where = CONTEXTS[error.validationContext ?? ''] ?? 'request';
    const lines = issues.map(({ pointer, detail }) => `${pointer === '' ? where : pointer}: ${detail}`);
    return new ProblemError('INVALID_REQUEST', `The ${where} is not valid: ${lines.join('; ')}`, { issues });
  }
  const code =
    FRAMEWORK[error.code] ??
    STATUS[error.statusCode ?? 500] ??
    ((error.statusCode ?? 500) < 500 ? 'BAD_REQUEST' : 'INTERNAL');
  if (code !== 'INTERNAL') return new ProblemError(code, error.message, { cause: error });
  request.log.error({ err: error }, 'request failed');
  return new ProblemError('INTERNAL', `The service failed; its log knows more under ${request.id}.`, { cause: error });
}

/** One issue per unknown key, otherwise one as it is. */
function toIssues(path: string, detail: string, params: unknown): Issue[] {
  const pointer = path === '/' ? '' : path;
  const { keys } = (params ?? {}) as { keys?: string[] };
  if (keys === undefined) return [{ pointer, detail }];
  return keys.map((key) => ({
    pointer: `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    detail: 'Unknown field',
  }));
}
