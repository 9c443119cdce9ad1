import { expect, test } from 'vitest';
import { SeriesStore } from './series.ts';
import { errorCurves, levelTable, levelsOf, measureOf, rowTable, rowsOf } from './study.ts';

const metrics = (level: number, seed: number, error: number, median: number, rate?: number) => ({
  loss: error ** 2,
  'study/level': level,
  'study/seed': seed,
  'study/parameters': 25,
  'study/steps': 40,
  'study/seconds': 0.5,
  'study/residual': 2 * error,
  'study/rmse': 3 * error,
  'study/rel_l2': error,
  'study/median': median,
  ...(rate === undefined ? {} : { 'study/rate': rate }),
});

const arrived = (...rows: ReturnType<typeof metrics>[]): SeriesStore => {
  const series = new SeriesStore();
  series.addEvent({ points: rows.map((one, k) => ({ step: k + 1, seconds: k, metrics: one })) });
  return series;
};

const four = arrived(
  metrics(100, 1, 0.1, 0.1),
  metrics(100, 2, 0.3, 0.2),
  metrics(200, 1, 0.05, 0.05, 2),
  metrics(200, 2, 0.05, 0.05, 2),
);

test('rows and levels are what the points say, as they arrive', () => {
  const rows = rowsOf(four);
  expect(rows.map(({ level, seed, relativeL2 }) => [level, seed, relativeL2])).toEqual([
    [100, 1, 0.1],
    [100, 2, 0.3],
    [200, 1, 0.05],
    [200, 2, 0.05],
  ]);
  expect(levelsOf(rows)).toEqual([
    { level: 100, parameters: 25, runs: 2, median: 0.2, rate: NaN },
    { level: 200, parameters: 25, runs: 2, median: 0.05, rate: 2 },
  ]);
  four.rewind(3);
  expect(levelsOf(rowsOf(four)).map(({ runs }) => runs)).toEqual([2, 1]);
});

test('the curve is of the medians, the points are of the seeds', () => {
  const [median, seeds] = errorCurves(rowsOf(arrived(metrics(100, 1, 0.1, 0.1), metrics(100, 2, 0.3, 0.2))));
  expect(median!.points).toEqual([{ x: 100, y: 0.2 }]);
  expect(seeds).toMatchObject({
    marks: true,
    points: [
      { x: 100, y: 0.1 },
      { x: 100, y: 0.3 },
    ],
  });
});

test('without an exact solution the residual is what is shown', () => {
  const { 'study/rel_l2': _l2, 'study/rmse': _rmse, ...open } = metrics(8, 1, 0.1, 0.2);
  const rows = rowsOf(arrived(open as ReturnType<typeof metrics>));
  expect(measureOf(rows)).toBe('residual');
  expect(errorCurves(rows)[1]!.points).toEqual([{ x: 8, y: 0.2 }]);
  expect(levelTable(rows, 'width').head).toContain('Residual, median');
  const result = { rows: [{ status: 'finished', stopReason: 'steps' }] };
  expect(rowTable(rows, 'width', null).rows[0]!.at(-1)).toBe('–');
  expect(rowTable(rows, 'width', result).rows[0]!.at(-1)).toBe('steps');
});
