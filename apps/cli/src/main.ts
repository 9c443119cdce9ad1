#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { only } from './command-line.ts';
import { checkCommand } from './commands/check.ts';
import { hedgeTrainer } from './commands/hedge.ts';
import { priceCommand } from './commands/price.ts';
import { serveCommand } from './commands/serve.ts';
import { solveTrainer } from './commands/solve.ts';
import { studyCommand } from './commands/study.ts';
import { trainCommand } from './commands/train.ts';
import { EXIT, UsageError, errorObject, errorText, exitCodeOf } from './exit.ts';
import { helpOf } from './help.ts';

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => number | Promise<number>>> = {
  solve: (args) => trainCommand(solveTrainer, args),
  study: studyCommand,
  hedge: (args) => trainCommand(hedgeTrainer, args),
  price: priceCommand,
  check: checkCommand,
  serve: serveCommand,
  help: helpCommand,
};

/** `kfac help [COMMAND]`. */
function helpCommand(args: readonly string[]): number {
  const name = args.length === 0 ? '' : only(args, 'a command');
  if (name !== '') commandOf(name);
  process.stdout.write(helpOf(name));
  return EXIT.finished;
}

function commandOf(name: string): (args: readonly string[]) => number | Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new UsageError(`unknown command "${name}"; there are ${Object.keys(COMMANDS).join(', ')} (--help says more)`);
  return command;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

async function run(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const wantsHelp = args.some((argument) => argument === '--help' || argument === '-h');
  if (wantsHelp) {
    process.stdout.write(helpOf(name));
    return EXIT.finished;
  }
  if (name === '--version') {
    process.stdout.write(`kfac ${version()}\n`);
    return EXIT.finished;
  }
  if (name === '') throw new UsageError(`expected a command\n\n${helpOf('')}`);
  return commandOf(name)(rest);
}

// A reader that has seen enough (`kfac solve --list | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const args = process.argv.slice(2);
try {
  process.exitCode = await run(args);
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  if (args.includes('--json')) process.stdout.write(`${JSON.stringify(errorObject(error))}\n`);
  process.exitCode = exitCodeOf(error);
}
