import { describe, expect, test } from 'vitest';
import type { Embedding, JetShape, Jets } from '../engine.ts';
import { matrix } from '../matrix.ts';
import { candidates } from './engines.test.helper.ts';

const engines = candidates().map(({ name, engine }) => [name, engine.jets] as const);

/** Channels [S × N] at points [N × 2]. */
function channelsAt(
  jets: Jets,
  shape: JetShape,
  theta: Float64Array,
  points: readonly (readonly number[])[],
): number[][] {
  const { directions, second } = shape;
  const channels = 1 + directions.length / 2 + (2 * second.length) / directions.length;
  const columns = matrix(2 + channels, points.length);
  points.forEach((point, n) => point.forEach((x, axis) => (columns.data[axis * points.length + n] = x)));
  jets.forward(shape, theta, columns, null);
  return points.map((_, n) => Array.from({ length: channels }, (_c, s) => columns.data[(2 + s) * points.length + n]!));
}

describe.each(engines)('embeddings, %s', (_name, jets) => {
  // Channels value, ∂x, ∂y, Laplacian.
  const axes = { directions: Float64Array.of(1, 0, 0, 1), second: Float64Array.of(1, 1), dtype: 'f64' } as const;

  test('a linear network of waves in closed form: value, gradient, Laplacian', () => {
    const frequencies = Float64Array.of(1.5, -2, 0.25, 3);
    const embedding: Embedding = { coordinates: 2, kept: [1], frequencies };
    const shape: JetShape = { ...axes, sizes: [5, 1], activation: 'tanh', embedding };
    const [w, a, b, c, d, bias] = [0.7, 1.1, -0.4, 0.9, 2, 0.3];
    const points = [
      [0.1, 0.2],
      [-3, 5],
      [40, -7],
    ] as const;
    const got = channelsAt(jets, shape, Float64Array.of(w, a, b, c, d, bias), points);
    points.forEach(([x, y], n) => {
      const want = [w * y + bias, 0, w, 0];
      for (const [k, [cosine, sine]] of (
        [
          [a, c],
          [b, d],
        ] as const
      ).entries()) {
        const [fx, fy] = [frequencies[2 * k]!, frequencies[2 * k + 1]!];
        const phase = fx * x + fy * y;
        const value = cosine * Math.cos(phase) + sine * Math.sin(phase);
        const slope = sine * Math.cos(phase) - cosine * Math.sin(phase);
        [value, fx * slope, fy * slope, -(fx ** 2 + fy ** 2) * value].forEach((term, s) => (want[s]! += term));
      }
      want.forEach((value, s) => expect(Math.abs(got[n]![s]! - value)).toBeLessThan(1e-13));
    });
  });

  test('period 3 in the first coordinate: every channel comes back', () => {
    const turn = (2 * Math.PI) / 3;
    const embedding: Embedding = { coordinates: 2, kept: [1], frequencies: Float64Array.of(turn, 0, 2 * turn, 0) };
    const shape: JetShape = { ...axes, sizes: [5, 9, 9, 1], activation: 'gelu', embedding };
    const theta = Float64Array.from({ length: 6 * 9 + 10 * 9 + 10 }, (_, k) => Math.sin(1 + k * k));
    const [here, there, elsewhere] = channelsAt(jets, shape, theta, [
      [0.4, 0.9],
      [3.4, 0.9],
      [1.4, 0.9],
    ]);
    here!.forEach((value, s) => expect(Math.abs(there![s]! - value)).toBeLessThan(1e-12 * (1 + Math.abs(value))));
    expect(Math.abs(elsewhere![0]! - here![0]!)).toBeGreaterThan(1e-3);
  });

  test('misfits are refused', () => {
    const forward = (change: Partial<Embedding>) => () => {
      const embedding: Embedding = { coordinates: 2, kept: [0], frequencies: Float64Array.of(1, 2), ...change };
      const shape: JetShape = { ...axes, sizes: [3, 4, 1], activation: 'tanh', embedding };
      channelsAt(jets, shape, new Float64Array(21), [[0, 0]]);
    };
    expect(forward({})).not.toThrow();
    for (const change of [
      { kept: [] },
      { kept: [2] },
      { kept: [0.5] },
      { frequencies: Float64Array.of(1, 2, 3) },
      { frequencies: Float64Array.of(1, 2, 3, 4) },
      { coordinates: 3 },
      { coordinates: 0 },
    ])
      expect(forward(change)).toThrow(expect.objectContaining({ code: 'KFAC_SHAPE' }));
  });
});
