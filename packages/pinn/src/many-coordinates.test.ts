import { PhiloxStream } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { catalogue } from './problems/catalogue.ts';
import { parsePinnSpec } from './problem.ts';
import { SAMPLERS, SAMPLING_METHODS } from './sampling/methods.ts';
import { solve } from './solve.ts';

const DIMENSIONS = 100;

test.each(SAMPLING_METHODS)('%s in a hundred coordinates: strictly inside, spread along every one', (method) => {
  const count = 256;
  const out = new Float64Array(count * DIMENSIONS);
  const stream = new PhiloxStream(3, 3);
  SAMPLERS[method](count, DIMENSIONS, stream, out);
  expect(stream.position).toBeLessThanOrEqual(2 * count * DIMENSIONS + 2 ** 17);
  expect(out.every((x) => x > 0 && x < 1)).toBe(true);
  if (method === 'grid') return; // one slice along most coordinates
  for (let j = 0; j < DIMENSIONS; j++) {
    const column = Array.from({ length: count }, (_, n) => out[n * DIMENSIONS + j]!);
    // Five standard deviations of 256 independent points.
    expect(Math.abs(column.reduce((a, b) => a + b, 0) / count - 0.5)).toBeLessThan(0.09);
    expect(Math.max(...column) - Math.min(...column)).toBeGreaterThan(0.9);
  }
});

describe('P100', () => {
  const { spec } = catalogue.find(({ name }) => name === 'P100')!;

  test('the text rules reach its last coordinate', () => {
    const last = { ...spec, conditions: [{ on: 'x100 = 1', equation: 'u_x100 + u_x1x10 + u_x99x100 = x100' }] };
    expect(parsePinnSpec(last).conditions).toHaveLength(1);
  });

  test('trains, is evaluated and drawn: the loss falls, u and its Laplacian are those of the same network', async () => {
    const solution = await solve({
      ...spec,
      network: { hidden: [16] },
      sampling: { interior: 20, conditions: 200, method: 'sobol' },
      stop: { steps: 3 },
    });
    expect(solution.warnings).toEqual([]);
    const losses = solution.history.map((row) => row['loss']!);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    const point = Array.from({ length: DIMENSIONS }, (_, k) => ((k + 1) * 0.618) % 1);
    const axes = point.map((_, k) => `u_x${k + 1}x${k + 1}`);
    const values = solution.evaluate([point], ['laplacian(u)', ...axes]);
    const sum = axes.reduce((total, name) => total + values[name]![0]!, 0);
    expect(values['laplacian(u)']![0]).toBeCloseTo(sum, 10);
    expect(solution.fields(5).map(({ name, values: field }) => [name, field.length])).toEqual([
      ['u', 25],
      ['residual', 25],
      ['exact', 25],
      ['error', 25],
    ]);
  });
});
