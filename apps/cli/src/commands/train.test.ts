import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { TrainingOptions, TrainingStatus } from '@kfac/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EXIT } from '../exit.ts';
import type { Trainer } from '../trainer.ts';
import { trainCommand } from './train.ts';

let folder: string;
let stdout: string;
let stderr: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfac-train-'));
  stdout = '';
  stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true));
  vi.stubEnv('KFAC_NATIVE', 'off');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Steps as the training loop does until `steps` or the signal, then evaluates for a while; `at` sees both. */
function trainer(steps: number, at: (when: number | 'evaluation') => void): Trainer {
  const run = async ({ signal, onCheckpoint }: TrainingOptions): Promise<TrainingStatus> => {
    for (let step = 0; step < steps; step++) {
      if (signal!.aborted) {
        onCheckpoint!(Uint8Array.of(7, step), step);
        return 'cancelled';
      }
      at(step);
      await setImmediate();
    }
    at('evaluation');
    for (let part = 0; part < 10; part++) await setImmediate();
    return 'finished';
  };
  return {
    command: 'solve',
    catalogue: [{ name: 'A/b c', title: '', description: '', spec: { a: 1 } }],
    options: [],
    schema: () => ({}),
    inspect: () => ({ stop: {}, hash: '0123456789abcdef' }),
    run: async (_json, options) => {
      const status = await run(options);
      const report = { status, stopReason: 'steps', steps: 1, seconds: 1, engine: options.engine!.describe() };
      return { report, files: () => ({ 'some.bin': Uint8Array.of(1, 200) }), summary: 'the results' };
    },
  };
}

const ctrlC = (): boolean => process.emit('SIGINT');

test('Ctrl-C between two steps writes a checkpoint and the command that goes on as it was begun', async () => {
  const args = ['a/B c', '--json', '--out', folder, '--threads', '3', '--set', 'a=x y'];
  const code = await trainCommand(
    trainer(10, (when) => when === 4 && ctrlC()),
    args,
  );
  expect(code).toBe(EXIT.cancelled);
  const path = join(folder, 'A-b-c-01234567-step5.ckpt');
  expect([...readFileSync(path)]).toEqual([7, 5]);
  expect(readdirSync(folder).filter((name) => name.includes('tmp'))).toEqual([]);
  expect(stderr).toContain('cancelled after 5 steps');
  expect(stderr).toContain(
    `go on with:  npm run --silent kfac -- solve 'a/B c' --set 'a=x y' --threads 3 --out ${folder} --json --resume ${path}\n`,
  );
  expect(stderr).not.toContain('training has finished');
  expect(JSON.parse(stdout)).toMatchObject({ status: 'cancelled' });
});

test('Ctrl-C during the final evaluation does not promise to cancel', async () => {
  const code = await trainCommand(
    trainer(2, (when) => when === 'evaluation' && ctrlC()),
    ['A/b c', '--out', folder],
  );
  expect(code).toBe(EXIT.finished);
  expect(stderr).toContain('training has finished, its evaluation runs on (Ctrl-C again ends at once)');
  expect(stderr).not.toContain('cancel');
  expect(readdirSync(folder).sort()).toEqual(['result.json', 'some.bin']);
  expect([...readFileSync(join(folder, 'some.bin'))]).toEqual([1, 200]);
});

test('files that cannot be written are said in one line each, and the report is still printed', async () => {
  const out = join(folder, 'gone');
  const vanish = (steps: number, pressAt: number): Trainer =>
    trainer(steps, (when) => {
      rmSync(out, { recursive: true, force: true });
      if (when === pressAt) ctrlC();
    });
  expect(await trainCommand(vanish(9, 3), ['A/b c', '--json', '--out', out])).toBe(EXIT.cancelled);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'cancelled' });
  expect(stderr).toMatch(
    /^kfac: cannot write the checkpoint: ENOENT.*\nkfac: cannot write the files of --out: ENOENT.*$/m,
  );
  expect(stderr).not.toContain('go on with');
  stdout = '';
  expect(await trainCommand(vanish(2, -1), ['A/b c', '--out', out])).toBe(EXIT.failed);
  expect(stdout).toContain('the results');
  expect(existsSync(out)).toBe(false);
});
