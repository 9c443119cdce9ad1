import { describe, expect, test } from 'vitest';
import type { Activation, Dtype, JetShape } from '../engine.ts';
import { ACTIVATIONS } from '../engine.ts';
import { jetDimensions } from '../jet-tape.ts';
import { matrix } from '../matrix.ts';
import { referenceJets } from '../reference/jets.ts';
import { candidates } from './engines.test.helper.ts';

const tested = candidates();
const reference = referenceJets();

/** A fixed sequence in [−scale, scale]. */
function numbers(seed: number, length: number, scale = 1): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return scale * (state / 2 ** 31 - 1);
  });
}

interface Case {
  readonly sizes: number[];
  readonly points: number;
  readonly activation?: Activation;
  readonly higher?: boolean;
  readonly embedded?: boolean;
  readonly residual?: boolean;
}

/** Three directions; two second-order channels and, with `higher`, raw ones and channels of the orders 3 and 4. */
function shapeOf({ sizes, activation = 'tanh', higher, embedded, residual }: Case, dtype: Dtype = 'f64'): JetShape {
  const d = embedded ? 2 : sizes[0]!;
  return {
    sizes,
    gated: true,
    residual,
    activation,
    dtype,
    directions: numbers(1, 3 * d),
    second: numbers(2, 2 * 3),
    ...(higher && { higher: { rawSeconds: 3, rawThirds: 2, third: numbers(8, 3), fourth: numbers(9, 4) } }),
    ...(embedded && { embedding: { coordinates: 2, kept: [1], frequencies: numbers(5, sizes[0]! - 1, 1.5) } }),
  };
}

const CASES: [string, Case][] = [
  ['two layers', { sizes: [2, 13, 13, 1], points: 70 }],
  ['three layers, two outputs', { sizes: [3, 8, 8, 8, 2], points: 33 }],
  ['one gate', { sizes: [1, 5, 1], points: 3 }],
  ['orders 3 and 4', { sizes: [2, 17, 17, 1], points: 67, higher: true }],
  ['orders 3 and 4, features, two outputs', { sizes: [5, 9, 9, 2], points: 9, higher: true, embedded: true }],
  ['features', { sizes: [5, 9, 9, 1], points: 20, embedded: true }],
  ['no points', { sizes: [2, 9, 9, 1], points: 0 }],
  ...ACTIVATIONS.map((activation): [string, Case] => [activation, { sizes: [2, 11, 11, 1], points: 20, activation }]),
  ['a residual block', { sizes: [2, 13, 13, 13, 1], points: 70, residual: true }],
  ['three residual blocks, two outputs', { sizes: [3, 8, 8, 8, 8, 8, 8, 8, 8, 8, 2], points: 33, residual: true }],
  [
    'residual blocks, orders 3 and 4, features',
    { sizes: [5, 17, 17, 17, 17, 17, 17, 1], points: 67, higher: true, embedded: true, residual: true },
  ],
  ['residual blocks without points', { sizes: [2, 9, 9, 9, 1], points: 0, residual: true }],
];

function run(jets: typeof reference, shape: JetShape, points: number, theta = thetaOf(shape)) {
  const { inputs, outputs, channels } = jetDimensions(shape);
  const columns = matrix(inputs + outputs * channels, points);
  columns.data.set(numbers(4, inputs * points));
  const seeds = matrix(outputs * channels, points);
  seeds.data.set(numbers(6, outputs * channels * points));
  const tape = jets.tape(shape, points);
  jets.forward(shape, theta, columns, tape);
  const without = matrix(columns.rows, points);
  without.data.set(numbers(4, inputs * points));
  jets.forward(shape, theta, without, null);
  jets.adjoint(shape, theta, seeds, tape);
  return { columns, without, seeds, tape, channels, outputs, inputs };
}

const thetaOf = (shape: JetShape): Float64Array => numbers(3, jetDimensions(shape).parameters, 0.6);

/** Largest |a − b| / (1 + |b|). */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!) / (1 + Math.abs(b[i]!)));
  return worst;
}

