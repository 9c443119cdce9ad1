import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const scripts = fileURLToPath(new URL('../scripts', import.meta.url));

/** A folder that the scripts take for the repository. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kfac-scripts-'));
  cpSync(join(scripts, 'lib'), join(root, 'scripts', 'lib'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const node = (program: string) =>
  run(
    process.execPath,
    ['--input-type=module', '--eval', program.replaceAll('LIB', `file://${join(root, 'scripts', 'lib')}`)],
    { cwd: root },
  );

describe('the lock of the set-up', () => {
  const critical = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { withLock } from 'LIB/lock.mjs';
    await withLock(async () => {
      appendFileSync('trace', 'in ');
      await sleep(100);
      appendFileSync('trace', 'out ');
    });`;

  test('lets one process in at a time', async () => {
    await Promise.all([node(critical), node(critical), node(critical)]);
    expect(readFileSync(join(root, 'trace'), 'utf8')).toBe('in out '.repeat(3));
  });

  test('is taken over from a process that died without releasing it', async () => {
    const { stdout } = await run(process.execPath, ['--eval', 'console.log(process.pid)']);
    mkdirSync(join(root, '.tools', 'setup.lock'), { recursive: true });
    writeFileSync(join(root, '.tools', 'setup.lock', 'pid'), stdout.trim());
    await node(critical);
    expect(readFileSync(join(root, 'trace'), 'utf8')).toBe('in out ');
  });
});

describe('stamps', () => {
  test('a stage is fresh while its inputs are the same and its outputs exist', async () => {
    mkdirSync(join(root, 'src', 'node_modules'), { recursive: true });
    writeFileSync(join(root, 'src', 'a.ts'), 'one');
    const { stdout } = await node(`
      import { rmSync, writeFileSync } from 'node:fs';
      import { contentHash, isFresh, writeStamp } from 'LIB/stamp.mjs';
      const fresh = () => isFresh('stage', contentHash(['src']), ['made']);
      const seen = [fresh()];
      writeFileSync('made', '');
      writeStamp('stage', contentHash(['src']));
      seen.push(fresh());
      writeFileSync('src/node_modules/ignored', 'x');
      seen.push(fresh());
      writeFileSync('src/a.ts', 'two');
      seen.push(fresh());
      writeFileSync('src/a.ts', 'one');
      seen.push(fresh());
      writeFileSync('src/b.ts', '');
      seen.push(fresh());
      rmSync('src/b.ts');
      rmSync('made');
      seen.push(fresh());
      console.log(JSON.stringify(seen));`);
    expect(JSON.parse(stdout)).toEqual([false, true, true, false, true, false, false]);
  });
});

test('a machine that lacks something is told all of it in one line', async () => {
  cpSync(join(scripts, 'setup.mjs'), join(root, 'scripts', 'setup.mjs'));
  for (const folder of ['packages', 'apps', 'bin']) mkdirSync(join(root, folder));
  // A Node without headers beside it, and nothing else on the PATH.
  const bare = join(root, 'bin', 'node');
  cpSync(process.execPath, bare);
  const failure = await run(bare, [join(root, 'scripts', 'setup.mjs'), 'core'], {
    cwd: root,
    env: { PATH: join(root, 'bin'), HOME: root },
  }).then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => error,
  );
  expect(failure.code).toBe(1);
  const lines = failure.stderr.trim().split('\n');
  expect(lines[0]).toBe('setup: no Rust toolchain (cargo) found: everything runs on the slower reference engine');
  expect(lines[1]).toBe(
    `setup: this machine lacks the headers of Node (${join(root, 'include', 'node', 'node.h')}), npm, Python 3, make, a C++ compiler (g++)`,
  );
  expect(lines).toHaveLength(2);
});
