// Everything that a command needs on a bare machine: pnpm, packages, native engine, Prisma client, compiled TypeScript,
// dashboard bundle. Each stage is guarded by a hash of what goes into it; when nothing changed, nothing runs.
//   node scripts/setup.mjs [core|service]
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withLock } from './lib/lock.mjs';
import { nodePrefix, root } from './lib/paths.mjs';
import { SetupError, onPath, runLogged, say } from './lib/run.mjs';
import { contentHash, isFresh, writeStamp } from './lib/stamp.mjs';

const pnpmVersion = '12.21.0';
const pnpm = join(root, '.tools', 'node_modules', '.bin', 'pnpm');
const runtime = `node ABI ${process.versions.modules} ${process.platform} ${process.arch}`;

const manifests = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${folder}/${entry.name}/package.json`),
);
const compilerOptions = ['tsconfig.base.json', 'pnpm-lock.yaml'];
const librarySources = ['packages/kfac-core/src', 'packages/pinn/src', 'packages/hedging/src', 'apps/cli/src'];
const libraryConfigs = ['packages/kfac-core', 'packages/pinn', 'packages/hedging', 'apps/cli'].map(
  (path) => `${path}/tsconfig.json`,
);

/** A stage: what it reads (files, folders, strings), what it leaves behind and how it is made. */
const stages = {
  pnpm: {
    title: `pnpm ${pnpmVersion}`,
    hash: () => contentHash([], [pnpmVersion]),
    outputs: ['.tools/node_modules/.bin/pnpm'],
    make: () =>
      runLogged('pnpm', 'npm', ['install', '--prefix', '.tools', '--no-audit', '--no-fund', `pnpm@${pnpmVersion}`]),
  },
  packages: {
    title: 'packages (better-sqlite3 is compiled: about two minutes the first time)',
    hash: () =>
      contentHash(
        [
          'pnpm-lock.yaml',
          'pnpm-workspace.yaml',
          'package.json',
          'tests/package.json',
          'bench/package.json',
          ...manifests,
        ],
        [runtime],
      ),
    outputs: ['node_modules/.modules.yaml', 'node_modules/.bin/tsc'],
    make: installPackages,
  },
  native: {
    title: 'native engine (about three minutes the first time)',
    hash: () => contentHash(['packages/kfac-core/native'], [process.platform, process.arch]),
    outputs: ['packages/kfac-core/native/kfac.linux-x64.node'],
    make: () => runLogged('native', process.execPath, ['packages/kfac-core/native/build.mjs']),
  },
  libraries: {
    title: 'TypeScript: packages and command line',
    hash: () => contentHash([...compilerOptions, ...librarySources, ...libraryConfigs]),
    outputs: [
      'apps/cli/dist/main.js',
      'packages/kfac-core/dist/index.js',
      'packages/pinn/dist/index.js',
      'packages/hedging/dist/index.js',
    ],
    make: () => runLogged('libraries', 'tsc', ['-b', 'apps/cli']),
  },
  prisma: {
    title: 'Prisma client',
    hash: () => contentHash(['apps/api/prisma', 'apps/api/package.json', 'pnpm-lock.yaml']),
    outputs: ['apps/api/src/generated'],
    make: () => runLogged('prisma', pnpm, ['--filter', '@kfac/api', 'run', 'generate']),
  },
  service: {
    title: 'TypeScript: service',
    hash: () =>
      contentHash([
        ...compilerOptions,
        ...librarySources,
        ...libraryConfigs,
        'apps/api/src',
        'apps/api/prisma',
        'apps/api/tsconfig.json',
      ]),
    outputs: ['apps/api/dist/index.js'],
    make: () => runLogged('service', 'tsc', ['-b', 'apps/api']),
  },
  dashboard: {
    title: 'dashboard bundle',
    hash: () => contentHash(['apps/dashboard', 'pnpm-lock.yaml']),
    outputs: ['apps/dashboard/dist/index.html'],
    make: () => runLogged('dashboard', pnpm, ['--filter', '@kfac/dashboard', 'run', 'build']),
  },
};

async function installPackages() {
  await runLogged('packages', pnpm, ['install', '--frozen-lockfile']);
  // pnpm does not rebuild for another Node; a compiled addon that does not load here is compiled again.
  const loads = ['-e', "const D = require('better-sqlite3'); new D(':memory:').close()"];
  try {
    await runLogged('sqlite', process.execPath, loads, { cwd: join(root, 'apps/api') });
  } catch {
    await runLogged('packages', pnpm, ['rebuild', '-r', 'better-sqlite3']);
    await runLogged('sqlite', process.execPath, loads, { cwd: join(root, 'apps/api') });
  }
}

/** What the machine must have before anything can be installed; one line says all that is missing. */
function checkMachine() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const missing = [];
  if (major < 20 || (major === 20 && minor < 19)) missing.push(`Node >= 20.19 (this is ${process.versions.node})`);
  if (!existsSync(join(nodePrefix, 'include', 'node', 'node.h')))
    missing.push(`the headers of Node (${nodePrefix}/include/node/node.h)`);
  for (const [program, title] of [
    ['npm', 'npm'],
    ['python3', 'Python 3'],
    ['make', 'make'],
    ['g++', 'a C++ compiler (g++)'],
  ]) {
    if (!onPath(program)) missing.push(title);
  }
  if (missing.length > 0) throw new SetupError(`setup: this machine lacks ${missing.join(', ')}`);
}

async function runStage(name) {
  const stage = stages[name];
  const hash = stage.hash();
  if (isFresh(name, hash, stage.outputs)) return;
  const start = performance.now();
  say(`setup: ${stage.title} …`);
  await stage.make();
  const absent = stage.outputs.filter((path) => !existsSync(join(root, path)));
  if (absent.length > 0) throw new SetupError(`setup: stage "${name}" ended without ${absent.join(', ')}`);
  writeStamp(name, hash);
  say(`setup: ${name} ready after ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** True if the native engine is to be built here: there is a Rust toolchain, and it is not asked to stay off. */
