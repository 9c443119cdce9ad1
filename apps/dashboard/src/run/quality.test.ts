import { expect, test } from 'vitest';
import { type Quality, misfitCurves, misfitRows, residualRows, spectrumCurves } from './quality.ts';

const side = (place: string, along: string | null, ...residual: number[]) => ({
  place,
  along,
  at: along === null ? [] : residual.map((_, k) => k),
  residual,
});
const quality: Quality = {
  residuals: { interior: { training: 1e-4, fresh: 3e-4 }, conditions: { training: 2e-5, fresh: null } },
  conditions: [
    {
      on: 'boundary',
      equation: 'u = 0',
      rms: 1e-5,
      max: 4e-5,
      profiles: [side('x = 0', 'y', 1, 2), side('y = 0', 'x', 3, 4)],
    },
    { on: 't = 0', equation: 'u_t = 0', rms: 0.5, max: 0.5, profiles: [side('t = 0', null, 0.5)] },
  ],
  spectrum: { terms: { interior: [2, 0.5] }, all: [3, 1] },
};

test('rows by term and by condition', () => {
  expect(residualRows(quality).rows).toEqual([
    ['interior', '1e-4', '3e-4', '3'],
    ['conditions', '2e-5', '–', '–'],
  ]);
  expect(misfitRows(quality).rows[1]).toEqual(['u_t = 0 on t = 0', '0.5', '0.5']);
});

test('the boundary in one card for each coordinate along it; points have no curve', () => {
  const cards = misfitCurves(quality);
  expect(cards.map(({ along }) => along)).toEqual(['y', 'x']);
  expect(cards[0]!.curves).toEqual([
    {
      label: 'u = 0 on x = 0',
      colour: 0,
      points: [
        { x: 0, y: 1 },
        { x: 1, y: 2 },
      ],
    },
  ]);
});

test('the spectrum: all rows first, then each term', () => {
  expect(spectrumCurves(quality).map(({ label, points }) => [label, ...points.map(({ y }) => y)])).toEqual([
    ['all', 3, 1],
    ['interior', 2, 0.5],
  ]);
  const { spectrum: _, ...without } = quality;
  expect(spectrumCurves(without)).toEqual([]);
});
