// `npm test`: set-up, then every check that the project has; the last line sums them up.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, root } from './lib/paths.mjs';
import { onPath, run, say } from './lib/run.mjs';
import { main, setup } from './setup.mjs';

const chromium = '/usr/bin/chromium';
const native = join(root, 'packages/kfac-core/native');
const vitestReport = join(root, 'reports', 'vitest.json');

/** Sum over all runners. */
const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];

function count({ passed = 0, failed = 0, skipped = 0 }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

/** A check that either holds or not: counts as one test. */
async function check(title, program, args) {
  say(`\n── ${title}`);
  const code = await run(program, args);
  count(code === 0 ? { passed: 1 } : { failed: 1 });
}

/** Brings a browser for the end-to-end tests if the machine allows it. */
async function bringChromium() {
  if (existsSync(chromium)) return;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && onPath('apt-get')) {
    say('test: installing Chromium (Debian package) …');
    const install = () =>
      run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], {
        env: { DEBIAN_FRONTEND: 'noninteractive' },
      });
    if ((await install()) !== 0) {
      await run('apt-get', ['update']);
      await install();
    }
  }
  if (!existsSync(chromium))
    skips.push(
      `browser tests: no ${chromium}${isRoot ? ' and apt-get could not install it' : ', and installing it (apt-get install chromium) needs root'}`,
    );
}

/** Runs `cargo test` and counts its result lines. */
async function cargoTests() {
  if (!onPath('cargo')) {
    skips.push('tests of the native engine: no Rust toolchain (cargo)');
    return;
  }
  say('\n── native engine: cargo test --release');
  const output = await new Promise((resolve, reject) => {
    const child = spawn('cargo', ['test', '--release', '--locked', '--workspace'], {
      cwd: native,
      env: childEnvironment(),
      stdio: ['ignore', 'pipe', 2],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      process.stderr.write(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ text, code }));
  });
  let failed = 0;
  for (const [, ok, bad, ignored] of output.text.matchAll(
    /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    count({ passed: Number(ok), failed: Number(bad), skipped: Number(ignored) });
    failed += Number(bad);
  }
  if (output.code !== 0 && failed === 0) count({ failed: 1 });
}

/** Runs vitest and counts its JSON report; a suite that could not even be loaded is a failure. */
async function vitest() {
  say('\n── vitest');
  mkdirSync(join(root, 'reports'), { recursive: true });
  rmSync(vitestReport, { force: true });
  const code = await run('vitest', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${vitestReport}`,
  ]);
  const report = existsSync(vitestReport) ? JSON.parse(readFileSync(vitestReport, 'utf8')) : undefined;
  const broken =
    report?.testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
    ).length ?? 1;
  const failed = (report?.numFailedTests ?? 0) + broken;
  count({
    passed: report?.numPassedTests ?? 0,
    failed,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  });
  if (code !== 0 && failed === 0) count({ failed: 1 });
}

await main(async () => {
  await setup('service');
  await bringChromium();
  await check('types: tsc -b', 'tsc', ['-b']);
  await check('types of the dashboard', 'tsc', ['--noEmit', '-p', 'apps/dashboard']);
  await check('lint: oxlint', 'oxlint', []);
  await check('format: oxfmt --check', 'oxfmt', ['--check']);
  await cargoTests();
  await vitest();
  for (const reason of skips) say(`\nskipped: ${reason}`);
  const { passed, failed, skipped } = total;
  if (failed > 0 || passed === 0) process.exitCode = 1;
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
});
