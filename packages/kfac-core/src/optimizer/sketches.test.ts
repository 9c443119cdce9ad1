import { describe, expect, test } from 'vitest';
import { selectEngine } from '../engine/select.ts';
import { matrix } from '../engine/matrix.ts';
import { PhiloxStream } from '../random.ts';
import { dot, norm } from '../vector.ts';
import { CosineSketch } from './cosine-sketch.ts';
import { CountSketch } from './count-sketch.ts';

const engine = selectEngine({ native: 'off' });
const WIDTHS = [5, 1, 7];
const SIZE = 13;

function drawn(kept: number, step = 0): CosineSketch {
  const sketch = new CosineSketch(engine, WIDTHS, kept);
  sketch.draw(new PhiloxStream(1, 2, 1000 * step));
  return sketch;
}

/** Rᵀ·v. */
function compressed(sketch: CosineSketch, v: Float64Array, kept: number): Float64Array {
  const out = matrix(1, kept);
  let from = 0;
  WIDTHS.forEach((width, block) => {
    const row = matrix(1, width);
    row.data.set(v.subarray(from, from + width));
    sketch.compress(block, row, block === 0 ? 0 : 1, out);
    from += width;
  });
  return out.data as Float64Array;
}

function normals(count: number, stream: number): Float64Array {
  const random = new PhiloxStream(4, stream);
  return Float64Array.from({ length: count }, () => random.normal());
}

/** S as a matrix [r][N]. */
function explicit(sketch: CountSketch, rows: number, buckets: number): Float64Array[] {
  const unit = matrix(rows, rows);
  for (let i = 0; i < rows; i++) unit.data[i * rows + i] = 1;
  const out = matrix(buckets, rows);
  sketch.apply(unit, out);
  return Array.from({ length: buckets }, (_, b) => Float64Array.from(out.data.subarray(b * rows, (b + 1) * rows)));
}

describe('oracle pinn §8.11: the cosine sketch', () => {
  test('lifting is the exact adjoint, ⟨Rᵀv, y⟩ = ⟨v, R·y⟩', () => {
    for (let step = 0; step < 5; step++) {
      const sketch = drawn(6, step);
      const [v, y] = [normals(SIZE, 2 * step), normals(6, 2 * step + 1)];
      const lifted = new Float64Array(SIZE);
      sketch.lift(y, lifted);
      expect(dot(compressed(sketch, v, 6), y)).toBeCloseTo(dot(v, lifted), 13);
    }
  });

  test('its columns are orthonormal; all of them are an orthogonal matrix', () => {
    for (const kept of [6, SIZE]) {
      const sketch = drawn(kept);
      const y = normals(kept, 1);
      const v = new Float64Array(SIZE);
      sketch.lift(y, v);
      compressed(sketch, v, kept).forEach((value, k) => expect(value).toBeCloseTo(y[k]!, 13));
    }
    const v = normals(SIZE, 2);
    expect(norm(compressed(drawn(SIZE), v, SIZE))).toBeCloseTo(norm(v), 13);
  });

  test('its rows are those of the orthonormal DCT-II, in some order and with some signs', () => {
    const y = new Float64Array(SIZE);
    const seen = new Set<number>();
    for (let k = 0; k < SIZE; k++) {
      const column = new Float64Array(SIZE);
      drawn(SIZE).lift(y.fill(0).fill(1, k, k + 1), column);
      const sorted = [...column].map(Math.abs).toSorted((a, b) => a - b);
      const frequency = Array.from({ length: SIZE }, (_, f) => f).find((f) => {
        const scale = Math.sqrt((f === 0 ? 1 : 2) / SIZE);
        const wanted = Array.from({ length: SIZE }, (_, j) =>
          Math.abs(scale * Math.cos((Math.PI * (2 * j + 1) * f) / (2 * SIZE))),
        ).toSorted((a, b) => a - b);
        return !seen.has(f) && wanted.every((value, j) => Math.abs(value - sorted[j]!) < 1e-13);
      });
      expect(frequency).toBeDefined();
      seen.add(frequency!);
    }
    expect(seen.size).toBe(SIZE);
  });

  test('every coordinate is as likely as every other: the mean of R·Rᵀ is (k/n)·I', () => {
    const draws = 4000;
    const mean = new Float64Array(SIZE);
    const [v, lifted] = [new Float64Array(SIZE), new Float64Array(SIZE)];
    v[3] = 1;
    for (let step = 0; step < draws; step++) {
      const sketch = drawn(4, step);
      sketch.lift(compressed(sketch, v, 4), lifted);
      lifted.forEach((value, i) => (mean[i]! += value / draws));
    }
    // Five standard deviations of a mean of numbers in [−1, 1] with a variance below ¼.
    mean.forEach((value, i) => expect(Math.abs(value - (i === 3 ? 4 / SIZE : 0))).toBeLessThan(2.5 / Math.sqrt(draws)));
  });

  test('the same numbers give the same sketch, others another one', () => {
    const v = normals(SIZE, 5);
    expect([...compressed(drawn(4, 1), v, 4)]).toEqual([...compressed(drawn(4, 1), v, 4)]);
    expect([...compressed(drawn(4, 1), v, 4)]).not.toEqual([...compressed(drawn(4, 2), v, 4)]);
  });
});

describe('oracle pinn §8.11: the count sketch', () => {
  const [ROWS, BUCKETS] = [6, 5];

  test('every column has four shares of ±½, or sums of such in one bucket', () => {
    const sketch = new CountSketch(ROWS, 50);
    sketch.draw(new PhiloxStream(1, 3));
    const s = explicit(sketch, ROWS, 50);
    for (let n = 0; n < ROWS; n++) {
      const column = s.map((row) => row[n]!);
      expect(column.filter((value) => value !== 0).length).toBeLessThanOrEqual(4);
      expect(column.every((value) => Number.isInteger(2 * value))).toBe(true);
    }
    const shares = s.flatMap((row) => [...row]).filter((value) => value !== 0);
    expect(shares.filter((value) => Math.abs(value) === 0.5).length).toBeGreaterThan(3 * ROWS);
  });

  test('E[SᵀS] = I', () => {
    const draws = 20_000;
    const mean = new Float64Array(ROWS * ROWS);
    const sketch = new CountSketch(ROWS, BUCKETS);
    const stream = new PhiloxStream(1, 4);
    for (let draw = 0; draw < draws; draw++) {
      sketch.draw(stream);
      const s = explicit(sketch, ROWS, BUCKETS);
      for (const row of s) {
        for (let i = 0; i < ROWS; i++)
          for (let j = 0; j < ROWS; j++) mean[i * ROWS + j]! += (row[i]! * row[j]!) / draws;
      }
    }
    // An entry is a sum over pairs of hashes that share a bucket: its variance is below 1.
    mean.forEach((value, k) =>
      expect(Math.abs(value - (k % (ROWS + 1) === 0 ? 1 : 0))).toBeLessThan(5 / Math.sqrt(draws)),
    );
  });
});
