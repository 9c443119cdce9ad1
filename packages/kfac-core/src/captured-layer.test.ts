import { expect, test } from 'vitest';
import { denseCapturedLayer } from './captured-layer.ts';
import { matrix } from './engine/matrix.ts';
import type { Dtype } from './engine/engine.ts';
import { selectEngine } from './engine/select.ts';

const engines = [selectEngine({ native: 'off' }), selectEngine({ threads: 2 })];
const [examples, uses, inputs, outputs] = [1100, 2, 5, 3];

function captured(engine: (typeof engines)[0], dtype: Dtype) {
  const z = matrix(examples * uses, inputs, dtype);
  const g = matrix(examples * uses, outputs, dtype);
  for (let i = 0; i < z.data.length; i++) z.data[i] = Math.sin(1 + 1.7 * i);
  for (let i = 0; i < g.data.length; i++) g.data[i] = Math.cos(2 + 0.9 * i);
  return { z, g, layer: denseCapturedLayer(engine, 'w', z, g, uses) };
}

test.each(engines.flatMap((engine) => (['f64', 'f32'] as const).map((dtype) => ({ engine, dtype }))))(
  'a part of J: some examples, some rows of the weight matrix, by the definition ($dtype)',
  ({ engine, dtype }) => {
    const { z, g, layer } = captured(engine, dtype);
    const [from, count, first, rows] = [30, 1050, 1, 3];
    const scale = Float64Array.from({ length: count }, (_, i) => 1 + (i % 7));
    const entry = (n: number, a: number, b: number): number => {
      let sum = 0;
      for (let s = (from + n) * uses; s < (from + n + 1) * uses; s++)
        sum += z.data[s * inputs + a]! * g.data[s * outputs + b]!;
      return scale[n]! * sum;
    };
    const whole = matrix(count + 1, inputs * outputs + 2);
    layer.jacobian(scale, whole, 1, 2, { from });
    const some = matrix(count + 1, rows * outputs + 2);
    layer.jacobian(scale, some, 1, 2, { from, inputs: { from: first, count: rows } });
    let [wholeError, someError] = [0, 0];
    for (let n = 0; n < count; n++) {
      for (let a = 0; a < inputs; a++) {
        for (let b = 0; b < outputs; b++) {
          const wanted = entry(n, a, b);
          const own = whole.data[(n + 1) * whole.cols + 2 + a * outputs + b]!;
          wholeError = Math.max(wholeError, Math.abs(own - wanted));
          if (a < first || a >= first + rows) continue;
          const part = some.data[(n + 1) * some.cols + 2 + (a - first) * outputs + b]!;
          someError = Math.max(someError, Math.abs(part - wanted));
        }
      }
    }
    expect(wholeError).toBeLessThan(1e-13 * 20);
    expect(someError).toBeLessThan(1e-13 * 20);
    // Nothing beside it is touched.
    expect(some.data.subarray(0, some.cols + 2).every((value) => value === 0)).toBe(true);
  },
);

test('a part that the layer does not have is refused', () => {
  const { layer } = captured(engines[0]!, 'f64');
  const scale = new Float64Array(10);
  const out = matrix(10, inputs * outputs);
  for (const from of [-1, examples - 9, Number.NaN])
    expect(() => layer.jacobian(scale, out, 0, 0, { from })).toThrow('expected a part of 1100 examples, got 10 from');
  expect(() => layer.jacobian(scale, out, 0, 0, { from: 0, inputs: { from: 4, count: 2 } })).toThrow(
    expect.objectContaining({
      code: 'KFAC_SHAPE',
      message: expect.stringContaining('expected a part of 5 inputs, got 2 from 4'),
    }),
  );
});
