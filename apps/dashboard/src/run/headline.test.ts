import { expect, test } from 'vitest';
import type { Run } from '../api/types.ts';
import { headline } from './headline.ts';
import { SeriesStore } from './series.ts';

const run: Run = {
  id: '1',
  kind: 'pinn',
  name: 'P2',
  status: 'running',
  createdAt: '2026-01-01T00:00:00Z',
  startedAt: null,
  endedAt: null,
  attempt: 1,
  step: 1,
  totalSteps: 10,
  seconds: 1,
  stopReason: null,
  loss: 2,
  engine: null,
  spec: {},
  result: null,
  error: null,
};

test('the latest metrics until there is a report, then the report', () => {
  const series = new SeriesStore();
  expect(headline(run, series)).toEqual([{ label: 'Loss', value: '2' }]);
  series.addEvent({ points: [{ step: 3, seconds: 1, metrics: { loss: 1e-3, 'pinn/rmse': 0.5 } }] });
  expect(headline(run, series)).toEqual([
    { label: 'Loss', value: '0.001' },
    { label: 'RMSE', value: '0.5' },
  ]);
  const ended = headline({ ...run, result: { rmse: { u: 1.2e-7, v: 1e-9 }, relativeL2: { u: 2e-7 } } }, series);
  expect(ended.slice(1)).toEqual([
    { label: 'RMSE', value: '1.2e-7' },
    { label: 'Relative L2', value: '2e-7' },
  ]);
});

test('of several unknowns the largest error stands, before and after the end', () => {
  const series = new SeriesStore();
  series.addEvent({
    points: [{ step: 3, seconds: 1, metrics: { loss: 1e-3, 'pinn/rmse/u': 0.5, 'pinn/rmse/v': 0.7 } }],
  });
  expect(headline(run, series)[1]).toEqual({ label: 'RMSE', value: '0.7' });
});

test('a hedge reports its policy', () => {
  const result = { policy: { entropic: 0.2812, pnlVariance: 0.25, cvar95: 1.2, meanCost: 0.15 } };
  expect(headline({ ...run, kind: 'hedging', result }, new SeriesStore()).map((tile) => tile.value)).toEqual([
    '0.281',
    '0.5',
    '1.2',
    '0.15',
  ]);
});
