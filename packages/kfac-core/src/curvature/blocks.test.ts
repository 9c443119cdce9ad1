import { describe, expect, test } from 'vitest';
import { matrix, type Matrix } from '../index.ts';
import { selectEngine } from '../engine/select.ts';
import { PhiloxStream } from '../random.ts';
import { ExactBlock } from './exact-block.ts';
import { FactorAverage } from './factor-average.ts';
import { KroneckerBlock } from './kronecker-block.ts';
import { KroneckerSum } from './kronecker-sum.ts';

const engine = selectEngine({ native: 'off' });

function randomSpd(size: number, stream: PhiloxStream, rank = size): Matrix {
  const root = matrix(rank, size);
  for (let i = 0; i < root.data.length; i++) root.data[i] = stream.normal();
  const out = matrix(size, size);
  engine.linalg.gram(1 / rank, root, null, 1, 0, out);
  return out;
}

/** c·A·V·G with damping on the factors. */
function kroneckerProduct(a: Matrix, da: number, v: Matrix, g: Matrix, dg: number): Matrix {
  const damp = (m: Matrix, d: number): Matrix => {
    const copy = matrix(m.rows, m.cols);
    copy.data.set(m.data);
    for (let i = 0; i < m.rows; i++) copy.data[i * m.cols + i] = copy.data[i * m.cols + i]! + d;
    return copy;
  };
  const left = matrix(v.rows, v.cols);
  const out = matrix(v.rows, v.cols);
  engine.linalg.gemm(1, damp(a, da), 'n', v, 'n', 0, left);
  engine.linalg.gemm(1, left, 'n', damp(g, dg), 'n', 0, out);
  return out;
}

function expectClose(got: Matrix, want: Matrix, tolerance: number): void {
  const scale = Math.max(...want.data.map(Math.abs));
  got.data.forEach((value, i) => expect(Math.abs(value - want.data[i]!)).toBeLessThan(tolerance * scale));
}

