import { describe, expect, test } from 'vitest';
import type { Captured, Dtype, Matrix, RealArray } from '../engine.ts';
import { matrix } from '../matrix.ts';
import { clone, codeOf, expectClose, expectSame, numbers, randomMatrix } from './dense.test.helper.ts';
import { candidates } from './engines.test.helper.ts';

const TOLERANCE: Record<Dtype, number> = { f64: 1e-13, f32: 2e-5 };
/** Examples, inputs, outputs, uses. */
const SHAPES: [number, number, number, number][] = [
  [0, 3, 2, 1],
  [1, 1, 1, 1],
  [5, 0, 3, 2],
  [7, 3, 5, 2],
  [40, 3, 64, 5],
  [33, 65, 1, 5],
  [50, 17, 13, 3],
  [300, 33, 40, 4],
  [1100, 9, 6, 1],
  [3, 150, 160, 2],
];

/** J_i by its definition, one row per example. */
function jacobians(z: Matrix, g: Matrix, uses: number): Matrix {
  const size = z.cols * g.cols;
  const out = matrix(z.rows / uses, size);
  for (let row = 0; row < z.rows; row++) {
    for (let a = 0; a < z.cols; a++) {
      for (let b = 0; b < g.cols; b++) {
        out.data[Math.floor(row / uses) * size + a * g.cols + b]! +=
          z.data[row * z.cols + a]! * g.data[row * g.cols + b]!;
      }
    }
  }
  return out;
}

const vector = (n: number, seed: number): Float64Array => Float64Array.from({ length: n }, numbers(seed));

describe.each(candidates())('captured on $name', ({ engine, withThreads }) => {
  const { captured } = engine;

  test.each(['f64', 'f32'] as const)('%s: gradient, jvp and jacobian are those of the explicit J', (dtype) => {
    for (const [examples, inputs, outputs, uses] of SHAPES) {
      const z = randomMatrix(examples * uses, inputs, 1, dtype);
      const g = randomMatrix(examples * uses, outputs, 2, dtype);
      const size = inputs * outputs;
      const j = jacobians(z, g, uses);
      const weights = vector(examples, 3);

      const gradient = vector(size, 4);
      const wanted = gradient.map((x, p) => weights.reduce((sum, w, i) => sum + w * j.data[i * size + p]!, x));
      captured.gradient(z, g, uses, weights, gradient);
      expectClose(gradient, wanted, TOLERANCE[dtype]);

      const directions = [vector(size, 5), vector(size, 6)];
      const products = vector(2 * examples, 7);
      const expected = products.map((x, at) => {
        const [k, i] = [Math.floor(at / examples), at % examples];
        return directions[k]!.reduce((sum, v, p) => sum + v * j.data[i * size + p]!, x);
      });
      captured.jvp(z, g, uses, directions, products);
      expectClose(products, expected, TOLERANCE[dtype]);

      const out = randomMatrix(examples + 3, size + 5, 8);
      const full = clone(out);
      for (let i = 0; i < examples; i++) {
        for (let p = 0; p < size; p++) full.data[(i + 2) * out.cols + 4 + p] = weights[i]! * j.data[i * size + p]!;
      }
      captured.jacobian(z, g, uses, weights, out, 2, 4);
      expectClose(out.data, full.data, TOLERANCE[dtype]);
      const outside = (m: Matrix): RealArray =>
        m.data.filter((_, i) => {
          const [row, column] = [Math.floor(i / m.cols) - 2, (i % m.cols) - 4];
          return row < 0 || row >= examples || column < 0 || column >= size;
        });
      expectSame(outside(out), outside(full));
    }
  });

  test('a NaN reaches the examples that hold it and no others', () => {
    const [z, g] = [randomMatrix(60, 5, 1), randomMatrix(60, 11, 2)];
    z.data[5 * 7] = NaN;
    const out = new Float64Array(20);
    captured.jvp(z, g, 3, [vector(55, 3)], out);
    out.forEach((x, i) => expect(Number.isNaN(x)).toBe(i === 2));
  });

  test('wrong shapes, dtypes and overlaps are refused', () => {
    const [z, g] = [randomMatrix(6, 3, 1), randomMatrix(6, 2, 2)];
    const w = new Float64Array(3);
    const out = new Float64Array(6);
    expect(codeOf(() => captured.gradient(z, g, 4, w, out))).toBe('KFAC_SHAPE');
    expect(codeOf(() => captured.gradient(z, randomMatrix(5, 2, 1), 2, w, out))).toBe('KFAC_SHAPE');
    expect(codeOf(() => captured.gradient(z, randomMatrix(6, 2, 1, 'f32'), 2, w, out))).toBe('KFAC_DTYPE');
    expect(codeOf(() => captured.gradient(z, g, 2, new Float64Array(2), out))).toBe('KFAC_SHAPE');
    expect(codeOf(() => captured.gradient(z, g, 2, w, z.data.subarray(0, 6) as Float64Array))).toBe('KFAC_ALIAS');
    expect(codeOf(() => captured.jvp(z, g, 2, [new Float64Array(5)], w))).toBe('KFAC_SHAPE');
    expect(codeOf(() => captured.jvp(z, g, 2, [out, out], w))).toBe('KFAC_SHAPE');
    expect(codeOf(() => captured.jacobian(z, g, 2, w, matrix(3, 6), 1, 0))).toBe('KFAC_SHAPE');
    expect(codeOf(() => captured.jacobian(z, g, 2, w, matrix(3, 6), 0, 1))).toBe('KFAC_SHAPE');
    expect(codeOf(() => captured.jacobian(z, g, 2, w, matrix(3, 6, 'f32'), 0, 0))).toBe('KFAC_DTYPE');
  });

  test('oracle kfac §14.33: the same bits for any number of threads', () => {
    const run = (c: Captured): Float64Array[] => {
      const out: Float64Array[] = [];
      for (const dtype of ['f64', 'f32'] as const) {
        const [z, g] = [randomMatrix(6000, 21, 1, dtype), randomMatrix(6000, 30, 2, dtype)];
        const [gradient, products, j] = [new Float64Array(630), new Float64Array(1200), matrix(1200, 630)];
        c.gradient(z, g, 5, vector(1200, 3), gradient);
        c.jvp(z, g, 5, [vector(630, 4)], products);
        c.jacobian(z, g, 5, vector(1200, 3), j, 0, 0);
        out.push(gradient, products, j.data as Float64Array);
      }
      return out;
    };
    const first = run(withThreads(1).captured);
    for (const threads of [2, 4]) {
      run(withThreads(threads).captured).forEach((values, i) =>
        expect(values.every((x, k) => Object.is(x, first[i]![k]))).toBe(true),
      );
    }
  });
});
