// Builds the native addon, if its sources changed, and puts it beside this file as kfac.<platform>-<arch>.node.
// Without a Rust toolchain it says so in one line and leaves the reference engine: that is no failure.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const addon = join(here, `kfac.${process.platform}-${process.arch}.node`);
const stamp = join(here, 'target', `stamp.${process.platform}-${process.arch}`);
const library = { linux: 'libkfac_native.so', darwin: 'libkfac_native.dylib', win32: 'kfac_native.dll' }[
  process.platform
];

/** Every file that decides what is built, in a fixed order. */
function sources(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'target')
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return /\.(rs|toml|lock)$/.test(entry.name) ? [path] : [];
    })
    .sort();
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const path of sources(here))
    hash
      .update(`${relative(here, path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  return hash.digest('hex');
}

/** The path of cargo, or undefined. */
function findCargo() {
  const name = process.platform === 'win32' ? 'cargo.exe' : 'cargo';
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin'),
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function upToDate(wanted) {
  return existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

function main() {
  const wanted = fingerprint();
  if (upToDate(wanted)) return 0;
  const cargo = findCargo();
  if (cargo === undefined || library === undefined) {
    const reason =
      library === undefined ? `no native engine for ${process.platform}` : 'no Rust toolchain (cargo) found';
    console.error(`native engine: ${reason}; the slower reference engine will be used`);
    // An addon of older sources must not pass for the present one.
    rmSync(addon, { force: true });
    return 0;
  }
  console.error('native engine: building (a first build takes some minutes)');
  const { status, error } = spawnSync(cargo, ['build', '--release', '--locked', '--quiet'], {
    cwd: here,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, CARGO_TARGET_DIR: join(here, 'target') },
  });
  if (status !== 0) {
    console.error(`native engine: cargo build failed${error ? `: ${error.message}` : ` with exit code ${status}`}`);
    return 1;
  }
  // Never overwrite a library that a process may have mapped: a new file takes its name.
  const fresh = `${addon}.${process.pid}.tmp`;
  copyFileSync(join(here, 'target', 'release', library), fresh);
  renameSync(fresh, addon);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  return 0;
}

process.exitCode = main();
