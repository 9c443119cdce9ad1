import { specError } from '@kfac/core';
import type { ConditionGroup } from '../conditions.ts';
import { evaluationPoints } from '../evaluation.ts';
import type { Box } from '../geometry/box.ts';
import { MOST_CANDIDATES, candidatesFor } from './rejection.ts';

/**
 * Bytes of the largest sample of a geometry, refused points among them; 0 without a geometry. Throws `KFAC_LIMIT` with
 * the numbers where a shape or a part takes up so little of what is sampled that no sample can be drawn.
 */
export function rejectionBytes(box: Box, interior: number, groups: readonly ConditionGroup[]): number {
  const { geometry } = box;
  if (!geometry) return 0;
  const samples = [
    {
      what: 'its bounding box',
      pointer: '/sampling/interior',
      count: evaluationPoints(interior),
      chart: geometry.interior,
    },
    ...groups.flatMap(({ slots }) =>
      slots.map(({ place, count }) => ({
        what: 'part' in place ? `the untrimmed "${place.part.name}"` : 'its bounding box',
        pointer: '/sampling/conditions',
        count,
        chart: 'part' in place ? place.part : geometry.interior,
      })),
    ),
  ];
  const sizes = samples.map(({ what, pointer, count, chart }) => {
    const numbers = candidatesFor(count, chart.share) * box.names.length;
    if (numbers > MOST_CANDIDATES) {
      const detail = `the shape takes up ${(100 * chart.share).toPrecision(2)} % of ${what}: ${count} points there take ${numbers} random numbers, at most ${MOST_CANDIDATES} are allowed`;
      throw specError([{ code: 'KFAC_LIMIT', pointer, detail }]);
    }
    return numbers;
  });
  return 8 * Math.max(...sizes);
}
