import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../testing/database.ts';
import { lockData } from './lock.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

test('a folder belongs to one holder at a time', async () => {
  const first = await lockData(folder.path);
  await expect(lockData(folder.path, 100)).rejects.toThrow(
    `The folder ${folder.path} is in use by another service (process ${process.pid})`,
  );
  first.release();
  (await lockData(folder.path, 0)).release();
});

test('a holder that is just ending is waited for', async () => {
  const first = await lockData(folder.path);
  setTimeout(() => first.release(), 150);
  (await lockData(folder.path, 2000)).release();
});

test('a holder that was killed holds nothing', async () => {
  const module = fileURLToPath(new URL('./lock.ts', import.meta.url));
  const script = `const { lockData } = await import(${JSON.stringify(module)}); await lockData(${JSON.stringify(folder.path)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await expect(lockData(folder.path, 100)).rejects.toThrow(/in use/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  (await lockData(folder.path, 0)).release();
});
