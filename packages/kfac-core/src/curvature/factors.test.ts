import { describe, expect, test } from 'vitest';
import { denseCapturedLayer } from '../captured-layer.ts';
import type { Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import { PhiloxStream } from '../random.ts';
import { splitDamping } from './damping.ts';

const engine = selectEngine({ native: 'off' });

function random(rows: number, cols: number, stream: PhiloxStream): Matrix {
  const out = matrix(rows, cols);
  for (let i = 0; i < out.data.length; i++) out.data[i] = stream.normal();
  return out;
}

/** c·A ⊗ G and the exact block Σ ω vec(J)vec(J)ᵀ of a layer, both [in·out × in·out] row-stacked. */
function blocks(z: Matrix, g: Matrix, uses: number, weights: Float64Array): { kronecker: Matrix; exact: Matrix } {
  const layer = denseCapturedLayer(engine, 'w', z, g, uses);
  const [a, b] = [matrix(z.cols, z.cols), matrix(g.cols, g.cols)];
  layer.factors(weights, a, b);
  const size = z.cols * g.cols;
  const [kronecker, exact] = [matrix(size, size), matrix(size, size)];
  for (let r = 0; r < size; r++) {
    for (let c = 0; c < size; c++) {
      const [i, o, k, p] = [Math.floor(r / g.cols), r % g.cols, Math.floor(c / g.cols), c % g.cols];
      kronecker.data[r * size + c] = uses * a.data[i * a.cols + k]! * b.data[o * b.cols + p]!;
    }
  }
  layer.exactBlock(weights, exact);
  return { kronecker, exact };
}

function expectEqual(got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 1e-12): void {
  const scale = Math.max(1, ...Array.from(want, Math.abs));
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) expect(Math.abs(got[i]! - want[i]!)).toBeLessThan(tolerance * scale);
}

