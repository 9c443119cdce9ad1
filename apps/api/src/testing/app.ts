import type { FastifyInstance } from 'fastify';
import { buildApp } from '../app.ts';
import type { Services } from '../app.ts';
import type { Kinds } from '../kinds.ts';
import { RunService } from '../runs/service.ts';
import type { SqliteRunStore } from '../runs/store.sqlite.ts';
import { temporaryFolder, temporaryStore } from './database.ts';

/** The application over a store of its own, without a scheduler: nothing happens to a run unless the test does it. */
export async function temporaryApp(
  kinds: Kinds,
  options: { dashboard?: string; services?: Partial<Services> } = {},
): Promise<{
  app: FastifyInstance;
  store: SqliteRunStore;
  folder: string;
  closing: AbortController;
  close(): Promise<void>;
}> {
  const { store, close: closeStore } = await temporaryStore(Date.now);
  const folder = temporaryFolder();
  const closing = new AbortController();
  const services: Services = {
    kinds,
    store,
    runs: new RunService(store, kinds, { wake: () => undefined, cancel: () => undefined }, Date.now),
    folder: folder.path,
    engine: async () => ({ kind: 'reference', simd: 'none', threads: 1, version: '0.1.0', reasons: ['no addon'] }),
    capacity: { version: '0.1.0', cores: 4, threadsPerRun: 2, concurrency: 2 },
    closing: closing.signal,
    isReady: () => !closing.signal.aborted,
    ...options.services,
  };
  const app = await buildApp({
    services,
    hosts: ['localhost', '127.0.0.1'],
    dashboard: options.dashboard ?? '/nonexistent',
    logLevel: 'silent',
  });
  const close = async () => {
    closing.abort();
    await app.close();
    await closeStore();
    folder.remove();
  };
  return { app, store, folder: folder.path, closing, close };
}