function wantsNative() {
  return process.env.KFAC_NATIVE !== 'off' && onPath('cargo');
}

/** Says that there will be no native engine, where that is so and no setting says what to do about it. */
function announceReference() {
  const [addon] = stages.native.outputs;
  if (wantsNative() || existsSync(join(root, addon)) || !['', 'auto'].includes(process.env.KFAC_NATIVE ?? '')) return;
  say('setup: no Rust toolchain (cargo) found: everything runs on the slower reference engine');
}

function stagesOf(part) {
  const core = ['pnpm', 'packages', ...(wantsNative() ? ['native'] : []), 'libraries'];
  return part === 'core' ? core : [...core, 'prisma', 'service', 'dashboard'];
}

/**
 * Makes ready what a part of the project needs. 'core': libraries and command line; 'service': also REST service and
 * dashboard. Idempotent; takes well under a second when nothing changed. `quiet`: who calls says itself which engine runs.
 */
export async function setup(part, { quiet = false } = {}) {
  if (!quiet) announceReference();
  const isReady = () => stagesOf(part).every((name) => isFresh(name, stages[name].hash(), stages[name].outputs));
  if (isReady()) return;
  checkMachine();
  await withLock(async () => {
    const install = async () => {
      await runStage('pnpm');
      await runStage('packages');
    };
    const results = await Promise.allSettled([install(), ...(wantsNative() ? [runStage('native')] : [])]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    for (const name of stagesOf(part).filter((stage) => !['pnpm', 'packages', 'native'].includes(stage)))
      await runStage(name);
  });
}

/** Runs a script's body: a `SetupError` is one readable message, anything else a bug with its stack. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    say(error instanceof SetupError ? error.message : (error?.stack ?? String(error)));
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const part = process.argv[2] ?? 'service';
    if (!['core', 'service'].includes(part))
      throw new SetupError(`setup: unknown part "${part}"; there are core and service`);
    await setup(part);
    say('setup: everything is ready');
  });
}

export { SetupError };
