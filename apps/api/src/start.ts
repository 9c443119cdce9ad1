import { availableParallelism } from 'node:os';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildApp } from './app.ts';
import { openDatabase } from './database/connect.ts';
import { lockData } from './database/lock.ts';
import { kinds as allKinds } from './kinds.ts';
import type { Kinds } from './kinds.ts';
import { DASHBOARD } from './plugins/dashboard.ts';
import { LOOPBACK_HOSTS } from './plugins/security.ts';
import { ATTEMPT_TIMES } from './runs/attempt.ts';
import type { AttemptTimes, Log } from './runs/attempt.ts';
import { Scheduler } from './runs/scheduler.ts';
import { RunService } from './runs/service.ts';
import { SqliteRunStore } from './runs/store.sqlite.ts';
import { WorkerPool } from './runs/worker-pool.ts';

export interface ServerOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** A loopback address or name. */
  readonly host: string;
  /** Everything that the service writes lies in here. */
  readonly data: string;
  /** Threads of each run, 1 without it; as many runs train at once as fit on the cores. */
  readonly threads?: number;
  readonly logLevel?: 'silent' | 'error' | 'warn' | 'info';
}

/** A service that runs. */
export interface Server {
  /** `http://host:port` */
  readonly address: string;
  /** Lets every run write a checkpoint, then ends everything; the next service on the folder goes on from there. */
  close(): Promise<void>;
}

/** What tests replace. */
export interface ServerParts {
  readonly kinds?: Kinds;
  readonly worker?: URL;
  readonly times?: AttemptTimes;
  readonly dashboard?: string;
}

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const WORKER = new URL(`./worker/main.${extension}`, import.meta.url);
const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

/**
 * Starts the service on `data`: takes the folder for itself, brings the database up to date, queues again what a service
 * before it left unfinished, and listens. Throws if the folder is in use, the address is not a loopback one, the port is
 * taken, or the database comes from a newer version.
 */
export async function startServer(options: ServerOptions, parts: ServerParts = {}): Promise<Server> {
  refuseOpenAddress(options.host);
  const threadsPerRun = options.threads ?? 1;
  const cores = availableParallelism();
  if (!Number.isInteger(threadsPerRun) || threadsPerRun < 1)
    throw new Error(`Expected a positive integer for threads, got ${threadsPerRun}.`);
  const data = resolve(options.data);
  const folder = join(data, 'runs');
  const lock = await lockData(data);
  const undo: (() => Promise<void> | void)[] = [() => lock.release()];
  try {
    mkdirSync(folder, { recursive: true });
    const client = await openDatabase(join(data, 'kfac.db'), Date.now);
    undo.push(() => client.$disconnect());
    const store = new SqliteRunStore(client, Date.now);
    await store.takeOver();
    const pool = new WorkerPool({ entry: parts.worker ?? WORKER, threads: threadsPerRun });
    undo.push(() => pool.close());
    const concurrency = Math.max(1, Math.floor(cores / threadsPerRun));
    const closing = new AbortController();
    let ready = false;
    const kinds = parts.kinds ?? allKinds;
    // The scheduler and the application know each other's log and wake-up.
    const dispatcher = { wake: () => scheduler.wake(), cancel: (id: string) => scheduler.cancel(id) };
    const app = await buildApp({
      services: {
        kinds,
        store,
        runs: new RunService(store, kinds, dispatcher, Date.now),
        folder,
        engine: () => pool.engine(),
        capacity: { version: VERSION, cores, threadsPerRun, concurrency },
        closing: closing.signal,
        isReady: () => ready,
      },
      hosts: [...new Set([...LOOPBACK_HOSTS, bracketed(options.host)])],
      dashboard: parts.dashboard ?? DASHBOARD,
      logLevel: options.logLevel ?? 'warn',
    });
    app.addHook('preClose', async () => closing.abort());
    undo.push(() => app.close());
    const scheduler = new Scheduler({
      store,
      pool,
      folder,
      concurrency,
      times: parts.times ?? ATTEMPT_TIMES,
      log: app.log as Log,
    });
    const address = await app.listen({ port: options.port, host: options.host });
    scheduler.start();
    ready = true;
    let closed: Promise<void> | null = null;
    const close = async () => {
      ready = false;
      await scheduler.stop();
      await runBackwards(undo);
    };
    return { address, close: () => (closed ??= close()) };
  } catch (error) {
    await runBackwards(undo);
    throw error;
  }
}

async function runBackwards(steps: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const step of [...steps].reverse()) await step();
}

/** Anyone who reaches the service may use it: it stays on the machine until it knows tokens. */
function refuseOpenAddress(host: string): void {
  if (host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)) return;
  throw new Error(
    `Expected a loopback address (127.0.0.1, ::1, localhost), got ${host}: the service has no access tokens yet and does not listen where other machines reach it. Use a tunnel, such as ssh -L.`,
  );
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host.toLowerCase();
}
