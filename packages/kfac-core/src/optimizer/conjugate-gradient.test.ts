import { describe, expect, test } from 'vitest';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import { PhiloxStream } from '../random.ts';
import { dot } from '../vector.ts';
import { ConjugateGradient, type LinearSystem } from './conjugate-gradient.ts';

const { linalg } = selectEngine({ native: 'off' });
const SIZE = 12;

/** A = BᵀB + I under the scales 10^(3k/n), so that its diagonal spans six decades; b normal; and A⁻¹·b by Cholesky. */
function system(
  preconditioned: boolean,
): LinearSystem & { solution: Float64Array; product: (v: Float64Array) => Float64Array } {
  const stream = new PhiloxStream(5, 1);
  const b = matrix(SIZE, SIZE);
  for (let i = 0; i < b.data.length; i++) b.data[i] = stream.normal();
  const a = matrix(SIZE, SIZE);
  linalg.gram(1, b, null, 1, 0, a);
  const scale = (k: number): number => 10 ** ((3 * k) / SIZE);
  for (let i = 0; i < SIZE; i++) {
    a.data[i * SIZE + i]! += 1;
    for (let k = 0; k < SIZE; k++) a.data[i * SIZE + k]! *= scale(i) * scale(k);
  }
  const right = Float64Array.from({ length: SIZE }, () => stream.normal());
  const solution = right.slice();
  const factor = matrix(SIZE, SIZE);
  factor.data.set(a.data);
  linalg.cholesky(factor);
  linalg.choleskySolve(factor, matrixOver(SIZE, 1, solution));
  const apply = (v: Float64Array, out: Float64Array): void => {
    linalg.gemm(1, a, 'n', matrixOver(SIZE, 1, v), 'n', 0, matrixOver(SIZE, 1, out));
  };
  return {
    right,
    solution,
    apply,
    product: (v) => {
      const out = new Float64Array(SIZE);
      apply(v, out);
      return out;
    },
    ...(preconditioned
      ? {
          precondition: (v: Float64Array, out: Float64Array) => {
            for (let i = 0; i < SIZE; i++) out[i] = v[i]! / a.data[i * SIZE + i]!;
          },
        }
      : {}),
  };
}

const direction = (k: number): Float64Array =>
  Float64Array.from({ length: SIZE }, (_, i) => Math.sin(k + 2 * i) / (i + 1));

function energyError(x: Float64Array, { solution, product }: ReturnType<typeof system>): number {
  const error = x.map((value, i) => value - solution[i]!);
  return Math.sqrt(dot(error, product(error)) / dot(solution, product(solution)));
}

function iterationsTo(tolerance: number, preconditioned: boolean): number {
  const one = system(preconditioned);
  const solver = new ConjugateGradient(SIZE);
  solver.begin(one);
  for (let k = 0; k < 100; k++) {
    if (energyError(solver.x, one) < tolerance) return k;
    solver.iterate();
  }
  return Number.POSITIVE_INFINITY;
}

