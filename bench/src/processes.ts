import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measured, Settings } from './workloads.ts';

const here = dirname(fileURLToPath(import.meta.url));
const python = join(here, '..', '.venv', 'bin', 'python');

/** Runs a program and takes its last line as JSON; throws with its stderr if it fails. */
function jsonOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output.trim().split('\n').at(-1)!) as Measured);
      else reject(new Error(`${[program, ...args].join(' ')} ended with ${code}\n${errors.slice(-4000)}`));
    });
  });
}

/** One measurement of ours, in a process of its own. */
export function ours(name: string, settings: Partial<Settings>): Promise<Measured> {
  return jsonOf(process.execPath, [join(here, 'measure.js'), name, JSON.stringify(settings)], {
    KFAC_NATIVE: 'require',
  });
}

/** One measurement of the peer, in a process of its own; it gets no more cores than threads. */
export function peer(script: string, settings: Readonly<Record<string, string | number>>): Promise<Measured> {
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return jsonOf(python, [join(here, '..', 'peer', script), ...flags]);
}
