import { describe, expect, test } from 'vitest';
import { candidates } from '../engine/conformance/engines.test.helper.ts';
import type { Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { PhiloxStream } from '../random.ts';
import { KroneckerBlock } from './kronecker-block.ts';
import { RecurrentBlock, type RecurrentMoments, type TemporalKind } from './recurrent-block.ts';
import { RecurrentComplete } from './recurrent-complete.ts';
import { lagCounts, lagSum, largestCorrelation } from './recurrent-lags.ts';
import { RecurrentSide } from './recurrent-side.ts';
import {
  chain,
  denseChain,
  denseMap,
  distance,
  expectNear,
  identityMatrix,
  logDeterminant,
  normals,
  times,
} from './recurrent.test-support.ts';

const KINDS: readonly TemporalKind[] = ['option1', 'option2', 'complete'];
const [INPUTS, OUTPUTS] = [3, 2];
const engines = candidates();
const { engine: reference } = engines[0]!;

/** m_r = T − r. */
const uniform = (steps: number): Float64Array => lagCounts([steps], steps);

/** A strength of correlation that series of T steps can have, and a little less. */
const feasible = (steps: number, strength = 0.95): number => Math.min(strength, 0.95 * Math.cos(Math.PI / (steps + 1)));

function refreshed(moments: RecurrentMoments, kind: TemporalKind, lambda: number, engine = reference): RecurrentBlock {
  const block = new RecurrentBlock(engine, moments, 'pi', kind);
  expect(block.refresh(lambda)).toBe(true);
  return block;
}

const inverseOf = (block: { solve(v: Matrix, out: Matrix): boolean }): Matrix =>
  denseMap(INPUTS, OUTPUTS, (v, out) => expect(block.solve(v, out)).toBe(true));

const productOf = (block: { multiply(v: Matrix, out: Matrix): void }): Matrix =>
  denseMap(INPUTS, OUTPUTS, (v, out) => block.multiply(v, out));

describe('the sum of lags', () => {
  test('oracle kfac §14.23: Horner is the closed form, T² at 1, never negative', () => {
    for (const steps of [1, 2, 5, 28, 200]) {
      const counts = uniform(steps);
      for (const x of [-0.9, -0.6, -0.2, 0, 0.3, 0.8]) {
        const closed = (steps * (1 - x * x) - 2 * x * (1 - x ** steps)) / (1 - x) ** 2;
        expect(Math.abs(lagSum(counts, x) - Math.max(closed, 1 / steps))).toBeLessThan(1e-10 * steps);
      }
      expect(lagSum(counts, 1)).toBeCloseTo(steps ** 2, 8);
      expect(lagSum(counts, 0)).toBe(steps);
      for (let k = 0; k <= 100; k++) expect(lagSum(counts, -1 + k / 50)).toBeGreaterThanOrEqual(1 / steps);
    }
    // Where the closed form loses its digits: in single precision it would give 807.
    expect(lagSum(uniform(28), 0.9999)).toBeCloseTo(783.27, 1);
  });

  test('counts of ragged examples are the means of those of each, and the bound is that of the longest', () => {
    const lengths = [1, 4, 4, 7];
    const counts = lagCounts(lengths, 9);
    for (const x of [-0.7, 0.4, 0.9]) {
      const each = lengths.map((length) => lagSum(uniform(length), x));
      expect(lagSum(counts, x)).toBeCloseTo(each.reduce((sum, value) => sum + value) / lengths.length, 12);
    }
    expect(largestCorrelation(counts)).toBe(Math.cos(Math.PI / 8));
    expect(largestCorrelation(uniform(7))).toBe(Math.cos(Math.PI / 8));
  });
});

describe.each(engines)('recurrent blocks, $name', ({ engine }) => {
  test.each([1, 2, 5, 20, 200, 2000])('oracle kfac §14.21: option 1 is exact on a symmetric chain, T = %i', (steps) => {
    const lambda = 0.01 * steps;
    const moments = chain(INPUTS, OUTPUTS, uniform(steps), feasible(steps), true, new PhiloxStream(1, steps));
    const dense = denseChain(moments, lambda);
    const block = refreshed(moments, 'option1', lambda, engine);
    expectNear(productOf(block), dense, 1e-12);
    expectNear(times(inverseOf(block), dense), identityMatrix(INPUTS * OUTPUTS), 1e-12);
  });

  test('oracle kfac §14.21: without lagged moments all options are the independent block, T = 1 the dense one', () => {
    for (const steps of [1, 9]) {
      const lambda = 0.3;
      const moments = chain(INPUTS, OUTPUTS, uniform(steps), 0, true, new PhiloxStream(2, 1));
      const kronecker = new KroneckerBlock(engine, moments.a0, moments.g0, steps, 'pi');
      kronecker.refresh(lambda);
      const dense = denseChain(moments, lambda);
      expectNear(productOf(kronecker), dense, 1e-12);
      for (const kind of KINDS) {
        const block = refreshed(moments, kind, lambda, engine);
        expectNear(productOf(block), dense, 1e-12, kind);
        expectNear(inverseOf(block), inverseOf(kronecker), 1e-9, kind);
      }
    }
  });

  test('oracle kfac §14.22: the complete chain is the dense one, by its product and its inverse', () => {
    for (const steps of [2, 5, 7, 8, 20, 200]) {
      const lambda = 0.02 * steps;
      const moments = chain(INPUTS, OUTPUTS, uniform(steps), feasible(steps, 0.9), false, new PhiloxStream(3, steps));
      const dense = denseChain(moments, lambda);
      const block = refreshed(moments, 'complete', lambda, engine);
      expectNear(productOf(block), dense, 1e-10, `product, T = ${steps}`);
      expectNear(times(dense, inverseOf(block)), identityMatrix(INPUTS * OUTPUTS), 1e-6, `inverse, T = ${steps}`);
    }
  });

  test('oracle kfac §14.22: the error of option 2 falls as 1/T, and its product inverts its inverse', () => {
    const errors = [5, 20, 80, 320].map((steps) => {
      const moments = chain(INPUTS, OUTPUTS, uniform(steps), 0.7, false, new PhiloxStream(4, 1));
      // λ/T the same for all T, and with it Ψ.
      const lambda = 0.01 * steps;
      const block = refreshed(moments, 'option2', lambda, engine);
      expectNear(times(productOf(block), inverseOf(block)), identityMatrix(INPUTS * OUTPUTS), 1e-9);
      return distance(productOf(block), denseChain(moments, lambda));
    });
    expect(errors[0]!).toBeGreaterThan(0.01);
    for (let k = 1; k < errors.length; k++) {
      expect(errors[k - 1]! / errors[k]!).toBeGreaterThan(3.5);
      expect(errors[k - 1]! / errors[k]!).toBeLessThan(4.5);
    }
  });

  test('oracle kfac §14.23: ragged lengths: options 1 and complete are the mean of the dense sums over lengths', () => {
    const lengths = [1, 3, 3, 6, 10];
    const counts = lagCounts(lengths, 12);
    const lambda = 0.2;
    for (const [kind, symmetric] of [
      ['option1', true],
      ['complete', false],
    ] as const) {
      const moments = chain(INPUTS, OUTPUTS, counts, 0.8, symmetric, new PhiloxStream(5, 1));
      const mean = matrix(INPUTS * OUTPUTS, INPUTS * OUTPUTS);
      for (const length of lengths) {
        const row = matrix(1, length);
        row.data.set(uniform(length));
        // The damping of the whole, whatever the length of the part.
        const part = denseChain({ ...moments, counts: row }, (lambda * length) / counts[0]!);
        part.data.forEach((value, i) => (mean.data[i]! += value / lengths.length));
      }
      const block = refreshed(moments, kind, lambda, engine);
      expectNear(productOf(block), mean, 1e-11, kind);
      expectNear(times(inverseOf(block), mean), identityMatrix(INPUTS * OUTPUTS), 1e-6, kind);
    }
  });

  test('oracle kfac §14.25: product, log-determinant and sampling factor of independent and option 1', () => {
    const steps = 6;
    const lambda = 0.4;
    const moments = chain(INPUTS, OUTPUTS, uniform(steps), 0.8, true, new PhiloxStream(6, 1));
    const still: RecurrentMoments = {
      ...moments,
      a1: matrix(INPUTS, INPUTS),
      g1: matrix(OUTPUTS, OUTPUTS),
    };
    const kronecker = new KroneckerBlock(engine, moments.a0, moments.g0, steps, 'pi');
    kronecker.refresh(lambda);
    const cases = [
      [kronecker, denseChain(still, lambda)],
      [refreshed(moments, 'option1', lambda, engine), denseChain(moments, lambda)],
    ] as const;
    for (const [block, dense] of cases) {
      expectNear(productOf(block), dense, 1e-12);
      expect(block.logDeterminant()).toBeCloseTo(logDeterminant(dense), 10);
      const factor = denseMap(INPUTS, OUTPUTS, (v, out) => block.sample(v, out));
      expectNear(times(dense, times(factor, factor, 'n', 't')), identityMatrix(INPUTS * OUTPUTS), 1e-11);
    }
  });

  test('oracle kfac §14.32: saved and restored bit for bit', () => {
    const moments = chain(INPUTS, OUTPUTS, uniform(9), 0.9, false, new PhiloxStream(7, 1));
    for (const kind of KINDS) {
      const block = refreshed(moments, kind, 0.1, engine);
      const other = new RecurrentBlock(engine, moments, 'pi', kind);
      other.restore(block.save());
      expect(inverseOf(other).data, kind).toEqual(inverseOf(block).data);
      expect(productOf(other).data, kind).toEqual(productOf(block).data);
      expect(other.save(), kind).toEqual(block.save());
    }
  });

  test('oracle kfac §14.33: as the plain engine, wider than a register', () => {
    const [inputs, outputs] = [19, 12];
    const moments = chain(inputs, outputs, uniform(15), 0.9, false, new PhiloxStream(8, 1));
    const v = normals(inputs, outputs, new PhiloxStream(8, 2));
    for (const kind of KINDS) {
      const [mine, plain] = [refreshed(moments, kind, 0.5, engine), refreshed(moments, kind, 0.5)];
      const [x, y] = [matrix(inputs, outputs), matrix(inputs, outputs)];
      mine.solve(v, x);
      plain.solve(v, y);
      expectNear(x, y, kind === 'complete' ? 1e-7 : 1e-9, kind);
      mine.multiply(v, x);
      plain.multiply(v, y);
      expectNear(x, y, 1e-11, kind);
    }
  });
});

describe('recurrent blocks', () => {
  test('oracle kfac §14.22: preconditioned by option 1 a symmetric chain takes one iteration', () => {
    const steps = 6;
    const moments = chain(INPUTS, OUTPUTS, uniform(steps), 0.8, true, new PhiloxStream(9, 1));
    const [a, g] = [new RecurrentSide(reference, INPUTS), new RecurrentSide(reference, OUTPUTS)];
    a.prepare(moments.a0, moments.a1, 0.1);
    g.prepare(moments.g0, moments.g1, 0.1);
    const form = new RecurrentComplete(reference, INPUTS, OUTPUTS, steps);
    expect(form.prepare(a, g, uniform(steps))).toBe(true);
    const v = normals(INPUTS, OUTPUTS, new PhiloxStream(9, 2));
    expect(form.solve(v, matrix(INPUTS, OUTPUTS))).toBe(true);
    expect(form.iterations).toBe(1);
  });

  test('where the iteration does not converge option 1 answers, and says so', () => {
    // Rotations by all angles, hardly damped, and too few steps for the limit of long series: nothing is symmetric.
    const [inputs, outputs, steps] = [40, 6, 7];
    const rotation = (n: number): Matrix => {
      const out = matrix(n, n);
      for (let k = 0; k < n; k += 2) {
        const angle = 0.5 + (3 * k) / n;
        out.data[k * n + k] = out.data[(k + 1) * n + k + 1] = Math.cos(angle);
        out.data[(k + 1) * n + k] = Math.sin(angle);
        out.data[k * n + k + 1] = -Math.sin(angle);
      }
      return out;
    };
    const counts = matrix(1, steps);
    counts.data.set(uniform(steps));
    const moments: RecurrentMoments = {
      a0: identityMatrix(inputs),
      a1: rotation(inputs),
      g0: identityMatrix(outputs),
      g1: rotation(outputs),
      counts,
    };
    const v = normals(inputs, outputs, new PhiloxStream(10, 1));
    const [x, y] = [matrix(inputs, outputs), matrix(inputs, outputs)];
    expect(refreshed(moments, 'complete', 1e-12).solve(v, x)).toBe(false);
    refreshed(moments, 'option1', 1e-12).solve(v, y);
    expectNear(x, y, 1e-10);
  });

  test('oracle kfac §14.25: time turned round leaves option 1 as it is, and turns the complete chain', () => {
    const moments = chain(INPUTS, OUTPUTS, uniform(9), 0.8, false, new PhiloxStream(11, 1));
    const turned = (m: Matrix): Matrix => times(m, identityMatrix(m.rows), 't');
    const reversed = { ...moments, a1: turned(moments.a1), g1: turned(moments.g1) };
    const [forward, backward] = [moments, reversed].map((m) => productOf(refreshed(m, 'option1', 0.1)));
    expectNear(forward!, backward!, 1e-13);
    expectNear(productOf(refreshed(reversed, 'complete', 0.1)), productOf(refreshed(moments, 'complete', 0.1)), 1e-12);
  });

  test('negative correlations are kept negative', () => {
    // x alternates and g does not: ψ_A·ψ_G < 0 and the curvature of the sum is smaller than that of independent uses.
    const counts = matrix(1, 10);
    counts.data.set(uniform(10));
    const scalar = (value: number): Matrix => {
      const m = matrix(1, 1);
      m.data[0] = value;
      return m;
    };
    const moments = { a0: scalar(1), a1: scalar(-0.75), g0: scalar(1), g1: scalar(0.8), counts };
    const out = scalar(0);
    refreshed(moments, 'option1', 1e-9).multiply(scalar(1), out);
    expect(out.data[0]!).toBeCloseTo(lagSum(uniform(10), -0.6), 6);
    expect(out.data[0]!).toBeLessThan(10 / 3);
  });

  test.each(['option2', 'complete'] as const)('oracle kfac §14.11: %s refuses what has no closed form', (kind) => {
    const block = refreshed(chain(INPUTS, OUTPUTS, uniform(4), 0.5, false, new PhiloxStream(12, 1)), kind, 0.1);
    const v = matrix(INPUTS, OUTPUTS);
    for (const refused of [() => block.logDeterminant(), () => block.sample(v, matrix(INPUTS, OUTPUTS))]) {
      expect(refused).toThrow(expect.objectContaining({ code: 'KFAC_NO_CLOSED_FORM' }));
    }
  });

  test.each(KINDS)('oracle kfac §14.13: %s keeps the last good inverse, before it λ·I', (kind) => {
    const moments = chain(INPUTS, OUTPUTS, uniform(4), 0.5, false, new PhiloxStream(13, 1));
    const good = moments.a1.data[1]!;
    moments.a1.data[1] = Number.NaN;
    const block = new RecurrentBlock(reference, moments, 'pi', kind);
    const v = normals(INPUTS, OUTPUTS, new PhiloxStream(13, 2));
    const [x, y] = [matrix(INPUTS, OUTPUTS), matrix(INPUTS, OUTPUTS)];
    expect(block.refresh(0.25)).toBe(false);
    block.solve(v, x);
    expectNear(x, scaledBy(4, v), 1e-14);
    moments.a1.data[1] = good;
    expect(block.refresh(0.25)).toBe(true);
    block.solve(v, x);
    moments.g0.data[0] = Number.POSITIVE_INFINITY;
    expect(block.refresh(0.5)).toBe(false);
    block.solve(v, y);
    expect(y.data).toEqual(x.data);
  });

  test.each(KINDS)('oracle kfac §14.9: %s with a factor that vanishes is λ·I', (kind) => {
    const moments = chain(INPUTS, OUTPUTS, uniform(4), 0.5, false, new PhiloxStream(14, 1));
    moments.g0.data.fill(0);
    moments.g1.data.fill(0);
    const block = refreshed(moments, kind, 0.5);
    const v = normals(INPUTS, OUTPUTS, new PhiloxStream(14, 2));
    const x = matrix(INPUTS, OUTPUTS);
    block.solve(v, x);
    expectNear(x, scaledBy(2, v), 1e-14);
    block.multiply(v, x);
    expectNear(x, scaledBy(0.5, v), 1e-14);
  });
});

function scaledBy(scale: number, m: Matrix): Matrix {
  const out = matrix(m.rows, m.cols);
  for (let i = 0; i < m.data.length; i++) out.data[i] = scale * m.data[i]!;
  return out;
}
