import { expect, test } from 'vitest';
import { initialLstm, lstmLayout } from './lstm.ts';

const shape = { staticFeatures: 3, hidden: 32, squash: 'tanh' } as const;
const layout = lstmLayout(shape);

test('HEDGE-1 has 4769 weights: gates [37 × 128], head [33 × 1]', () => {
  expect(layout.blocks.map(({ name, inputs, outputs }) => [name, inputs, outputs])).toEqual([
    ['gates', 37, 128],
    ['head', 33, 1],
  ]);
  expect(layout.size).toBe(4769);
});

test('initial weights: uniform on ±1/√H, biases 0, forget biases 1, a pure function of the seed', () => {
  const theta = initialLstm(shape, layout, 1);
  const gates = theta.subarray(0, 36 * 128);
  const bias = [...theta.subarray(36 * 128, 37 * 128)];
  const bound = 1 / Math.sqrt(32);
  expect(Math.max(...gates)).toBeLessThan(bound);
  expect(Math.max(...gates)).toBeGreaterThan(0.99 * bound);
  expect(Math.min(...gates)).toBeLessThan(-0.99 * bound);
  const variance = gates.reduce((sum, w) => sum + w * w, 0) / gates.length;
  expect(variance / (bound ** 2 / 3)).toBeCloseTo(1, 1);
  expect(bias).toEqual([...Array(32).fill(0), ...Array(32).fill(1), ...Array(64).fill(0)]);
  expect(theta.at(-1)).toBe(0);
  expect(initialLstm(shape, layout, 1)).toEqual(theta);
  expect(initialLstm(shape, layout, 2)).not.toEqual(theta);
});
