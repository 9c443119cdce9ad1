import { catalogue as hedging, checkHedging } from '@kfac/hedging';
import { catalogue as pinn, checkPinn } from '@kfac/pinn';
import { only, parseCommandLine } from '../command-line.ts';
import { EXIT, UsageError } from '../exit.ts';
import { readProblem } from '../spec-source.ts';
import { hedgeTrainer } from './hedge.ts';
import { solveTrainer } from './solve.ts';

/** `kfac check`: validates a problem of either kind and says what training it would take. */
export function checkCommand(args: readonly string[]): number {
  const line = parseCommandLine(args, ['json', 'set']);
  const source = only(line.positionals, 'SPEC.json or the name of a problem');
  const { json } = readProblem(source, [...pinn, ...hedging], line.set, (problem) =>
    (kindOf(problem) === 'pinn' ? solveTrainer : hedgeTrainer).schema(),
  );
  const kind = kindOf(json);
  const check = kind === 'pinn' ? checkPinn(json) : checkHedging(json);
  if (line.json) {
    process.stdout.write(`${JSON.stringify({ kind, ...check })}\n`);
    return EXIT.finished;
  }
  const lines = [
    `${kind === 'pinn' ? 'differential equation' : 'hedging problem'}: valid`,
    `parameters  ${check.parameters}`,
    `memory      ${(check.bytes / 2 ** 20).toPrecision(3)} MiB for training`,
    `optimizer   ${check.optimizer} (${check.reason})`,
    `hash        ${check.hash}`,
    ...check.warnings.map((warning) => `warning     ${warning}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.finished;
}

/** Which of the two kinds of problem a JSON document means to be. */
function kindOf(json: unknown): 'pinn' | 'hedging' {
  if (typeof json !== 'object' || json === null) throw new UsageError('expected a problem, a JSON object');
  if ('market' in json || 'liability' in json) return 'hedging';
  if ('domain' in json || 'equations' in json) return 'pinn';
  throw new UsageError(
    'expected a differential equation (domain, equations, conditions) or a hedging problem (market, horizon, liability)',
  );
}
