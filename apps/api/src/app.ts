import type { EngineDescription } from '@kfac/core';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { uuidv7 } from './runs/id.ts';
import type { Kinds } from './kinds.ts';
import { dashboardPlugin } from './plugins/dashboard.ts';
import { watchMethods } from './plugins/methods.ts';
import { openapiPlugin } from './plugins/openapi.ts';
import { answerClientError, problemPlugin, sendRouterProblem } from './plugins/problem.ts';
import { securityPlugin } from './plugins/security.ts';
import { ProblemError } from './problem.ts';
import { eventRoutes } from './routes/events.ts';
import { exportRoutes } from './routes/exports.ts';
import { metricRoutes } from './routes/metrics.ts';
import { runRoutes } from './routes/runs.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { problems } from './routes/schemas.ts';
import { solutionRoutes } from './routes/solutions.ts';
import { systemRoutes } from './routes/system.ts';
import type { RunService } from './runs/service.ts';
import type { RunStore } from './runs/store.ts';

/** What the routes stand on. */
export interface Services {
  readonly kinds: Kinds;
  readonly store: RunStore;
  readonly runs: RunService;
  /** Each run has a folder in here. */
  readonly folder: string;
  /** The engine that the training processes use. */
  engine(): Promise<EngineDescription>;
  readonly capacity: {
    readonly version: string;
    readonly cores: number;
    readonly threadsPerRun: number;
    readonly concurrency: number;
  };
  /** Raised when the service goes down: open streams end. */
  readonly closing: AbortSignal;
  isReady(): boolean;
}

export interface AppOptions {
  readonly services: Services;
  /** Host names that are answered. */
  readonly hosts: readonly string[];
  /** Folder of the built dashboard. */
  readonly dashboard: string;
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info';
}

/** The HTTP application; it listens nowhere yet. */
export async function buildApp({ services, hosts, dashboard, logLevel }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    logger: logLevel === 'silent' ? false : { level: logLevel },
    genReqId: () => uuidv7(Date.now()),
    frameworkErrors: sendRouterProblem,
    clientErrorHandler: answerClientError,
    bodyLimit: 2 ** 20,
    connectionTimeout: 120_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 10_000,
    handlerTimeout: 60_000,
    // Event streams are ended before; what is under way otherwise is answered.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
  });
  app.server.headersTimeout = 15_000;
  app.removeContentTypeParser('text/plain');
  // An empty body is of no type, whatever the client says: curl -d '' calls it a form.
  app.addHook('onRequest', async ({ headers }) => {
    if (headers['content-length'] === '0') delete headers['content-type'];
  });
  // A connection that was busy when the service began to close would otherwise be kept alive, and keep it from closing.
  app.addHook('onSend', async (_request, reply) => {
    if (services.closing.aborted) reply.header('connection', 'close');
  });
  await app.register(problemPlugin);
  await app.register(securityPlugin, { hosts });
  await app.register(openapiPlugin, { version: services.capacity.version });
  await app.register(probes, { services });
  await app.register(versionOne, { prefix: '/v1', services });
  await app.register(dashboardPlugin, { folder: dashboard });
  return app;
}

/** The zod compilers live in here: at the root they would break the plugins whose schemas are plain JSON Schema. */
async function versionOne(app: FastifyInstance, { services }: { services: Services }): Promise<void> {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const addMethodProblems = watchMethods(app);
  for (const routes of [
    runRoutes,
    metricRoutes,
    snapshotRoutes,
    exportRoutes,
    solutionRoutes,
    eventRoutes,
    systemRoutes,
  ])
    await app.register(routes, { services });
  addMethodProblems();
}

async function probes(app: FastifyInstance, { services }: { services: Services }): Promise<void> {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const addMethodProblems = watchMethods(app);
  const probe = (summary: string, status: string) => ({
    schema: {
      tags: ['system'],
      summary,
      response: { 200: z.object({ status: z.literal(status) }).describe('Yes'), ...problems(503) },
    },
  });
  app.get('/livez', probe('Is the service alive?', 'alive'), () => ({ status: 'alive' }));
  app.get('/readyz', probe('Does the service take runs?', 'ready'), () => {
    if (services.isReady()) return { status: 'ready' };
    throw new ProblemError('NOT_READY', 'The service is going down and takes no more runs.', {
      headers: { 'retry-after': '5' },
    });
  });
  addMethodProblems();
}
