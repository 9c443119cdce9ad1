import { KfacError, type PhiloxStream } from '@kfac/core';
import { SAMPLERS, type SamplingMethod } from './methods.ts';

/** Most numbers of one sample, refused points among them: half a GiB. */
export const MOST_CANDIDATES = 2 ** 26;

/** Candidates that are tried first for a sample of which a share is accepted. */
export function candidatesFor(count: number, share: number): number {
  return share === 1 ? count : Math.ceil((1.05 * count) / share) + 64;
}

/**
 * Points of the unit cube until `count` are accepted: which ones, by index. A sequence is gone on with and its first
 * points are taken; so are those of a Latin hypercube of more points. Of a grid, whose order is not random, as many are
 * taken at equal distances. A pure function of the stream that `open` starts anew. Throws `KFAC_LIMIT` when too many are
 * refused.
 */
export function acceptedUnits(
  method: SamplingMethod,
  open: () => PhiloxStream,
  count: number,
  dimensions: number,
  share: number,
  accepts: (unit: Float64Array) => boolean,
): { units: Float64Array; accepted: readonly number[] } {
  const most = method === 'grid' ? Infinity : count;
  for (let candidates = candidatesFor(count, share); ; candidates *= 2) {
    if (candidates * dimensions > MOST_CANDIDATES)
      throw new KfacError('KFAC_LIMIT', `${count} points of a shape take more than ${MOST_CANDIDATES} random numbers`);
    const units = new Float64Array(candidates * dimensions);
    SAMPLERS[method](candidates, dimensions, open(), units);
    const accepted: number[] = [];
    for (let n = 0; n < candidates && accepted.length < most; n++)
      if (accepts(units.subarray(n * dimensions, (n + 1) * dimensions))) accepted.push(n);
    if (accepted.length < count) continue;
    const taken = Array.from({ length: count }, (_, k) => accepted[Math.floor((k * accepted.length) / count)]!);
    return { units, accepted: taken };
  }
}
