import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { ProblemError } from '../problem.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The names under which a loopback address may be asked. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Keeps other sites out of a service on the loopback address: only known host names are answered (DNS rebinding), a
 * change that a page of another origin asks for is refused, and pages may load nothing but what the service serves.
 */
export const securityPlugin = fastifyPlugin(async (app: FastifyInstance, { hosts }: { hosts: readonly string[] }) => {
  app.addHook('onRequest', async (request) => {
    const name = hostname(request.headers.host ?? '');
    if (!hosts.includes(name)) {
      throw new ProblemError(
        'HOST_NOT_ALLOWED',
        `Expected a Host header with one of ${hosts.join(', ')}, got ${JSON.stringify(name)}.`,
      );
    }
    const { origin } = request.headers;
    if (origin === undefined || SAFE_METHODS.has(request.method)) return;
    if (!isSameHost(origin, request.headers.host ?? '')) {
      throw new ProblemError(
        'ORIGIN_NOT_ALLOWED',
        `Expected a request from this service's own pages, got the origin ${origin}.`,
      );
    }
  });
  await app.register(helmet, {
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
  });
});

/** The host of a Host header without its port, in lower case. */
function hostname(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
