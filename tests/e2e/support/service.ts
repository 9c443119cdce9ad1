import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const SERVER = fileURLToPath(new URL('../../../apps/api/dist/server.js', import.meta.url));
export const BUNDLE = fileURLToPath(new URL('../../../apps/dashboard/dist/index.html', import.meta.url));

export interface RunJson {
  readonly id: string;
  readonly status: string;
  readonly step: number;
  readonly attempt: number;
  readonly result: Record<string, unknown> | null;
  readonly spec: Record<string, unknown>;
}

/** The built service as a process of its own, on a folder and a port that stay the same over restarts. */
export class Service {
  readonly url: string;
  private readonly port: number;
  private readonly data: string;
  private child: ChildProcess | null = null;

  private constructor(port: number) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.data = mkdtempSync(join(tmpdir(), 'kfac-e2e-'));
  }

  static async start(): Promise<Service> {
    const service = new Service(await freePort());
    await service.up();
    return service;
  }

  /** Starts the process and waits until it is ready. */
  async up(): Promise<void> {
    const env = { ...process.env, KFAC_PORT: String(this.port), KFAC_DATA: this.data, KFAC_LOG: 'error' };
    const child = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
    this.child = child;
    for (let wait = 0; wait < 300; wait++) {
      if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}: ${errors}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok === true) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the service is not ready after 30 s: ${errors}`);
  }

  /** Ends the process without any warning, as a power cut would. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    this.child = null;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  async launch(kind: 'pinn' | 'hedging' | 'study', name: string, spec: object): Promise<string> {
    const response = await fetch(`${this.url}/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind, name, spec }),
    });
    const body = (await response.json()) as RunJson;
    if (response.status !== 201) throw new Error(`expected 201, got ${response.status}: ${JSON.stringify(body)}`);
    return body.id;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}/v1${path}`);
    if (!response.ok) throw new Error(`expected ${path} to be there, got ${response.status}`);
    return (await response.json()) as T;
  }

  run(id: string): Promise<RunJson> {
    return this.get(`/runs/${id}`);
  }

  /** Waits until the run has ended, and expects that it ended so. */
  async ended(id: string, status = 'succeeded'): Promise<RunJson> {
    for (;;) {
      const run = await this.run(id);
      if (['succeeded', 'failed', 'diverged', 'cancelled'].includes(run.status)) {
        if (run.status !== status)
          throw new Error(`expected run ${id} to end as ${status}, got ${JSON.stringify(run)}`);
        return run;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Poisson's equation on the unit square, small enough for a test. */
export const P2 = {
  domain: { x: [0, 1], y: [0, 1] },
  equations: ['-(u_xx + u_yy) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  exact: { u: 'sin(pi*x)*sin(pi*y)' },
  network: { hidden: [32] },
  sampling: { interior: 600, conditions: 100 },
};

/** A short call in a Heston market, with few paths. */
export const HEDGE = {
  market: { model: 'heston', spot: 100, v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7, drift: 0.05 },
  horizon: { days: 30, steps: 30 },
  liability: { type: 'european-call', strike: 100 },
  batch: 512,
  evaluation: { paths: 20_000 },
};
