import { KfacError } from '@kfac/core';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { expect } from 'vitest';
import { kinds } from '../kinds.ts';
import type { Kinds } from '../kinds.ts';
import { PROBLEMS, problemType } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';
import type { RunJson } from './client.ts';

/** The real kinds, one whose door is broken and one whose problems are always too large. */
export const faultyKinds: Kinds = {
  ...kinds,
  broken: {
    schema: {},
    steps: () => undefined,
    exports: {},
    catalogue: [],
    parse: () => {
      throw new TypeError('SELECT secret FROM stack');
    },
  },
  huge: {
    schema: {},
    steps: () => undefined,
    exports: {},
    catalogue: [],
    parse: () => {
      throw new KfacError('KFAC_LIMIT', 'the batch is too large', {
        issues: [{ pointer: '/batch', detail: 'too large' }],
      });
    },
  },
};

/** The smallest problem. */
export const PINN = {
  domain: { x: [0, 1] },
  equations: ['u_xx = 1'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
};

export function post(payload: unknown): InjectOptions {
  return { method: 'POST', url: '/v1/runs', payload: payload as object };
}

/** A queued run. */
export async function create(app: FastifyInstance): Promise<RunJson> {
  const response = await app.inject(post({ kind: 'pinn', spec: PINN }));
  expect(response.statusCode, response.body).toBe(201);
  return response.json();
}

/** Asks, and expects a whole problem document with this code (and these pointers) that tells nothing of the inside. */
export async function expectProblem(
  app: FastifyInstance,
  request: InjectOptions,
  code: ProblemCode,
  pointers?: string[],
): Promise<Record<string, unknown>> {
  const response = await app.inject(request);
  const { status, title } = PROBLEMS[code];
  expect(response.json(), response.body).toMatchObject({ type: problemType(code), code, status, title });
  expect(response.statusCode).toBe(status);
  expect(response.headers['content-type']).toBe('application/problem+json');
  const body = response.json<{ errors: { pointer: string }[]; instance: string; detail: string }>();
  expect(body.instance).toMatch(/^[0-9a-f-]{36}$/);
  expect(body.detail.length).toBeGreaterThan(10);
  expect(response.body).not.toMatch(/SELECT|node_modules|\bat .*:\d+:\d+/);
  if (pointers !== undefined) expect(body.errors.map(({ pointer }) => pointer).sort()).toEqual([...pointers].sort());
  return body;
}
