import { expect, test } from 'vitest';
import type { RunSummary } from '../api/types.ts';
import { select } from './runs-query.ts';
import type { RunsView } from './runs-query.ts';

const run = (id: string, change: Partial<RunSummary>): RunSummary => ({
  id,
  kind: 'pinn',
  name: id,
  status: 'succeeded',
  createdAt: `2026-01-0${id}T00:00:00Z`,
  startedAt: null,
  endedAt: null,
  attempt: 1,
  step: 10,
  totalSteps: 100,
  seconds: 1,
  stopReason: null,
  loss: 1,
  engine: null,
  ...change,
});

const runs = [
  run('1', { name: 'Burgers', loss: 1e-9 }),
  run('2', { name: 'HEDGE-1', kind: 'hedging', status: 'running', loss: 0.3 }),
  run('3', { name: 'burgers wide', loss: null, status: 'failed' }),
];
const view: RunsView = { text: '', kind: 'all', status: 'all', sort: 'createdAt', descending: true };
const ids = (change: Partial<RunsView>): string =>
  select(runs, { ...view, ...change })
    .map((item) => item.id)
    .join('');

test('filters by words, kind and state', () => {
  expect(ids({ text: 'BURG' })).toBe('31');
  expect(ids({ kind: 'hedging' })).toBe('2');
  expect(ids({ status: 'active' })).toBe('2');
  expect(ids({ status: 'failed' })).toBe('3');
});

test('sorts both ways; a run without a loss comes last', () => {
  expect(ids({})).toBe('321');
  expect(ids({ sort: 'loss', descending: false })).toBe('123');
  expect(ids({ sort: 'name', descending: false })).toBe('132');
});
