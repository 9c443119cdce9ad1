import { defaultEngine, matrix } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from '../check.ts';
import { bindParameters } from '../equation/lower.ts';
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
    'Diffusivity',
    'Conductivity',
    'String-3',
  ]);
  expect(catalogue.map(({ spec }) => checkPinn(spec).parameters)).toEqual([
    257, 449, 257, 921, 921, 130, 322, 387, 130, 98, 62,
  ]);
});

describe.each(catalogue.map((entry) => [entry.name, entry] as const))('%s', (_, { spec }) => {
  test('its exact solution satisfies equation and conditions', () => {
    expect(checkPinn(spec).warnings).toEqual([]);
  });

  test('oracle pinn §8.14: the exact solution through jets has |e| < 1e-9, scaled', () => {
    const { equations, exact, box, scalars } = compileProblem(spec);
    const known = Float64Array.from(scalars.specs, (scalar) => scalar.exact!);
    const d = box.names.length;
    const points = 50;
    for (const { compiled } of equations) {
      const { plan, linearized } = compiled;
      const count = plan.directions.length / d;
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
          const values = Array.from({ length: plan.channels }, () => 0);
          values[0] = derivative();
          for (let r = 0; r < count; r++) {
            const axis = plan.directions.subarray(r * d, (r + 1) * d).indexOf(1);
            values[1 + r] = derivative(axis);
            for (const [q, channel] of plan.secondChannels.entries()) {
              if (plan.second[q * count + r] !== 0)
                values[channel]! += plan.second[q * count + r]! * derivative(axis, axis);
            }
          }
          return values;
        });
        [...point, ...channels].forEach((value, row) => (columns.data[row * points + n] = value));
        scale = Math.max(scale, ...channels.map(Math.abs));
      }
      const out = matrix(1 + rows + known.length, points);
      defaultEngine().programs.evaluate(bindParameters(linearized, known), columns, out);
      expect(Math.max(...out.data.subarray(0, points).map(Math.abs))).toBeLessThan(1e-9 * scale);
    }
  });
});
