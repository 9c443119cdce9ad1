#!/usr/bin/env node
import { checkCommand } from './commands/check.ts';
import { hedgeTrainer } from './commands/hedge.ts';
import { priceCommand } from './commands/price.ts';
import { serveCommand } from './commands/serve.ts';
import { solveTrainer } from './commands/solve.ts';
import { trainCommand } from './commands/train.ts';
import { EXIT, UsageError, errorObject, errorText, exitCodeOf } from './exit.ts';
import { HELP } from './help.ts';

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => number | Promise<number>>> = {
  solve: (args) => trainCommand(solveTrainer, args),
  hedge: (args) => trainCommand(hedgeTrainer, args),
  price: priceCommand,
  check: checkCommand,
  serve: serveCommand,
};

async function run(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const wantsHelp = args.some((argument) => argument === '--help' || argument === '-h');
  if (wantsHelp) {
    process.stdout.write(HELP[name] ?? HELP['']!);
    return EXIT.finished;
  }
  if (name === '') throw new UsageError(`expected a command\n\n${HELP['']}`);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new UsageError(`unknown command "${name}"; there are ${Object.keys(COMMANDS).join(', ')} (--help says more)`);
  return command(rest);
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
