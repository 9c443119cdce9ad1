import { catalogue, price } from '@kfac/hedging';
import { only, parseCommandLine } from '../command-line.ts';
import { EXIT } from '../exit.ts';
import { hedgeTrainer } from './hedge.ts';
import { readProblem } from '../spec-source.ts';

/** `kfac price`: the risk-neutral price without costs of a hedging problem's liability. */
export function priceCommand(args: readonly string[]): number {
  const line = parseCommandLine(args, ['json', 'set']);
  const source = only(line.positionals, 'SPEC.json or the name of a hedging problem');
  const result = price(readProblem(source, catalogue, line.set, hedgeTrainer.schema).json);
  process.stdout.write(
    line.json
      ? `${JSON.stringify({ price: result.price, model: result.model })}\n`
      : `${result.price}  (${result.model})\n`,
  );
  return EXIT.finished;
}
