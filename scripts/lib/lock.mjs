import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tools } from './paths.mjs';
import { say } from './run.mjs';

const folder = join(tools, 'setup.lock');
const owner = join(folder, 'pid');
const staleAfterMs = 60_000;

function ownerPid() {
  try {
    return Number(readFileSync(owner, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** A lock is abandoned when its owner is gone or has not touched it for a minute. */
function isAbandoned() {
  try {
    const age = Date.now() - statSync(folder).mtimeMs;
    const pid = ownerPid();
    return age > staleAfterMs || (pid > 0 && !isAlive(pid));
  } catch {
    return false;
  }
}

function tryAcquire() {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(owner, String(process.pid));
  return true;
}

/** Runs `body` while no other process does: two set-ups at once would build into each other's files. */
export async function withLock(body) {
  mkdirSync(tools, { recursive: true });
  let told = false;
  while (!tryAcquire()) {
    if (isAbandoned()) {
      const aside = `${folder}.${process.pid}`;
      try {
        renameSync(folder, aside);
        rmSync(aside, { recursive: true, force: true });
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
      }
      continue;
    }
    if (!told) say(`setup: waiting for another set-up (process ${ownerPid()}) to end`);
    told = true;
    await sleep(200);
  }
  const release = () => rmSync(folder, { recursive: true, force: true });
  const beat = setInterval(() => utimesSync(folder, new Date(), new Date()), 5000);
  process.once('exit', release);
  try {
    return await body();
  } finally {
    clearInterval(beat);
    process.off('exit', release);
    release();
  }
}