describe('Kronecker factors', () => {
  test.each([true, false])('oracle kfac §14.1: exact on a deep linear network, bias %s', (bias) => {
    const stream = new PhiloxStream(1, 1);
    const examples = 40;
    const x = random(examples, bias ? 4 : 3, stream);
    if (bias) for (let i = 0; i < examples; i++) x.data[i * 4 + 3] = 1;
    const [first, second] = [random(x.cols, 5, stream), random(5, 1, stream)];
    const hidden = matrix(examples, 5);
    engine.linalg.gemm(1, x, 'n', first, 'n', 0, hidden);
    // e = hidden·second: the gradient before the first layer is the same for every example.
    const atHidden = matrix(examples, 5);
    for (let i = 0; i < examples; i++) atHidden.data.set(second.data, i * 5);
    const atOutput = matrix(examples, 1);
    atOutput.data.fill(1);
    for (const weight of [1 / examples, 1]) {
      const weights = new Float64Array(examples).fill(weight);
      for (const [z, g] of [
        [x, atHidden],
        [hidden, atOutput],
      ] as const) {
        const { kronecker, exact } = blocks(z, g, 1, weights);
        expectEqual(kronecker.data, exact.data);
      }
    }
  });

  test('oracle kfac §14.2: expand is exact where positions are examples of their own, and is not otherwise', () => {
    const stream = new PhiloxStream(2, 1);
    const [examples, uses] = [30, 4];
    const z = random(examples * uses, 3, stream);
    const g = matrix(examples * uses, 2);
    for (let i = 0; i < examples * uses; i++) g.data.set([0.7, -1.1], i * 2);
    const weights = new Float64Array(examples).fill(1 / examples);
    // Every position with a loss of its own: as many examples, one use each; the factors are those of the expand form.
    const apart = blocks(z, g, 1, new Float64Array(examples * uses).fill(1 / examples));
    const expand = blocks(z, g, uses, weights);
    expectEqual(expand.kronecker.data, apart.exact.data);
    expect(Math.abs(expand.exact.data[0]! - expand.kronecker.data[0]!)).toBeGreaterThan(1e-3);
  });

  test('oracle kfac §14.3: exact for one example with one use', () => {
    const stream = new PhiloxStream(3, 1);
    const { kronecker, exact } = blocks(random(1, 4, stream), random(1, 3, stream), 1, Float64Array.of(0.3));
    expectEqual(kronecker.data, exact.data);
  });

  test('oracle kfac §14.7: duplicated, permuted, rescaled and masked batches', () => {
    const stream = new PhiloxStream(4, 1);
    const [examples, uses] = [12, 3];
    const [z, g] = [random(examples * uses, 4, stream), random(examples * uses, 2, stream)];
    const weights = Float64Array.from({ length: examples }, (_, i) => (0.5 + (i % 3)) / examples);
    const factors = (on: readonly number[], w: Float64Array): [number[], number[]] => {
      const pick = (m: Matrix): Matrix => {
        const out = matrix(on.length * uses, m.cols);
        on.forEach((i, k) => {
          const rows = m.data.subarray(i * uses * m.cols, (i + 1) * uses * m.cols);
          out.data.set(rows, k * uses * m.cols);
        });
        return out;
      };
      const [a, b] = [matrix(4, 4), matrix(2, 2)];
      denseCapturedLayer(engine, 'w', pick(z), pick(g), uses).factors(w, a, b);
      return [[...a.data], [...b.data]];
    };
    const all = Array.from({ length: examples }, (_, i) => i);
    const [a, b] = factors(all, weights);

    const halved = weights.map((w) => w / 2);
    const [twiceA, twiceB] = factors([...all, ...all], Float64Array.of(...halved, ...halved));
    expectEqual(twiceA, a);
    expectEqual(twiceB, b);

    const [turnedA, turnedB] = factors(all.toReversed(), weights.toReversed());
    expectEqual(turnedA, a);
    expectEqual(turnedB, b);

    const [sameA, largerB] = factors(
      all,
      weights.map((w) => 7 * w),
    );
    expectEqual(sameA, a);
    expectEqual(
      largerB,
      b.map((value) => 7 * value),
    );

    const masked = weights.slice();
    masked[5] = 0;
    const [, without] = factors(all, masked);
    const [, left] = factors(
      all.filter((i) => i !== 5),
      weights.filter((_, i) => i !== 5),
    );
    expectEqual(without, left);
  });

  test('oracle kfac §14.9: the π split does not see how A and G share their scale; scalar and zero factors', () => {
    const stream = new PhiloxStream(5, 1);
    const gram = (n: number): Matrix => {
      const out = matrix(n, n);
      engine.linalg.gram(1, random(2 * n, n, stream), null, 1, 0, out);
      return out;
    };
    const scaled = (m: Matrix, r: number): Matrix => {
      const out = matrix(m.rows, m.cols);
      for (let i = 0; i < m.data.length; i++) out.data[i] = r * m.data[i]!;
      return out;
    };
    const [a, g, lambda] = [gram(4), gram(3), 0.2];
    const one = splitDamping('pi', a, g, lambda);
    const meanOf = (m: Matrix): number =>
      Array.from({ length: m.rows }, (_, i) => m.data[i * (m.rows + 1)]! / m.rows).reduce((x, y) => x + y);
    expect(one.a / one.g).toBeCloseTo(meanOf(a) / meanOf(g), 12);
    expect(one.a * one.g).toBeCloseTo(lambda, 12);
    const other = splitDamping('pi', scaled(a, 50), scaled(g, 1 / 50), lambda);
    expect(other.a).toBeCloseTo(50 * one.a, 10);
    expect(other.g).toBeCloseTo(one.g / 50, 10);

    const scalar = matrix(1, 1);
    scalar.data[0] = 3;
    // (3 + 0)·(G + λ/3) = 3·G + λ, and the same with the sides exchanged.
    expect(splitDamping('pi', scalar, g, lambda)).toMatchObject({ a: 0, g: lambda / 3 });
    expect(splitDamping('pi', a, scalar, lambda)).toMatchObject({ a: lambda / 3, g: 0 });
    expect(splitDamping('pi', scalar, scalar, lambda)).toMatchObject({ a: 0, g: lambda / 3 });
    expect(splitDamping('pi', a, matrix(3, 3), lambda).zero).toBe(true);
  });
});
