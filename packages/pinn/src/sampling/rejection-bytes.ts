import { specError } from '@kfac/core';
import type { ConditionGroup } from '../conditions.ts';
import { evaluationPoints } from '../evaluation.ts';
import type { Box } from '../geometry/box.ts';
import type { ConditionPlace } from '../geometry/place.ts';
import type { Chart } from '../geometry/shape.ts';
import type { Subdomain } from '../regions/subdomain.ts';
import { MOST_CANDIDATES, candidatesFor } from './rejection.ts';

/**
 * Bytes of the largest sample of a geometry, a region or what is left of a place, refused points among them; 0 without any.
 * `parts` are those of the domain that are sampled, null being the whole. Throws `KFAC_LIMIT` with the numbers where a shape or
 * a part takes up so little of what is sampled that no sample can be drawn.
 */
export function rejectionBytes(
  box: Box,
  parts: readonly (Subdomain | null)[],
  interior: number,
  groups: readonly ConditionGroup[],
): number {
  const { geometry } = box;
  const places = groups.flatMap(({ slots }) => slots);
  const samples = [
    ...[...new Set(parts)].flatMap((part) => {
      const chart = (part ?? geometry)?.interior;
      const shape = part ? `"${part.label}"` : 'the shape';
      const count = evaluationPoints(interior);
      return chart ? [{ shape, what: 'its bounding box', pointer: '/sampling/interior', count, chart }] : [];
    }),
    ...places.flatMap(({ place, count }) => {
      const chart = chartOf(place) ?? geometry?.interior;
      const what = 'part' in place ? `the untrimmed "${place.part.name}"` : 'its bounding box';
      return chart ? [{ shape: 'the shape', what, pointer: '/sampling/conditions', count, chart }] : [];
    }),
  ];
  const sizes = samples.map(({ shape, what, pointer, count, chart }) => {
    const numbers = candidatesFor(count, chart.share) * box.names.length;
    if (numbers > MOST_CANDIDATES) {
      const detail = `${shape} takes up ${(100 * chart.share).toPrecision(2)} % of ${what}: ${count} points there take ${numbers} random numbers, at most ${MOST_CANDIDATES} are allowed`;
      throw specError([{ code: 'KFAC_LIMIT', pointer, detail }]);
    }
    return numbers;
  });
  return 8 * Math.max(0, ...sizes);
}

function chartOf(place: ConditionPlace): Chart | undefined {
  return 'part' in place ? place.part : place.within?.chart;
}