describe('curvature blocks', () => {
  test('oracle kfac §14.10: the π-damped block inverts c·Â⊗Ĝ with λ divided by c', () => {
    const stream = new PhiloxStream(1, 1);
    const [a, g, uses, lambda] = [randomSpd(5, stream), randomSpd(3, stream), 4, 0.3];
    const v = matrix(5, 3);
    for (let i = 0; i < v.data.length; i++) v.data[i] = stream.normal();
    const block = new KroneckerBlock(engine, a, g, uses, 'pi');
    expect(block.refresh(lambda)).toBe(true);
    const solved = matrix(5, 3);
    block.solve(v, solved);
    const trace = (m: Matrix): number =>
      Array.from({ length: m.rows }, (_, i) => m.data[i * m.cols + i]!).reduce((x, y) => x + y);
    const pi = Math.sqrt(trace(a) / 5 / (trace(g) / 3));
    const root = Math.sqrt(lambda / uses);
    const back = kroneckerProduct(a, pi * root, solved, g, root / pi);
    for (let i = 0; i < back.data.length; i++) back.data[i] = uses * back.data[i]!;
    expectClose(back, v, 1e-10);
  });

  test.each([
    { inputs: 12, outputs: 10, rank: 12 },
    { inputs: 12, outputs: 10, rank: 2 },
    { inputs: 3, outputs: 12, rank: 12 },
    { inputs: 12, outputs: 3, rank: 2 },
    { inputs: 12, outputs: 1, rank: 2 },
  ])(
    'oracle kfac §14.14, pinn §8.5: the sum of two Kronecker products, $inputs × $outputs, second factors of rank $rank',
    ({ inputs, outputs, rank }) => {
      const stream = new PhiloxStream(2, rank);
      const first = { a: randomSpd(inputs, stream), g: randomSpd(outputs, stream), uses: 4 };
      const second = {
        a: randomSpd(inputs, stream, Math.min(inputs, rank)),
        g: randomSpd(outputs, stream, Math.min(outputs, rank)),
        uses: 1,
      };
      const lambda = 1e-6;
      const v = matrix(inputs, outputs);
      for (let i = 0; i < v.data.length; i++) v.data[i] = stream.normal();
      const block = new KroneckerSum(engine, first, second, 'same');
      expect(block.refresh(lambda)).toBe(true);
      const solved = matrix(inputs, outputs);
      block.solve(v, solved);
      const scaled = matrix(outputs, outputs);
      for (let i = 0; i < scaled.data.length; i++) scaled.data[i] = 4 * first.g.data[i]!;
      const back = kroneckerProduct(first.a, lambda, solved, scaled, lambda);
      const other = kroneckerProduct(second.a, lambda, solved, second.g, lambda);
      for (let i = 0; i < back.data.length; i++) back.data[i] = back.data[i]! + other.data[i]!;
      expectClose(back, v, 1e-8);

      const again = new KroneckerSum(engine, first, second, 'same');
      again.restore(block.save());
      const restored = matrix(inputs, outputs);
      again.solve(v, restored);
      expect(restored.data).toEqual(solved.data);
    },
  );

  test.each([
    [12, 10],
    [12, 1],
  ])('a sum of Kronecker products %i × %i that has never been inverted stands for I/λ', (inputs, outputs) => {
    const stream = new PhiloxStream(4, 1);
    const bad = { a: randomSpd(inputs, stream), g: matrix(outputs, outputs), uses: 1 };
    bad.g.data[0] = Number.NaN;
    const block = new KroneckerSum(engine, bad, bad, 'same');
    expect(block.refresh(0.25)).toBe(false);
    const v = matrix(inputs, outputs);
    for (let i = 0; i < v.data.length; i++) v.data[i] = stream.normal();
    const solved = matrix(inputs, outputs);
    block.solve(v, solved);
    v.data.forEach((value, i) => expect(solved.data[i]).toBeCloseTo(4 * value, 12));
  });

  test('oracle kfac §14.13: a NaN or singular factor keeps the last good inverse', () => {
    const stream = new PhiloxStream(3, 1);
    const statistic = randomSpd(4, stream);
    const block = new ExactBlock(engine, statistic);
    expect(block.refresh(0.1)).toBe(true);
    const v = matrix(4, 1);
    v.data.set([1, -2, 3, 0.5]);
    const [before, after] = [matrix(4, 1), matrix(4, 1)];
    block.solve(v, before);
    statistic.data[5] = Number.NaN;
    expect(block.refresh(0.1)).toBe(false);
    block.solve(v, after);
    expect([...after.data]).toEqual([...before.data]);
  });

  test('oracle kfac §14.8: moving averages: first value, fixed points, identity weight ε^k', () => {
    for (const rule of ['debiased', 'warm'] as const) {
      const average = new FactorAverage(1, 0.95, rule);
      for (let k = 0; k < 10; k++) {
        average.batch.data[0] = 3;
        average.commit();
        expect(average.value.data[0]).toBeCloseTo(3, 12);
      }
      average.batch.data[0] = 4;
      average.commit();
      const newest = average.value.data[0]! - 3;
      expect(newest).toBeCloseTo(rule === 'debiased' ? 0.05 / (1 - 0.95 ** 11) : 1 / 11, 12);
    }
    // A statistic that stands for several steps counts as often, and is what it would be if it had come in each of them.
    for (const rule of ['debiased', 'warm', 'identity'] as const) {
      const [at, together] = [new FactorAverage(1, 0.95, rule), new FactorAverage(1, 0.95, rule)];
      for (let k = 0; k < 40; k++) {
        for (const average of [at, together]) average.batch.data[0] = Math.sin(k);
        for (let s = 0; s < 5; s++) at.commit();
        together.commit(5);
      }
      expect(together.value.data[0]).toBeCloseTo(at.value.data[0]!, 12);
    }
    const identity = new FactorAverage(1, 0.9, 'identity');
    for (let k = 0; k < 5; k++) {
      identity.batch.data[0] = 0;
      identity.commit();
    }
    expect(identity.value.data[0]).toBeCloseTo(0.9 ** 5, 14);
  });
});