/** The network's value at x by the formulas of docs/math-pinn.md; tanh, one output. */
function value({ sizes, residual }: JetShape, theta: Float64Array, x: number[]): number {
  const h = sizes[1]!;
  let offset = 0;
  const layer = (z: number[], outputs: number): number[] => {
    const a = Array.from({ length: outputs }, (_, j) =>
      [...z, 1].reduce((sum, zi, i) => sum + zi * theta[offset + i * outputs + j]!, 0),
    );
    offset += (z.length + 1) * outputs;
    return a;
  };
  const first = layer(x, 3 * h).map(Math.tanh);
  const [u, v] = [first.slice(0, h), first.slice(h, 2 * h)];
  const mixed = (f: number[]): number[] => f.map((fj, j) => fj * u[j]! + (1 - fj) * v[j]!);
  let z = mixed(first.slice(2 * h));
  let before = u;
  for (let l = 1; l < sizes.length - 2; l++) {
    const f = layer(z, h).map(Math.tanh);
    if (!residual || l % 3 !== 2) {
      z = mixed(f);
      continue;
    }
    const eta = theta[theta.length - (sizes.length - 2) / 3 + (l - 2) / 3]!;
    before = z = f.map((fj, j) => eta * fj + (1 - eta) * before[j]!);
  }
  return layer(z, 1)[0]!;
}

test.each([
  ['gates', { sizes: [2, 6, 6, 1], points: 5, higher: true }],
  ['residual blocks', { sizes: [2, 5, 5, 5, 5, 5, 5, 1], points: 5, higher: true, residual: true }],
])('reference: values by the formulas; channels by derivatives of the values along lines: %s', (_, one) => {
  const shape = shapeOf(one);
  const theta = thetaOf(shape);
  const { columns, inputs } = run(reference, shape, 5);
  const at = (s: number, n: number): number => columns.data[(inputs + s) * 5 + n]!;
  const { directions, second, higher } = shape;
  for (let n = 0; n < 5; n++) {
    const x = [columns.data[n]!, columns.data[5 + n]!];
    expect(at(0, n)).toBeCloseTo(value(shape, theta, x), 13);
    // Derivatives of orders 1 … 4 from the interpolant of degree 24 at Chebyshev points of [−h, h].
    const lines = [0, 1, 2].map((r) =>
      chebyshevDerivatives(
        (t) =>
          value(
            shape,
            theta,
            x.map((xi, i) => xi + t * directions[2 * r + i]!),
          ),
        0.5,
      ),
    );
    const sum = (weights: Float64Array, from: number, count: number, order: number): number =>
      lines.slice(0, count).reduce((total, line, r) => total + weights[from + r]! * line[order - 1]!, 0);
    const wanted = [
      ...lines.map((line) => line[0]!),
      ...[0, 3].map((from) => sum(second, from, 3, 2)),
      ...lines.map((line) => line[1]!),
      ...lines.slice(0, 2).map((line) => line[2]!),
      sum(higher!.third, 0, 3, 3),
      ...[0, 2].map((from) => sum(higher!.fourth, from, 2, 4)),
    ];
    for (const [k, derivative] of wanted.entries())
      expect(Math.abs(at(1 + k, n) - derivative) / (1 + Math.abs(derivative))).toBeLessThan(1e-7);
  }
});

/** f′(0) … f⁗(0) from the interpolant of degree 24 at Chebyshev points of [−h, h]. */
function chebyshevDerivatives(f: (t: number) => number, h: number): number[] {
  const n = 25;
  const angles = Array.from({ length: n }, (_, k) => (Math.PI * (k + 0.5)) / n);
  const values = angles.map((angle) => f(h * Math.cos(angle)));
  const sums = [0, 0, 0, 0];
  for (let k = 1; k < n; k++) {
    const c = (2 / n) * values.reduce((sum, v, i) => sum + v * Math.cos(k * angles[i]!), 0);
    const [sine, cosine] = [[0, 1, 0, -1][k % 4]!, [1, 0, -1, 0][k % 4]!];
    const derivatives = [k * sine, -k * k * cosine, -k * (k * k - 1) * sine, k * k * (k * k - 4) * cosine];
    for (const [j, derivative] of derivatives.entries()) sums[j]! += c * derivative;
  }
  return sums.map((sum, j) => sum / h ** (j + 1));
}

