import { type Matrix, defaultEngine, denseCapturedLayer, matrix, matrixOver } from '@kfac/core';
import { expect, test } from 'vitest';
import { mergeLayers } from './merged-layer.ts';

const engine = defaultEngine();
const [inputs, outputs] = [3, 2];

function part(examples: number, uses: number, seed: number) {
  const numbers = (count: number, k: number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i + k));
  const z = matrixOver(examples * uses, inputs, numbers(examples * uses * inputs, 0));
  const g = matrixOver(examples * uses, outputs, numbers(examples * uses * outputs, 5));
  return { z, g, uses, examples, layer: denseCapturedLayer(engine, 'w', z, g, uses) };
}

/** J_i of every example, from the definition. */
function jacobians({ z, g, uses, examples }: ReturnType<typeof part>): number[][] {
  return Array.from({ length: examples }, (_, i) => {
    const j = Array.from({ length: inputs * outputs }, () => 0);
    for (let s = i * uses; s < (i + 1) * uses; s++) {
      for (let a = 0; a < inputs; a++)
        for (let b = 0; b < outputs; b++) j[a * outputs + b]! += z.data[s * inputs + a]! * g.data[s * outputs + b]!;
    }
    return j;
  });
}

const parts = [part(4, 1, 0.3), part(3, 2, 1.1), part(2, 4, 2.7)];
const dense = parts.flatMap(jacobians);
const total = dense.length;
let from = 0;
const merged = mergeLayers(
  parts.map(({ layer, examples }) => ({ layer, from: (from += examples) - examples, count: examples })),
  total,
  { inputs: 3, outputs: 2 },
);
const close = (own: ArrayLike<number>, expected: readonly number[]): void => {
  expect(own.length).toBe(expected.length);
  for (const [k, value] of expected.entries()) expect(own[k]).toBeCloseTo(value, 13);
};

test('gradient, jvp and jacobian against the dense Jacobian', () => {
  const w = Float64Array.from({ length: total }, (_, i) => 0.5 + i);
  const gradient = new Float64Array(6).fill(1);
  merged.gradient(w, gradient);
  close(
    gradient,
    dense[0]!.map((_, k) => 1 + dense.reduce((sum, j, i) => sum + w[i]! * j[k]!, 0)),
  );

  const directions = [0, 1].map((d) => Float64Array.from({ length: 6 }, (_, k) => Math.cos(k + 3 * d)));
  for (let repeat = 0; repeat < 2; repeat++) {
    const products = new Float64Array(2 * total);
    merged.jvp(directions, products);
    close(
      products,
      directions.flatMap((v) => dense.map((j) => j.reduce((sum, value, k) => sum + value * v[k]!, 0))),
    );
  }

  const rows = matrix(total + 1, 8);
  merged.jacobian(w, rows, 1, 2);
  for (let i = 0; i < total; i++)
    close(
      rows.data.subarray((i + 1) * 8 + 2, (i + 1) * 8 + 8),
      dense[i]!.map((value) => w[i]! * value),
    );
});

test('a part of J: examples of some parts, rows of the weight matrix', () => {
  // Over the ends of the first and the second part, and inside the second alone.
  for (const [first, count] of [
    [2, 6],
    [5, 1],
    [0, total],
  ] as const) {
    const w = Float64Array.from({ length: count }, (_, i) => 0.5 + i);
    const rows = matrix(count + 1, 5);
    merged.jacobian(w, rows, 1, 1, { from: first, inputs: { from: 1, count: 2 } });
    for (let i = 0; i < count; i++)
      close(
        rows.data.subarray((i + 1) * 5 + 1, (i + 1) * 5 + 5),
        dense[first + i]!.slice(2).map((value) => w[i]! * value),
      );
  }
});

test('exact block = Σ ω vec(J)vec(J)ᵀ', () => {
  const w = Float64Array.from({ length: total }, (_, i) => 1 / (1 + i));
  const block = matrix(6, 6);
  merged.exactBlock(w, block);
  close(
    block.data,
    dense[0]!.flatMap((_, a) => dense[0]!.map((__, b) => dense.reduce((sum, j, i) => sum + w[i]! * j[a]! * j[b]!, 0))),
  );
});

test('factors: A is the mean of the parts by examples, G sums over uses', () => {
  const w = Float64Array.from({ length: total }, () => 0.25);
  const [a, g] = [matrix(inputs, inputs), matrix(outputs, outputs)];
  merged.factors(w, a, g);
  const expectedA = Array.from({ length: 9 }, () => 0);
  const expectedG = Array.from({ length: 4 }, () => 0);
  for (const { z, g: gradients, uses, examples } of parts) {
    for (let s = 0; s < examples * uses; s++) {
      for (let i = 0; i < 9; i++)
        expectedA[i]! += (z.data[s * 3 + Math.floor(i / 3)]! * z.data[s * 3 + (i % 3)]!) / uses / total;
      for (let i = 0; i < 4; i++)
        expectedG[i]! += 0.25 * gradients.data[s * 2 + Math.floor(i / 2)]! * gradients.data[s * 2 + (i % 2)]!;
    }
  }
  expect(merged.uses).toBe(1);
  close(a.data, expectedA);
  close(g.data, expectedG);
});

test('one part is itself', () => {
  expect(mergeLayers([{ layer: parts[1]!.layer, from: 0, count: 3 }], 3, { inputs: 3, outputs: 2 })).toBe(
    parts[1]!.layer,
  );
});

test('examples that do not use the matrix have zero rows, and no part in the means', () => {
  const alone = mergeLayers([{ layer: parts[1]!.layer, from: 2, count: 3 }], 7, { inputs: 3, outputs: 2 });
  const own = parts[1]!;
  const rows = jacobians(own);
  const w = Float64Array.from({ length: 7 }, (_, i) => 0.5 + i);

  const gradient = new Float64Array(6);
  alone.gradient(w, gradient);
  close(
    gradient,
    rows[0]!.map((_, k) => rows.reduce((sum, j, i) => sum + w[i + 2]! * j[k]!, 0)),
  );
  const direction = Float64Array.from({ length: 6 }, (_, k) => Math.cos(k));
  const products = new Float64Array(7);
  alone.jvp([direction], products);
  const dot = (j: readonly number[]): number => j.reduce((sum, value, k) => sum + value * direction[k]!, 0);
  close(products, [0, 0, ...rows.map(dot), 0, 0]);

  const out = matrix(7, 6);
  out.data.fill(9);
  alone.jacobian(w, out, 0, 0);
  close(out.data, [
    ...Array.from({ length: 12 }, () => 0),
    ...rows.flatMap((j, i) => j.map((value) => w[i + 2]! * value)),
    ...Array.from({ length: 12 }, () => 0),
  ]);
  // Examples 1 to 3, of their Jacobians rows 1 and 2.
  const some = matrix(3, 4);
  some.data.fill(9);
  alone.jacobian(w.subarray(1, 4), some, 0, 0, { from: 1, inputs: { from: 1, count: 2 } });
  close(some.data, [0, 0, 0, 0, ...[0, 1].flatMap((i) => rows[i]!.slice(2).map((value) => w[i + 2]! * value))]);

  const [a, g, ownA, ownG] = [3, 2, 3, 2].map((size) => matrix(size, size)) as [Matrix, Matrix, Matrix, Matrix];
  alone.factors(w, a, g);
  own.layer.factors(w.subarray(2, 5), ownA, ownG);
  close(a.data, [...ownA.data]);
  close(
    g.data,
    [...ownG.data].map((value) => own.uses * value),
  );
});
