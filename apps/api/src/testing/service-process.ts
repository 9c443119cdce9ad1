import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

const ENTRY = fileURLToPath(new URL('../server.ts', import.meta.url));

/** The service as a process of its own, as a user starts it, but from the sources. */
export class ServiceProcess {
  readonly #process: ChildProcess;
  output = '';

  private constructor(child: ChildProcess) {
    this.#process = child;
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  /** Resolves when the service answers. */
  static async start(port: number, data: string): Promise<ServiceProcess> {
    const service = ServiceProcess.spawn({ KFAC_PORT: String(port), KFAC_DATA: data });
    for (let waited = 0; waited < 60_000; waited += 50) {
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return service;
      if (service.#process.exitCode !== null) break;
      await sleep(50);
    }
    throw new Error(`The service did not start: ${service.output}`);
  }

  static spawn(environment: Record<string, string>): ServiceProcess {
    const { KFAC_THREADS: _, ...inherited } = process.env;
    const env = { ...inherited, KFAC_LOG: 'warn', ...environment };
    return new ServiceProcess(
      spawn(process.execPath, ['--import', 'tsx', '--conditions=@kfac/source', ENTRY], { env, stdio: 'pipe' }),
    );
  }

  get pid(): number {
    return this.#process.pid!;
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exit = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill(signal);
      await exit;
    }
    return this.#process.exitCode;
  }

  async exitCode(): Promise<number | null> {
    if (this.#process.exitCode === null) await new Promise((resolve) => this.#process.once('exit', resolve));
    return this.#process.exitCode;
  }

  /** Process ids of the training children: those of the worker program alone, not helpers that a loader starts. */
  children(): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && parentOf(pid) === this.pid && isWorker(pid));
  }
}

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return -1;
  }
}

function isWorker(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker/main');
  } catch {
    return false;
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
