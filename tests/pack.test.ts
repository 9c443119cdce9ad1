import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const core = join(root, 'packages', 'kfac-core');
const program = join(core, 'examples', 'own-mlp.mjs');

describe('the packed tarball of @kfac/core', () => {
  let folder: string;
  const run = (file: string, args: readonly string[], cwd: string): string =>
    execFileSync(file, [...args], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, npm_config_loglevel: 'error' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  beforeAll(() => {
    run(process.execPath, [join(root, 'scripts', 'setup.mjs'), 'core'], root);
    folder = mkdtempSync(join(tmpdir(), 'kfac-pack-'));
    run(join(root, '.tools', 'node_modules', '.bin', 'pnpm'), ['pack', '--pack-destination', folder], core);
    writeFileSync(join(folder, 'package.json'), '{ "name": "somebody-else", "private": true, "type": "module" }');
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
    run('npm', ['install', '--no-audit', '--no-fund', '--offline', join(folder, tarball)], folder);
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const installed = (...path: string[]): string => join(folder, 'node_modules', '@kfac', 'core', ...path);

  test('holds compiled code and declarations, no tests and no sources', () => {
    const files = readdirSync(installed('dist'), { recursive: true, encoding: 'utf8' });
    expect(files).toContain('index.js');
    expect(files).toContain('index.d.ts');
    expect(files.filter((name) => /\.test\./.test(name))).toEqual([]);
    expect(existsSync(installed('src'))).toBe(false);
  });

  test('has no run-time dependency', () => {
    expect(
      (JSON.parse(readFileSync(installed('package.json'), 'utf8')) as { dependencies?: object }).dependencies ?? {},
    ).toEqual({});
  });

  test('trains an MLP of the user’s own with a program of at most 30 lines', () => {
    const lines = readFileSync(program, 'utf8').split('\n');
    expect(lines.filter((line) => line.trim() !== '' && !line.startsWith('//')).length).toBeLessThanOrEqual(30);
    copyFileSync(program, join(folder, 'own-mlp.mjs'));
    const output = run(process.execPath, ['own-mlp.mjs'], folder);
    const loss = Number(/loss after 300 steps: (.*)/.exec(output)![1]);
    // Half the mean square of sin 3x, the loss of a net that says nothing, is about 0.26.
    expect(loss).toBeLessThan(1e-6);
  });

  test('can be type-checked by a project that installs it', () => {
    writeFileSync(
      join(folder, 'own.ts'),
      "import { KFac, type Objective, matrix } from '@kfac/core';\nexport const rows: number = matrix(2, 3).rows;\nexport type Mine = Objective;\nexport { KFac };\n",
    );
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { module: 'NodeNext', strict: true, noEmit: true, lib: ['ES2023', 'DOM'], types: [] },
        files: ['own.ts'],
      }),
    );
    expect(run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], folder)).toBe('');
  });
});
