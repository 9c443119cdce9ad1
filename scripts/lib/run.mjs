import { spawn } from 'node:child_process';
import { accessSync, constants, createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, root, tools } from './paths.mjs';

/** A failure whose message is all that the user needs: no stack is printed. */
export class SetupError extends Error {}

/** One line to the user. Everything but results goes to stderr, so that stdout stays clean for `--json`. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** True if a program of that name is on the PATH. */
export function onPath(program) {
  return childEnvironment()
    .PATH.split(':')
    .some((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return folder !== '';
      } catch {
        return false;
      }
    });
}

/** Runs a program to its end with its output on our stderr; resolves to its exit code. */
export function run(program, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: childEnvironment(env), stdio: ['ignore', 2, 2] });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal === null ? code : 1));
  });
}

/** Runs a program with its output in `.tools/logs/<name>.log`; throws with the log's end if it fails. */
export function runLogged(name, program, args, { cwd = root, env = {} } = {}) {
  mkdirSync(join(tools, 'logs'), { recursive: true });
  const file = join(tools, 'logs', `${name}.log`);
  return new Promise((resolve, reject) => {
    const log = createWriteStream(file);
    let tail = '';
    const child = spawn(program, args, { cwd, env: childEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        log.write(chunk);
        tail = (tail + chunk).slice(-6000);
      });
    }
    child.on('error', (error) => reject(new SetupError(`${program} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      log.end();
      if (code === 0) resolve();
      else
        reject(
          new SetupError(
            `${tail.trimEnd()}\nsetup: "${[program, ...args].join(' ')}" ended with ${signal ?? code} (whole output: ${file})`,
          ),
        );
    });
  });
}