describe('conjugate gradients', () => {
  test('P iterations are the dense solve', () => {
    const one = system(true);
    const solver = new ConjugateGradient(SIZE);
    solver.begin(one);
    for (let k = 0; k < SIZE; k++) solver.iterate();
    expect(energyError(solver.x, one)).toBeLessThan(1e-10);
  });

  test('a preconditioner saves iterations', () => {
    const [without, preconditioned] = [iterationsTo(1e-6, false), iterationsTo(1e-6, true)];
    expect(preconditioned).toBeLessThanOrEqual(SIZE);
    expect(preconditioned).toBeLessThan(without);
  });

  test('the model is ½xᵀA·x − bᵀx and falls; its value at the solution is −½bᵀA⁻¹b', () => {
    const one = system(true);
    const solver = new ConjugateGradient(SIZE);
    solver.begin(one, direction(1));
    let last = solver.model;
    for (let k = 0; k < SIZE; k++) {
      solver.iterate();
      const explicit = 0.5 * dot(solver.x, one.product(solver.x)) - dot(solver.x, one.right);
      expect(solver.model / explicit).toBeCloseTo(1, 10);
      expect(solver.model).toBeLessThanOrEqual(last);
      last = solver.model;
    }
    expect(last / (-0.5 * dot(one.right, one.solution))).toBeCloseTo(1, 10);
  });

  test('a start that is worse than zero is left for zero', () => {
    const one = system(false);
    const solver = new ConjugateGradient(SIZE);
    solver.begin(
      one,
      one.solution.map((value) => -value),
    );
    expect([...solver.x]).toEqual(new Array(SIZE).fill(0));
    expect(solver.model).toBe(0);
    const near = one.solution.map((value) => 0.9 * value);
    solver.begin(one, near);
    expect([...solver.x]).toEqual([...near]);
  });

  test('included directions: the minimum over their span, and conjugate ones from there to the solution', () => {
    const one = system(true);
    const [v, w] = [direction(1), direction(2)];
    const solver = new ConjugateGradient(SIZE);
    solver.begin(one);
    expect(solver.include(v)).toBe(true);
    expect(solver.include(w)).toBe(true);
    // The 2 × 2 normal equations of the span.
    const [av, aw] = [one.product(v), one.product(w)];
    const [vv, vw, ww] = [dot(v, av), dot(v, aw), dot(w, aw)];
    const [bv, bw] = [dot(v, one.right), dot(w, one.right)];
    const determinant = vv * ww - vw * vw;
    const [x, y] = [(bv * ww - bw * vw) / determinant, (bw * vv - bv * vw) / determinant];
    solver.x.forEach((value, i) => expect(value).toBeCloseTo(x * v[i]! + y * w[i]!, 10));
    for (let k = 2; k < SIZE; k++) {
      expect(solver.iterate()).toBe(true);
      // Nothing of what was gained along the two is lost.
      const residual = one.product(solver.x).map((value, i) => one.right[i]! - value);
      expect(Math.abs(dot(v, residual))).toBeLessThan(1e-9 * Math.abs(bv));
      expect(Math.abs(dot(w, residual))).toBeLessThan(1e-9 * Math.abs(bw));
    }
    expect(energyError(solver.x, one)).toBeLessThan(1e-8);
  });

  test('including M⁻¹b and going on is preconditioned conjugate gradients', () => {
    const one = system(true);
    const first = new Float64Array(SIZE);
    one.precondition!(one.right, first);
    const [plain, augmented] = [new ConjugateGradient(SIZE), new ConjugateGradient(SIZE)];
    plain.begin(one);
    augmented.begin(one);
    plain.iterate();
    augmented.include(first);
    for (let k = 0; k < 4; k++) {
      plain.x.forEach((value, i) => expect(augmented.x[i]).toBeCloseTo(value, 10));
      plain.iterate();
      augmented.iterate();
    }
  });

  test('a direction that is zero or depends on the others is refused, and x stays', () => {
    const one = system(false);
    const solver = new ConjugateGradient(SIZE);
    solver.begin(one);
    expect(solver.include(new Float64Array(SIZE))).toBe(false);
    expect(solver.include(direction(1))).toBe(true);
    const kept = [...solver.x];
    expect(solver.include(direction(1).map((value) => 3 * value))).toBe(false);
    expect([...solver.x]).toEqual(kept);
  });

  test('it ends at a zero residual and where the matrix is not positive definite', () => {
    const one = system(false);
    const solver = new ConjugateGradient(SIZE);
    solver.begin({ ...one, right: new Float64Array(SIZE) });
    expect(solver.iterate()).toBe(false);
    for (const factor of [-1, Number.NaN]) {
      solver.begin({ ...one, apply: (v, out) => v.forEach((value, i) => (out[i] = factor * value)) });
      expect(solver.iterate()).toBe(false);
      expect([...solver.x]).toEqual(new Array(SIZE).fill(0));
    }
  });
});
