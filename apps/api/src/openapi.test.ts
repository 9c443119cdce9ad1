import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kinds } from './kinds.ts';
import { temporaryApp } from './testing/app.ts';

/** The description as it was agreed: a change of the interface is a change of this file. */
const AGREED = new URL('../openapi.json', import.meta.url);

interface Operation {
  readonly summary?: string;
  readonly responses: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>;
}

test('the description is OpenAPI 3.1, complete, and the one that was agreed', async () => {
  const { app, close } = await temporaryApp(kinds);
  const document = (await app.inject('/openapi.json')).json<{
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: object };
  }>();
  expect(document.openapi).toBe('3.1.0');
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.sort()).toEqual([
    'GET /livez',
    'GET /readyz',
    'GET /v1/capabilities',
    'GET /v1/catalogue',
    'GET /v1/runs',
    'GET /v1/runs/{id}',
    'GET /v1/runs/{id}/difference',
    'GET /v1/runs/{id}/distributions',
    'GET /v1/runs/{id}/distributions/{name}',
    'GET /v1/runs/{id}/events',
    'GET /v1/runs/{id}/export',
    'GET /v1/runs/{id}/fields',
    'GET /v1/runs/{id}/fields/{name}',
    'GET /v1/runs/{id}/metrics',
    'GET /v1/runs/{id}/slice',
    'POST /v1/runs',
    'POST /v1/runs/{id}/cancel',
    'POST /v1/runs/{id}/resume',
  ]);
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { summary, responses }] of Object.entries(methods)) {
      expect(summary, `${method} ${path}`).toBeTruthy();
      expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true);
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect(description, `${path} ${status}`).toBeTypeOf('string');
        if (status >= '400')
          expect(content).toEqual({ 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } });
      }
    }
  }
  const text = JSON.stringify(document);
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]!);
  for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name);
  expect(new Set(references)).toEqual(new Set(Object.keys(document.components.schemas)));
  // 3.1 is JSON Schema 2020-12: `nullable` is gone.
  expect(text).not.toContain('"nullable"');
  if (process.env['KFAC_UPDATE_OPENAPI'] === '1')
    writeFileSync(
      AGREED,
      `${JSON.stringify(document, null, 2)}
`,
    );
  expect(document, 'KFAC_UPDATE_OPENAPI=1 agrees to the change').toEqual(JSON.parse(readFileSync(AGREED, 'utf8')));
  await close();
});

test('the page at /docs is served under a policy of its own', async () => {
  const { app, close } = await temporaryApp(kinds);
  const root = await app.inject('/docs');
  expect(root.statusCode).toBe(200);
  expect(root.headers['content-type']).toContain('text/html');
  expect(root.headers['content-security-policy']).not.toContain('unsafe-eval');
  expect((await app.inject('/docs/json')).json()).toMatchObject({ openapi: '3.1.0' });
  await close();
});