test.each([
  { higher: false, residual: false, sizes: [2, 4, 4, 2] },
  { higher: true, residual: false, sizes: [2, 4, 4, 2] },
  { higher: false, residual: true, sizes: [2, 4, 4, 4, 4, 4, 4, 2] },
  { higher: true, residual: true, sizes: [2, 4, 4, 4, 4, 4, 4, 2] },
])('reference: G·Z is the derivative by every parameter: %o', (one) => {
  const shape = shapeOf({ ...one, points: 3 });
  const theta = thetaOf(shape);
  const { tape, seeds, inputs } = run(reference, shape, 3);
  const sum = (at: Float64Array): number => {
    const { columns } = run(reference, shape, 3, at);
    return (seeds.data as Float64Array).reduce((total, seed, i) => total + seed * columns.data[inputs * 3 + i]!, 0);
  };
  let k = 0;
  const check = (own: number): void => {
    const h = 1e-5;
    const shifted = (by: number): number => sum(theta.map((p, at) => (at === k ? p + by : p)));
    const difference = (shifted(h) - shifted(-h)) / (2 * h);
    expect(Math.abs(own - difference) / (1 + Math.abs(own))).toBeLessThan(1e-7);
    k++;
  };
  for (const [l, z] of tape.inputs.entries()) {
    const g = tape.gradients[l]!;
    for (let i = 0; i < z.cols; i++) {
      for (let j = 0; j < g.cols; j++) {
        let own = 0;
        for (let row = 0; row < z.rows; row++) own += z.data[row * z.cols + i]! * g.data[row * g.cols + j]!;
        check(own);
      }
    }
  }
  for (let block = 0; block < tape.mixing.cols; block++) {
    let own = 0;
    for (let n = 0; n < tape.points; n++) own += tape.mixing.data[n * tape.mixing.cols + block]!;
    check(own);
  }
  expect(k).toBe(theta.length);
});

describe.each(tested)('$name', ({ engine, withThreads }) => {
  test.each(CASES)('%s: outputs and tape are those of the reference, with a tape and without', (_, one) => {
    const shape = shapeOf(one);
    const own = run(engine.jets, shape, one.points);
    const known = run(reference, shape, one.points);
    expect(distance(own.columns.data, known.columns.data)).toBeLessThan(1e-12);
    expect(distance(own.without.data, known.columns.data)).toBeLessThan(1e-12);
    expect(distance(own.tape.buffer, known.tape.buffer)).toBeLessThan(1e-11);
  });

  test.each([
    { sizes: [2, 11, 11, 1], residual: false },
    { sizes: [2, 11, 11, 11, 11, 11, 11, 1], residual: true },
  ])('single precision; the same bits for any number of threads: %o', (one) => {
    const shape = shapeOf({ ...one, points: 300, higher: true }, 'f32');
    const own = run(engine.jets, shape, 300);
    expect(distance(own.columns.data, run(reference, { ...shape, dtype: 'f64' }, 300).columns.data)).toBeLessThan(1e-3);
    const other = run(withThreads(2).jets, shape, 300);
    expect(other.tape.buffer).toEqual(own.tape.buffer);
    expect(other.columns.data).toEqual(own.columns.data);
  });

  test('hidden layers of different widths, or none, are refused', () => {
    for (const sizes of [
      [2, 5, 6, 1],
      [2, 1],
    ])
      expect(() => engine.jets.tape(shapeOf({ sizes, points: 1 }), 1)).toThrow('hidden layers of one width');
  });

  test('residual blocks that are not whole, or without gates, are refused; so is a tape for another number of them', () => {
    const shape = shapeOf({ sizes: [2, 5, 5, 5, 1], points: 1, residual: true });
    const { jets } = engine;
    expect(() => jets.tape({ ...shape, sizes: [2, 5, 5, 1] }, 1)).toThrow('a residual network, got 2 hidden layers');
    expect(() => jets.tape({ ...shape, gated: false }, 1)).toThrow('a residual network, got no gates');
    const columns = matrix(2 + jetDimensions(shape).channels, 1);
    const without = jets.tape({ ...shape, residual: false }, 1);
    expect(() => jets.forward(shape, thetaOf(shape), columns, without)).toThrow('the tape was not made for');
  });
});
