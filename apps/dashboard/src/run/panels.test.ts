import { expect, test } from 'vitest';
import { panelsOf } from './panels.ts';

test('only panels with series are shown, and no metric is lost', () => {
  const keys = [
    'loss',
    'pinn/rmse',
    'pinn/rel_l2/u',
    'pinn/weight/interior',
    'pinn/stage',
    'opt/damping',
    'kfac/head/cond_a',
  ];
  const panels = panelsOf('pinn', keys);
  expect(panels.map((panel) => panel.title)).toEqual([
    'Loss',
    'Error against the exact solution',
    'Weights of the loss',
    'Stage of the curriculum',
    'Damping λ',
    'kfac/head/cond_a',
  ]);
  expect(panels.flatMap((panel) => panel.series.map((item) => item.key)).toSorted()).toEqual(keys.toSorted());
  expect(panels[1]?.series[1]?.label).toBe('relative L2 u');
});

test('unknown parameters share a chart, their errors another', () => {
  const keys = ['pinn/parameter/a', 'pinn/parameter/nu', 'pinn/parameter_error/a'];
  const panels = panelsOf('pinn', keys);
  expect(panels.map(({ title }) => title)).toEqual(['Unknown parameters', 'Relative error of the parameters']);
  expect(panels.map(({ series }) => series.map(({ label }) => label))).toEqual([
    ['value of a', 'value of nu'],
    ['error of a'],
  ]);
});
