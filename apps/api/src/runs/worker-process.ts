import type { EngineDescription } from '@kfac/core';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromWorker, ToWorker } from '../worker/protocol.ts';

export interface WorkerOptions {
  /** The program of the child; a TypeScript source runs through tsx. */
  readonly entry: URL;
  readonly threads: number;
}

const STDERR_KEPT = 2000;
/** What a child may know of the service's environment. No database address, no token. */
const PASSED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'KFAC_NATIVE', 'KFAC_SIMD', 'RUST_BACKTRACE'];

/** One training child: a process group of its own, reached by messages. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  #stderr = '';
  /** Rejects if the child ends before it is ready. */
  readonly ready: Promise<EngineDescription>;
  /** Resolves when the process has ended and its last message has been handed over. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  onMessage: (message: FromWorker) => void = () => undefined;

  constructor({ entry, threads }: WorkerOptions) {
    const source = entry.pathname.endsWith('.ts');
    const environment = Object.fromEntries(
      PASSED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    );
    this.#child = fork(fileURLToPath(entry), [], {
      serialization: 'advanced',
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...environment, KFAC_THREADS: String(threads) },
      execArgv: [
        '--disallow-code-generation-from-strings',
        ...(source ? ['--conditions=@kfac/source', '--import', import.meta.resolve('tsx')] : []),
      ],
    });
    this.#child
      .stderr!.setEncoding('utf8')
      .on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT)));
    this.#child.stderr!.on('error', () => undefined);
    this.#child.on('message', (message: FromWorker) => this.onMessage(message));
    const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
      this.#child.once('error', () => resolve({ code: null, signal: null }));
    });
    const drained = new Promise<void>((resolve) => {
      if (this.#child.connected) this.#child.once('disconnect', resolve);
      else resolve();
    });
    this.ended = exited.then(async (how) => (await drained, how));
    this.ready = new Promise((resolve, reject) => {
      this.#child.on('message', (message: FromWorker) => message.type === 'ready' && resolve(message.engine));
      void this.ended.then(() => reject(new Error(`The training process ended before it was ready. ${this.#stderr}`)));
    });
    this.ready.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The end of what the child wrote to stderr. */
  get lastWords(): string {
    return this.#stderr.trim();
  }

  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Signals the whole process group. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch {
      this.#child.kill(signal);
    }
  }
}
