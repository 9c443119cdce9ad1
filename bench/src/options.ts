import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  readonly accuracy: boolean;
  /** Names of benchmarks or problems; null: all. */
  readonly only: readonly string[] | null;
  /** Times that ours and the peer alternate. */
  readonly rounds: number;
  /** Steps that one process times. */
  readonly steps: number;
  readonly seeds: number;
  /** Seconds after which a run of the table of seconds to an error ends. */
  readonly budget: number;
  readonly withPeers: boolean;
  /** Do the results go into the pages? */
  readonly write: boolean;
}

function above(option: string, text: string, isWhole: boolean): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value) || (isWhole && !Number.isInteger(value)))
    throw new Error(`--${option} expects a positive ${isWhole ? 'whole ' : ''}number, got "${text}"`);
  return value;
}

/**
 * Reads the command line. `--quick` measures little and writes nothing. Speeds are written when all are measured; seconds to
 * an error when all problems are, with the peers, and otherwise with `--write`. Throws on what does not go together.
 */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      accuracy: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seeds: { type: 'string' },
      budget: { type: 'string' },
      'no-peers': { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
    },
  });
  const { quick, accuracy, write, only = null } = values;
  const others = accuracy ? (['rounds'] as const) : (['budget', 'no-peers', 'write'] as const);
  for (const name of others)
    if (values[name]) throw new Error(`--${name} goes ${accuracy ? 'without' : 'with'} --accuracy`);
  if (quick && write) throw new Error('--quick writes nothing: expected --write without it');
  const withPeers = !values['no-peers'];
  return {
    accuracy,
    only,
    rounds: above('rounds', values.rounds ?? (quick ? '1' : '5'), true),
    steps: quick ? 10 : 200,
    seeds: above('seeds', values.seeds ?? (quick ? '1' : '5'), true),
    budget: above('budget', values.budget ?? (quick ? '10' : '120'), false),
    withPeers,
    write: write || (!quick && only === null && withPeers),
  };
}
