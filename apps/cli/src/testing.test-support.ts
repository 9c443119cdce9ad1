import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';

/** A folder of its own for every test of a file, and what the command line said in it. */
export function cliFixture(): {
  readonly folder: string;
  readonly stdout: string;
  readonly stderr: string;
  file(name: string, content: unknown): string;
} {
  const said = { folder: '', stdout: '', stderr: '' };
  beforeEach(() => {
    said.folder = mkdtempSync(join(tmpdir(), 'kfac-commands-'));
    [said.stdout, said.stderr] = ['', ''];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((said.stdout += String(text)), true));
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said.stderr += String(text)), true));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(said.folder, { recursive: true, force: true });
  });
  return Object.assign(said, {
    file(name: string, content: unknown): string {
      const path = join(said.folder, name);
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    },
  });
}

/** u′ = −u: a problem that is solved in milliseconds. */
export const decay = {
  domain: { x: [0, 1] },
  equations: ['u_x = -u'],
  conditions: [{ on: 'x = 0', equation: 'u = 1' }],
  exact: { u: 'exp(-x)' },
  network: { hidden: [8] },
  sampling: { interior: 50, conditions: 1 },
  stop: { steps: 20 },
};
