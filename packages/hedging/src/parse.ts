import { faultsOf, prototypeFaults, specError } from '@kfac/core';
import type { z } from 'zod';
import { trainingBytes } from './memory.ts';
import { hedgingSpecSchema } from './spec.ts';
import type { HedgingSpec } from './spec.ts';

/** Bytes that the buffers of one training may take. */
const BYTES_LIMIT = 4 * 2 ** 30;

/** Pointers of the fields whose upper bound is a limit on size rather than a question of meaning. */
const SIZES = /^\/(batch|horizon\/steps|policy\/hidden|evaluation\/paths|stop)(\/|$)/;

/**
 * The effective problem with every default filled, from untrusted JSON.
 * Throws `KFAC_SPEC` with one issue per fault, or `KFAC_LIMIT` when the buffers would not fit.
 */
export function parseHedgingSpec(json: unknown): HedgingSpec {
  const input = withNames(json);
  const parsed = hedgingSpecSchema.safeParse(input);
  const forbidden = prototypeFaults(json);
  if (!parsed.success || forbidden.length > 0)
    throw specError([...forbidden, ...faultsOf(parsed.error?.issues ?? [], input, SIZES)]);
  const { liability, optimizer, stop, market } = parsed.data;
  if (optimizer.name === 'adam' && optimizer.schedule === 'cosine' && stop.steps === undefined) {
    const detail = 'a cosine schedule ends at stop.steps, which is missing';
    throw specError([{ code: 'KFAC_SPEC', pointer: '/optimizer/schedule', detail }]);
  }
  const spec: HedgingSpec = {
    ...parsed.data,
    stop: withoutUndefined(stop),
    liability: { ...liability, strike: liability.strike ?? market.spot },
    optimizer:
      optimizer.name === 'adam'
        ? { ...optimizer, schedule: optimizer.schedule ?? (stop.steps === undefined ? 'constant' : 'cosine') }
        : optimizer,
  };
  const bytes = trainingBytes(spec);
  if (bytes > BYTES_LIMIT) {
    const detail = `batch × horizon.steps × policy.hidden needs ${gibibytes(bytes)} of memory, the limit is ${gibibytes(BYTES_LIMIT)}`;
    throw specError([{ code: 'KFAC_LIMIT', pointer: '/batch', detail }]);
  }
  return spec;
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

function withoutUndefined({ steps, seconds, loss }: z.output<typeof hedgingSpecSchema>['stop']): HedgingSpec['stop'] {
  return {
    ...(steps !== undefined && { steps }),
    ...(seconds !== undefined && { seconds }),
    ...(loss !== undefined && { loss }),
  };
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
