import type { ConditionPlace } from '../geometry/place.ts';

/**
 * Splits a total over places by measure: a place that is a point gets one, every other at least one, and the rest goes
 * by largest remainder. The sum is the total unless there are more places than points.
 */
export function allocatePoints(
  total: number,
  places: readonly Pick<ConditionPlace, 'measure' | 'isPoint'>[],
): number[] {
  const counts = places.map(() => 1);
  const extended = places.flatMap((place, k) => (place.isPoint ? [] : [k]));
  const measure = extended.reduce((sum, k) => sum + places[k]!.measure, 0);
  const available = total - (places.length - extended.length);
  if (extended.length === 0 || available <= extended.length) return counts;
  const shares = new Map(extended.map((k) => [k, (available * places[k]!.measure) / measure]));
  for (const [k, share] of shares) counts[k] = Math.max(1, Math.floor(share));
  let left = available - extended.reduce((sum, k) => sum + counts[k]!, 0);
  const byRemainder = extended.toSorted((i, j) => shares.get(j)! - counts[j]! - (shares.get(i)! - counts[i]!) || i - j);
  for (let turn = 0; left > 0; turn++, left--) counts[byRemainder[turn % byRemainder.length]!]!++;
  for (; left < 0; left++) counts[counts.indexOf(Math.max(...counts))]!--;
  return counts;
}
