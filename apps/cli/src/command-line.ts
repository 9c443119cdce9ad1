import { parseArgs } from 'node:util';
import { UsageError } from './exit.ts';

/** Options of every command; each command says which it takes. */
const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  list: { type: 'boolean' },
  set: { type: 'string', multiple: true },
  threads: { type: 'string' },
  out: { type: 'string' },
  resume: { type: 'string' },
  'start-from': { type: 'string' },
  'estimate-error': { type: 'boolean' },
  spectrum: { type: 'boolean' },
  points: { type: 'string' },
  widths: { type: 'string' },
  seeds: { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
  host: { type: 'string' },
} as const;

const MAXIMUM_THREADS = 256;

export type OptionName = keyof typeof OPTIONS;

export interface CommandLine {
  readonly positionals: readonly string[];
  readonly json: boolean;
  readonly list: boolean;
  readonly set: readonly string[];
  readonly threads: number | undefined;
  readonly out: string | undefined;
  readonly resume: string | undefined;
  readonly startFrom: string | undefined;
  readonly estimateError: boolean;
  readonly spectrum: boolean;
  readonly points: readonly number[] | undefined;
  readonly widths: readonly number[] | undefined;
  readonly seeds: readonly number[] | undefined;
  readonly port: number | undefined;
  readonly data: string | undefined;
  readonly host: string | undefined;
}

/** Parses the arguments after a command's name; throws `UsageError` for unknown options and values out of range. */
export function parseCommandLine(args: readonly string[], allowed: readonly OptionName[]): CommandLine {
  const options = Object.fromEntries(allowed.map((name) => [name, OPTIONS[name]]));
  const takesValue = new Set(allowed.filter((name) => OPTIONS[name].type === 'string').map((name) => `--${name}`));
  let parsed: { values: Partial<Record<OptionName, string | boolean | (string | boolean)[]>>; positionals: string[] };
  try {
    parsed = parseArgs({ args: joinNegative(args, takesValue), options, allowPositionals: true, strict: true });
  } catch (error) {
    const { message } = error as Error;
    const lacking = /^Option '(--[\w-]+)[^']*' argument (?:is ambiguous|missing)/.exec(message);
    throw new UsageError(
      lacking ? `${lacking[1]} expects a value` : message.replace(/\. To specify a positional.*$/s, ''),
    );
  }
  const { values, positionals } = parsed;
  const text = (name: OptionName): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  return {
    positionals,
    json: values.json === true,
    list: values.list === true,
    set: Array.isArray(values.set) ? values.set.map(String) : [],
    threads:
      integer('--threads', text('threads'), 1, MAXIMUM_THREADS) ??
      integer('KFAC_THREADS', process.env['KFAC_THREADS'] || undefined, 1, MAXIMUM_THREADS),
    out: text('out'),
    resume: text('resume'),
    startFrom: text('start-from'),
    estimateError: values['estimate-error'] === true,
    spectrum: values.spectrum === true,
    points: integers('--points', text('points')),
    widths: integers('--widths', text('widths')),
    seeds: integers('--seeds', text('seeds')),
    port: integer('--port', text('port'), 0, 65_535),
    data: text('data'),
    host: text('host'),
  };
}

/** `--threads -1` as `--threads=-1`, so that it is the value that is refused, not the dash. */
function joinNegative(args: readonly string[], takesValue: ReadonlySet<string>): string[] {
  const joined: string[] = [];
  for (const argument of args) {
    const before = joined.at(-1);
    if (before !== undefined && takesValue.has(before) && /^-\d/.test(argument))
      joined.splice(-1, 1, `${before}=${argument}`);
    else joined.push(argument);
  }
  return joined;
}

/** A whole number in its range; throws `UsageError` otherwise. */
export function integer(name: string, text: string | undefined, minimum: number, maximum: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
    throw new UsageError(`${name} expects a whole number from ${minimum} to ${maximum}, got "${text}"`);
  }
  return value;
}

/** Whole numbers separated by commas; throws `UsageError` otherwise. */
function integers(name: string, text: string | undefined): number[] | undefined {
  return text?.split(',').map((part) => integer(name, part.trim(), 0, Number.MAX_SAFE_INTEGER)!);
}

/** The one positional argument of a command. */
export function only(positionals: readonly string[], what: string): string {
  const [first, second] = positionals;
  if (first === undefined) throw new UsageError(`expected ${what}`);
  if (second !== undefined) throw new UsageError(`expected ${what} alone, got also "${second}"`);
  return first;
}
