import { KfacError } from '@kfac/core';
import type { Issue } from '@kfac/core';
import type { z } from 'zod';
import { trainingBytes } from './memory.ts';
import { hedgingSpecSchema } from './spec.ts';
import type { HedgingSpec } from './spec.ts';

/** Bytes that the buffers of one training may take. */
const BYTES_LIMIT = 4 * 2 ** 30;

type Path = readonly PropertyKey[];

/**
 * The effective problem with every default filled, from untrusted JSON.
 * Throws `KFAC_SPEC` with one issue per fault, or `KFAC_LIMIT` when the buffers would not fit.
 */
export function parseHedgingSpec(json: unknown): HedgingSpec {
  const input = withNames(json);
  const parsed = hedgingSpecSchema.safeParse(input);
  if (!parsed.success)
    fail(
      'KFAC_SPEC',
      parsed.error.issues.flatMap((issue) => flatten(issue, [], input)),
    );
  const { liability, optimizer, ...rest } = parsed.data;
  if (optimizer.name === 'adam' && optimizer.schedule === 'cosine' && rest.stop.steps === undefined) {
    fail('KFAC_SPEC', [
      { pointer: '/optimizer/schedule', detail: 'a cosine schedule ends at stop.steps, which is missing' },
    ]);
  }
  const spec: HedgingSpec = {
    ...rest,
    stop: withoutUndefined(rest.stop),
    liability: { ...liability, strike: liability.strike ?? rest.market.spot },
    optimizer:
      optimizer.name === 'adam'
        ? { ...optimizer, schedule: optimizer.schedule ?? (rest.stop.steps === undefined ? 'constant' : 'cosine') }
        : optimizer,
  };
  const bytes = trainingBytes(spec);
  if (bytes > BYTES_LIMIT) {
    const detail = `batch × horizon.steps × policy.hidden needs ${gibibytes(bytes)} of memory, the limit is ${gibibytes(BYTES_LIMIT)}`;
    fail('KFAC_LIMIT', [{ pointer: '/batch', detail }]);
  }
  return spec;
}

function fail(code: 'KFAC_SPEC' | 'KFAC_LIMIT', issues: Issue[]): never {
  const lines = issues.map(({ pointer, detail }) => `${pointer === '' ? 'the problem' : pointer}: ${detail}`);
  throw new KfacError(code, `not a hedging problem: ${lines.join('; ')}`, { issues });
}

/** Sections that are given without their name take the default one. */
function withNames(json: unknown): unknown {
  if (!isRecord(json)) return json;
  const named = (value: unknown, key: string, name: string): unknown =>
    isRecord(value) && !(key in value) ? { [key]: name, ...value } : value;
  return {
    ...json,
    ...('risk' in json && { risk: named(json['risk'], 'measure', 'entropic') }),
    ...('optimizer' in json && { optimizer: named(json['optimizer'], 'name', 'kfac') }),
  };
}

/** One zod issue as our issues: unknown keys one by one, a union by its best matching branch. */
function flatten(issue: z.core.$ZodIssue, prefix: Path, input: unknown): Issue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerOf([...path, key]), detail: issue.message }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0 && isRecord(valueAt(input, path))) {
    const best = issue.errors.reduce((a, b) => (b.length < a.length ? b : a));
    return best.flatMap((inner) => flatten(inner, path, input));
  }
  const value = valueAt(input, path);
  const expected = issue.message.replace(/^Invalid input: /, '').replace(/, received .*$/, '');
  const detail = value === undefined ? `required field is missing (${expected})` : `${expected}, got ${preview(value)}`;
  return [{ pointer: pointerOf(path), detail }];
}

function withoutUndefined({ steps, seconds, loss }: z.output<typeof hedgingSpecSchema>['stop']): HedgingSpec['stop'] {
  return {
    ...(steps !== undefined && { steps }),
    ...(seconds !== undefined && { seconds }),
    ...(loss !== undefined && { loss }),
  };
}

function pointerOf(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[key as string] : undefined), input);
}

function preview(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
