import { defaultEngine, jetChannels, matrix } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from '../check.ts';
import { compileProblem } from '../problem.ts';
import { catalogue } from './catalogue.ts';

test('the catalogue', () => {
  expect(catalogue.map(({ name }) => name)).toEqual([
    'P2',
    'P5',
    'H1',
    'Burgers-0.01/pi',
    'Burgers-0.01',
    'Oscillator',
    'Waves',
    'Kovasznay',
    'Disk',
    'L-shape',
    'Annulus',
    'BH',
    'KdV-2',
    'Beam',
  ]);
  expect(catalogue.map(({ spec }) => checkPinn(spec).parameters)).toEqual([
    257, 449, 257, 921, 921, 130, 322, 387, 129, 129, 337, 257, 1981, 257,
  ]);
});

describe.each(catalogue.map((entry) => [entry.name, entry] as const))('%s', (_, { spec }) => {
  test('its exact solution satisfies equation and conditions', () => {
    expect(checkPinn(spec).warnings).toEqual([]);
  });

  test('oracle pinn §8.14: the exact solution through jets has |e| < 1e-9, scaled', () => {
    const { equations, exact, box } = compileProblem(spec);
    const d = box.names.length;
    const points = 50;
    for (const { compiled } of equations) {
      const { plan, linearized } = compiled;
      const rows = exact!.length * plan.channels;
      const columns = matrix(d + rows, points);
      let scale = 0;
      for (let n = 0; n < points; n++) {
        const point = box.names.map(
          (__, axis) =>
            box.lower[axis]! + (box.upper[axis]! - box.lower[axis]!) * ((0.137 + 0.618 * n * (axis + 1)) % 1),
        );
        const channels = exact!.flatMap((solution) => {
          const derivative = (...axes: number[]): number =>
            solution.derivative(
              point,
              point.map((__, axis) => axes.filter((a) => a === axis).length),
            );
          const along = (v: Float64Array, order: number, ...axes: number[]): number =>
            order === 0
              ? derivative(...axes)
              : v.reduce((sum, value, axis) => sum + (value && value * along(v, order - 1, axis, ...axes)), 0);
          const values = [
            derivative(),
            ...jetChannels(plan, d).map(({ order, terms }) =>
              terms.reduce(
                (sum, [r, weight]) => sum + weight * along(plan.directions.subarray(r * d, (r + 1) * d), order),
                0,
              ),
            ),
          ];
          return values;
        });
        [...point, ...channels].forEach((value, row) => (columns.data[row * points + n] = value));
        scale = Math.max(scale, ...channels.map(Math.abs));
      }
      const out = matrix(1 + rows, points);
      defaultEngine().programs.evaluate(linearized, columns, out);
      expect(Math.max(...out.data.subarray(0, points).map(Math.abs))).toBeLessThan(1e-9 * scale);
    }
  });
});
