import { defaultEngine, jetChannels, matrix } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from '../check.ts';
import { bindParameters } from '../equation/lower.ts';
import { compileProblem } from '../problem.ts';
import { catalogue } from './catalogue.ts';

/** Name and parameters of every problem. */
const PARAMETERS: Readonly<Record<string, number>> = {
  P2: 257,
  P5: 449,
  'P5-product': 210,
  P10: 769,
  P100: 21_249,
  Laplace: 129,
  Helmholtz: 385,
  Liouville: 193,
  Disk: 129,
  'L-shape': 129,
  Annulus: 337,
  Inclusion: 354,
  BH: 257,
  Beam: 257,
  H1: 257,
  H4: 449,
  FP9: 769,
  'Burgers-0.01/pi': 921,
  'Burgers-0.01': 921,
  'Allen-Cahn': 981,
  Fisher: 129,
  Waves: 322,
  Convection: 521,
  'Klein-Gordon': 193,
  Schroedinger: 322,
  'KdV-2': 501,
  KdV: 981,
  Kovasznay: 387,
  'Taylor-Green': 435,
  Oscillator: 130,
  Oscillators: 256,
  'Lane-Emden': 73,
  'Boundary-layer': 97,
  'Black-Scholes': 129,
  Heston: 241,
  Diffusivity: 130,
  Conductivity: 98,
  Rod: 368,
  'String-3': 62,
  INV: 923,
};

/** Conditions that the exact solution meets only in the limit of an infinite domain. */
const TRUNCATED: Readonly<Record<string, readonly RegExp[]>> = {
  Heston: [/the condition "V_S = 1" on S = 8/],
};

test('the catalogue', () => {
  expect(Object.fromEntries(catalogue.map(({ name, spec }) => [name, compileProblem(spec).layout.size]))).toEqual(
    PARAMETERS,
  );
});

describe.each(catalogue.map((entry) => [entry.name, entry] as const))('%s', (name, { spec }) => {
  test('its exact solution satisfies equation and conditions', () => {
    const expected = TRUNCATED[name] ?? [];
    expect(checkPinn(spec).warnings).toEqual(expected.map((message) => expect.stringMatching(message)));
  });

  test('oracle pinn §8.14: the exact solution through jets has |e| < 1e-9, scaled', () => {
    const { equations, exact, box, scalars, networks } = compileProblem(spec);
    const known = Float64Array.from(scalars.specs, (scalar) => scalar.exact!);
    const d = box.names.length;
    const points = 50;
    for (const { compiled } of equations) {
      const { plans, rows, linearized } = compiled;
      const columns = matrix(d + rows, points);
      let scale = 0;
      for (let n = 0; n < points; n++) {
        const point = box.names.map(
          (__, axis) =>
            box.lower[axis]! + (box.upper[axis]! - box.lower[axis]!) * ((0.137 + 0.618 * n * (axis + 1)) % 1),
        );
        const outputs = networks.all.flatMap(({ unknowns, axes }, k) => {
          const plan = plans[k];
          return plan ? unknowns.map((unknown) => ({ solution: exact![unknown]!, axes, plan })) : [];
        });
        const channels = outputs.flatMap(({ solution, axes: own, plan }) => {
          const derivative = (...axes: number[]): number =>
            solution.derivative(
              point,
              point.map((__, axis) => axes.filter((a) => a === axis).length),
            );
          const along = (v: Float64Array, order: number, ...axes: number[]): number =>
            order === 0
              ? derivative(...axes)
              : v.reduce((sum, value, k) => sum + (value && value * along(v, order - 1, own[k]!, ...axes)), 0);
          const values = [
            derivative(),
            ...jetChannels(plan, own.length).map(({ order, terms }) =>
              terms.reduce(
                (sum, [r, weight]) =>
                  sum + weight * along(plan.directions.subarray(r * own.length, (r + 1) * own.length), order),
                0,
              ),
            ),
          ];
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
