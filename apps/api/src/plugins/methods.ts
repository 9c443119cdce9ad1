import type { FastifyInstance, HTTPMethods } from 'fastify';
import { ProblemError } from '../problem.ts';

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Fastify answers a wrong method with 404. This watches the routes that are added to `app` from here on; the function
 * that it returns, called after the last of them, adds the 405 for every other method of their addresses.
 */
export function watchMethods(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  let closed = false;
  app.addHook('onRoute', ({ url, path, method, prefix }) => {
    if (closed) return;
    const local = prefix === '' || !path.startsWith(prefix) ? url : path.slice(prefix.length);
    const methods = known.get(local) ?? new Set<string>();
    for (const name of [method].flat()) methods.add(name);
    known.set(local, methods);
  });
  return () => {
    closed = true;
    for (const [url, methods] of known) {
      const allow = [...methods].sort().join(', ');
      app.route({
        url,
        method: METHODS.filter((method) => !methods.has(method)),
        schema: { hide: true } as object,
        handler: (request) => {
          throw new ProblemError('METHOD_NOT_ALLOWED', `Expected ${allow} at ${request.url}, got ${request.method}.`, {
            headers: { allow },
          });
        },
      });
    }
  };
}
