import { describe, expect, test } from 'vitest';
import type { Activation, Dtype, JetShape, JetTape, Jets, Matrix, RealArray } from '../engine.ts';
import { ACTIVATIONS } from '../engine.ts';
import { matrix, matrixOver } from '../matrix.ts';
import { jetChannels } from '../jet-channels.ts';
import { jetDimensions } from '../jet-tape.ts';
import { referenceCaptured } from '../reference/captured.ts';
import { referenceJets } from '../reference/jets.ts';
import { candidates } from './engines.test.helper.ts';

const tested = candidates();
const engines = tested.map(({ name, engine }) => [name, engine.jets] as const);
const natives = tested.filter(({ engine }) => engine.describe().kind === 'native');

/** A fixed sequence in [−scale, scale]. */
function numbers(seed: number, length: number, scale = 1): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return scale * (state / 2 ** 31 - 1);
  });
}

/** R, Q, R₂, R₃, T, F. */
type Counts = [firsts: number, seconds: number, rawSeconds: number, rawThirds: number, thirds: number, fourths: number];

interface Case {
  name: string;
  sizes: number[];
  counts: Counts;
  points: number;
  activation?: Activation;
  embedded?: { coordinates: number; kept: number[] };
}

function shapeOf(
  { sizes, counts, activation = 'tanh', embedded }: Omit<Case, 'name' | 'points'>,
  dtype: Dtype = 'f64',
): JetShape {
  const [firsts, seconds, rawSeconds, rawThirds, thirds, fourths] = counts;
  const d = embedded?.coordinates ?? sizes[0]!;
  return {
    sizes,
    activation,
    dtype,
    directions: numbers(1, firsts * d),
    second: numbers(2, seconds * firsts),
    higher: {
      rawSeconds,
      rawThirds,
      third: numbers(8, thirds * rawSeconds),
      fourth: numbers(9, fourths * rawThirds),
    },
    ...(embedded && {
      embedding: { ...embedded, frequencies: numbers(5, ((sizes[0]! - embedded.kept.length) / 2) * d, 1.5) },
    }),
  };
}

const thetaOf = (shape: JetShape): Float64Array => numbers(3, jetDimensions(shape).parameters, 0.8);

function columnsOf(shape: JetShape, points: number): Matrix {
  const { inputs, outputs, channels } = jetDimensions(shape);
  const columns = matrix(inputs + outputs * channels, points);
  columns.data.fill(NaN);
  columns.data.set(numbers(4, inputs * points));
  return columns;
}

/** The outputs' channels [m·S × N]. */
function channelsAt(
  jets: Jets,
  shape: JetShape,
  theta: Float64Array,
  columns: Matrix,
  tape: JetTape | null = null,
): Float64Array {
  jets.forward(shape, theta, columns, tape);
  return (columns.data as Float64Array).slice(jetDimensions(shape).inputs * columns.cols);
}

/** f′(0) … f⁗(0) from the interpolant of degree 24 at Chebyshev points of [−h, h]. */
function chebyshevDerivatives(f: (t: number) => number, h: number): number[] {
  const n = 25;
  const angles = Array.from({ length: n }, (_, k) => (Math.PI * (k + 0.5)) / n);
  const values = angles.map((angle) => f(h * Math.cos(angle)));
  const sums = [0, 0, 0, 0];
  for (let k = 1; k < n; k++) {
    const c = (2 / n) * values.reduce((sum, value, i) => sum + value * Math.cos(k * angles[i]!), 0);
    const [sine, cosine] = [[0, 1, 0, -1][k % 4]!, [1, 0, -1, 0][k % 4]!];
    // T_k′(0) = k·sin, T_k″(0) = −k²·cos, T_k‴(0) = −k(k² − 1)·sin, T_k⁗(0) = k²(k² − 4)·cos, of kπ/2.
    const derivatives = [k * sine, -k * k * cosine, -k * (k * k - 1) * sine, k * k * (k * k - 4) * cosine];
    for (const [j, derivative] of derivatives.entries()) sums[j]! += c * derivative;
  }
  return sums.map((sum, j) => sum / h ** (j + 1));
}

/** Largest |a − b| / (1 + |b|). */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!) / (1 + Math.abs(b[i]!));
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }
  return worst;
}

function sameBits(a: RealArray, b: RealArray): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

const CASES: Case[] = [
  { name: 'Korteweg-de Vries', sizes: [2, 30, 30, 1], counts: [2, 0, 1, 0, 1, 0], points: 70 },
  { name: 'plate', sizes: [2, 64, 1], counts: [3, 0, 3, 3, 0, 1], points: 67 },
  { name: 'every kind at once', sizes: [3, 17, 9, 1], counts: [4, 2, 3, 2, 2, 3], points: 131 },
  { name: 'raw derivatives alone', sizes: [2, 11, 1], counts: [3, 0, 2, 1, 0, 0], points: 9 },
  { name: 'two outputs', sizes: [2, 13, 6, 2], counts: [3, 1, 2, 2, 1, 1], points: 33 },
  { name: 'no hidden layer', sizes: [3, 1], counts: [2, 1, 2, 1, 1, 1], points: 5 },
  { name: 'one unit', sizes: [1, 1, 1], counts: [1, 1, 1, 1, 1, 1], points: 1 },
  { name: 'no points', sizes: [2, 9, 1], counts: [2, 1, 2, 2, 1, 1], points: 0 },
  {
    name: 'waves and a kept coordinate',
    sizes: [7, 12, 1],
    counts: [3, 1, 2, 2, 1, 1],
    points: 70,
    embedded: { coordinates: 2, kept: [1] },
  },
  ...ACTIVATIONS.map((activation): Case => ({
    name: activation,
    sizes: [2, 21, 13, 1],
    counts: [3, 1, 3, 2, 1, 2],
    points: 130,
    activation,
  })),
];
const cases = CASES.map((one) => [one.name, one] as const);

/** ψ⁗ and the fifth derivative from the formulas of docs/math-pinn.md at 120 digits (mpmath), rounded to f64. */
const TABLE: Record<Activation, readonly (readonly [a: number, fourth: number, fifth: number])[]> = {
  tanh: [
    [-1.875, 0.5007347935003926, 0.5560195420158992],
    [-0.71, -2.6996355295422387, -7.563933395492969],
    [-0.0009765625, -0.015624957780102023, 15.999870300593708],
    [0, 0.0, 16.0],
    [0.37, 4.022923879159537, 2.4903291864324824],
    [1.2, -0.17278926915622128, -2.8787591341513683],
    [2.9, -0.09225996187566708, 0.17541748130971574],
  ],
  sin: [
    [-12.3, 0.26323179136580094, 0.9647326178866098],
    [-5.75, 0.5082790774992584, 0.8611924171615208],
    [-1.875, -0.9540857816096938, -0.29953350618957414],
    [-0.71, -0.6518337710215366, 0.7583618759905082],
    [-0.0009765625, -0.0009765623447795783, 0.9999995231628797],
    [0, 0.0, 1.0],
    [0.37, 0.361615431964962, 0.9323273456060345],
    [1.2, 0.9320390859672263, 0.3623577544766736],
    [2.9, 0.23924932921398243, -0.9709581651495905],
    [7.125, 0.7458531332084875, 0.6661104290454266],
  ],
  silu: [
    [-12.3, -3.7776064738722594e-5, -3.3221237540943505e-5],
    [-5.75, -0.00497347152522211, -0.00136507979731002],
    [-1.875, 0.2030043479421868, 0.02445311673590492],
    [-0.71, -0.1996393586863312, -0.6579484870155514],
    [-0.0009765625, -0.4999992847445848, -0.0014648424306269263],
    [0, -0.5, 0.0],
    [0.37, -0.4036952640439572, 0.4875314589345471],
    [1.2, 0.08215575306815204, 0.4269335735667303],
    [2.9, 0.0868515621093717, -0.11726370651064338],
    [7.125, -0.002461931672930554, 0.0016149022664952114],
  ],
  gelu: [
    [-12.3, -1.2241369585314875e-29, -1.4649209538985182e-28],
    [-5.75, -2.2847701603347648e-5, -0.0001134290799619713],
    [-1.875, 0.5674699820458364, 1.0720671080343838],
    [-0.71, -0.2249229427315482, -2.797798574163504],
    [-0.0009765625, -1.595765697458486, -0.0070126498418055004],
    [0, -1.5957691216057308, 0.0],
    [0.37, -1.1401623782679835, 2.276177614101725],
    [1.2, 0.7779870106847443, 0.9865272988523166],
    [2.9, -0.09439585436604746, -0.06528445883921594],
    [7.125, -8.409665339184664e-9, 5.482925059804908e-8],
  ],
  softplus: [
    [-12.3, 4.551578718608175e-6, 4.551412976679292e-6],
    [-5.75, 0.0031026040511399474, 0.003023284822570765],
    [-1.875, 0.03554130811106921, -0.03244752826555197],
    [-0.71, -0.07198561872125314, -0.12437058619532589],
    [-0.0009765625, -0.12499988079075071, -0.00024414046007835145],
    [0, -0.125, 0.0],
    [0.37, -0.10869032425505194, 0.08396225128716354],
    [1.2, -0.011984151431433563, 0.10841029899490524],
    [2.9, 0.034771502509760084, -0.018011878596437464],
    [7.125, 0.000799566292399492, -0.0007944135919338277],
  ],
  gaussian: [
    [-12.3, 3.0895777754761214e-29, 3.69764595928028e-28],
    [-5.75, 5.939182212437008e-5, 0.0002957602266414719],
    [-1.875, -0.9886881543927178, -2.520577038137968],
    [-0.71, 0.17838181355721144, 5.635763027701555],
    [-0.0009765625, 2.999992847446606, 0.014648421201861939],
    [0, 3.0, 0.0],
    [0.37, 2.051965820757469, -4.716270403207664],
    [1.2, -1.7359532456556428, -1.5616569978414967],
    [2.9, 0.3471783423336775, -0.070448342217243],
    [7.125, 2.155122295479966e-8, -1.4065973257130834e-7],
  ],
};

describe.each(engines)('jets of order 3 and 4, %s', (_name, jets) => {
  test.each(cases)('oracle pinn §8.1: channels against a Chebyshev fit: %s', (_, one) => {
    const shape = shapeOf(one);
    const { inputs: d, outputs: m, channels } = jetDimensions(shape);
    const theta = thetaOf(shape).map((x) => x / Math.sqrt(Math.max(...one.sizes)));
    const columns = columnsOf(shape, one.points);
    const got = channelsAt(jets, shape, theta, columns);
    const values = { ...shape, directions: new Float64Array(0), second: new Float64Array(0), higher: undefined };
    for (let n = 0; n < one.points; n += 29) {
      const line = (o: number, r: number) => (t: number) => {
        const point = matrix(d + m, 1);
        for (let i = 0; i < d; i++)
          point.data[i] = columns.data[i * one.points + n]! + t * shape.directions[r * d + i]!;
        return channelsAt(referenceJets(), values, theta, point)[o]!;
      };
      for (let o = 0; o < m; o++) {
        const derivatives = Array.from({ length: one.counts[0] }, (__, r) => chebyshevDerivatives(line(o, r), 0.8));
        const want = jetChannels(shape, d).map(({ order, terms }) =>
          terms.reduce((sum, [r, weight]) => sum + weight * derivatives[r]![order - 1]!, 0),
        );
        const mine = want.map((__, s) => got[(o * channels + 1 + s) * one.points + n]!);
        expect(distance(mine, want)).toBeLessThan(1e-7);
      }
    }
  });

  test('oracle pinn §8.1: collapsed = Σ c_r × uncollapsed, to round-off', () => {
    for (const activation of ACTIVATIONS) {
      const points = 40;
      const collapsed = shapeOf({ sizes: [4, 13, 11, 1], counts: [3, 0, 3, 3, 2, 2], activation });
      const one = Float64Array.from({ length: 9 }, (__, k) => (k % 4 === 0 ? 1 : 0));
      const separate: JetShape = { ...collapsed, higher: { rawSeconds: 3, rawThirds: 3, third: one, fourth: one } };
      const theta = thetaOf(collapsed);
      const [together, apart] = [collapsed, separate].map((shape) =>
        channelsAt(jets, shape, theta, columnsOf(shape, points)),
      ) as [Float64Array, Float64Array];
      // Behind value, 3 firsts, 3 raw seconds, 3 raw thirds: the thirds, then the fourths.
      for (const [weights, at, from] of [
        [collapsed.higher!.third, 10, 10],
        [collapsed.higher!.fourth, 12, 13],
      ] as const) {
        for (let k = 0; k < 2 * points; k++) {
          const [row, n] = [Math.floor(k / points), k % points];
          const terms = [0, 1, 2].map((r) => weights[row * 3 + r]! * apart[(from + r) * points + n]!);
          const scale = 1 + terms.reduce((sum, term) => sum + Math.abs(term), 0);
          const want = terms.reduce((sum, term) => sum + term, 0);
          expect(Math.abs(together[(at + row) * points + n]! - want)).toBeLessThan(1e-13 * scale);
        }
      }
      // The raw third derivative is a third-order channel of one direction.
      expect(distance(apart.subarray(7 * points, 10 * points), apart.subarray(10 * points, 13 * points))).toBeLessThan(
        1e-13,
      );
    }
  });

  test.each(Object.entries(TABLE))('the fourth and fifth derivative of %s against 120 digits', (name, rows) => {
    // u(x) = ψ(x) along v = 1: the channel of order 4 is ψ⁗; the seed 1 on it gives ā₀ = the fifth derivative.
    const one = Float64Array.of(1);
    const none = new Float64Array(0);
    for (const [dtype, epsilon] of [
      ['f64', 2 ** -52],
      ['f32', 2 ** -23],
    ] as const) {
      const shape: JetShape = {
        sizes: [1, 1, 1],
        activation: name as Activation,
        dtype,
        directions: one,
        second: none,
        higher: { rawSeconds: 1, rawThirds: 1, third: none, fourth: one },
      };
      const points = rows.length;
      const columns = matrix(6, points);
      for (const [n, [a]] of rows.entries()) columns.data[n] = dtype === 'f32' ? Math.fround(a) : a;
      const tape = jets.tape(shape, points);
      const channels = channelsAt(jets, shape, Float64Array.of(1, 0, 1, 0), columns, tape);
      const seeds = matrix(5, points);
      seeds.data.fill(1, 4 * points);
      jets.adjoint(shape, Float64Array.of(1, 0, 1, 0), seeds, tape);
      for (const [n, [a, fourth, fifth]] of rows.entries()) {
        // In units of the numbers' own size or, where one passes through 0, of the other's; a rounded to f32 moves both.
        const size = Math.max(Math.abs(fourth), Math.abs(fifth));
        const moved = dtype === 'f32' ? Math.abs(a - Math.fround(a)) * 40 * size : 0;
        const bound = 64 * epsilon * size + moved + (dtype === 'f32' ? 1e-38 : 0);
        expect(Math.abs(channels[4 * points + n]! - fourth), `${a}`).toBeLessThan(bound);
        expect(Math.abs(tape.gradients[0]!.data[5 * n]! - fifth), `${a}`).toBeLessThan(bound);
      }
    }
  });

  test.each(cases.filter(([, { points }]) => points > 0))(
    'oracle pinn §8.3: J from (Z, G) against central differences: %s',
    (_, one) => {
      const shape = shapeOf(one);
      const { outputs, channels, parameters } = jetDimensions(shape);
      const theta = thetaOf(shape).map((x) => x / Math.sqrt(Math.max(...one.sizes)));
      const points = 4;
      const rows = outputs * channels;
      const seeds = matrixOver(rows, points, numbers(7, rows * points));
      const tape = jets.tape(shape, points);
      tape.buffer.fill(NaN);
      jets.forward(shape, theta, columnsOf(shape, points), tape);
      jets.adjoint(shape, theta, seeds, tape);
      expect(tape.buffer.every(Number.isFinite)).toBe(true);
      const jacobian = matrix(points, parameters);
      let offset = 0;
      for (let layer = 0; layer + 1 < one.sizes.length; layer++) {
        const [z, g] = [tape.inputs[layer]!, tape.gradients[layer]!];
        referenceCaptured().jacobian(z, g, channels, new Float64Array(points).fill(1), jacobian, 0, offset);
        offset += (one.sizes[layer]! + 1) * one.sizes[layer + 1]!;
      }
      const residuals = (p: number, step: number): number[] => {
        const moved = theta.slice();
        moved[p]! += step;
        const values = channelsAt(jets, shape, moved, columnsOf(shape, points));
        return Array.from({ length: points }, (__, n) =>
          Array.from({ length: rows }, (___, s) => seeds.data[s * points + n]! * values[s * points + n]!).reduce(
            (a, b) => a + b,
            0,
          ),
        );
      };
      for (let p = 0; p < parameters; p += Math.max(1, Math.floor(parameters / 100))) {
        const [up, down] = [residuals(p, 1e-5), residuals(p, -1e-5)];
        const want = up.map((value, n) => (value - down[n]!) / 2e-5);
        expect(
          distance(
            want.map((__, n) => jacobian.data[n * parameters + p]!),
            want,
          ),
        ).toBeLessThan(1e-7);
      }
    },
  );

  test('shapes that do not fit are refused', () => {
    const shape = shapeOf({ sizes: [2, 5, 1], counts: [2, 0, 2, 1, 1, 1] });
    const fails = (higher: Partial<NonNullable<JetShape['higher']>>): void =>
      expect(() => jets.tape({ ...shape, higher: { ...shape.higher!, ...higher } }, 1)).toThrow(
        expect.objectContaining({ code: 'KFAC_SHAPE' }),
      );
    fails({ rawSeconds: 3 });
    fails({ rawThirds: 3 });
    fails({ third: new Float64Array(3) });
    fails({ rawThirds: 0 });
  });
});

describe.each(natives.map((one) => [one.name, one] as const))(
  '%s against the reference',
  (_name, { engine, withThreads }) => {
    /** Channels and tape after forward and adjoint. */
    const run = (jets: Jets, shape: JetShape, points: number): [Float64Array, JetTape['buffer']] => {
      const { outputs, channels } = jetDimensions(shape);
      const tape = jets.tape(shape, points);
      const values = channelsAt(jets, shape, thetaOf(shape), columnsOf(shape, points), tape);
      const rows = outputs * channels;
      jets.adjoint(shape, thetaOf(shape), matrixOver(rows, points, numbers(7, rows * points)), tape);
      return [values, tape.buffer];
    };

    test.each(cases)('%s: f64, f32, any number of threads, with and without a tape', (_, one) => {
      for (const [dtype, tolerance] of [
        ['f64', 1e-11],
        ['f32', 2e-3],
      ] as const) {
        const shape = shapeOf(one, dtype);
        const largest = (list: ArrayLike<number>): number =>
          Float64Array.from(list).reduce((sum, x) => Math.max(sum, Math.abs(x)), 0);
        const [values, tape] = run(engine.jets, shape, one.points);
        const [wantValues, wantTape] = run(referenceJets(), shape, one.points);
        const misfit = (got: ArrayLike<number>, want: ArrayLike<number>): number =>
          largest(Float64Array.from(got, (x, i) => x - want[i]!)) / (1 + largest(want));
        expect(misfit(values, wantValues)).toBeLessThan(tolerance);
        expect(misfit(tape, wantTape)).toBeLessThan(tolerance);
        const withoutTape = channelsAt(engine.jets, shape, thetaOf(shape), columnsOf(shape, one.points));
        expect(sameBits(withoutTape, values)).toBe(true);
        for (const threads of [2, 3]) {
          const [others, otherTape] = run(withThreads(threads).jets, shape, one.points);
          expect(sameBits(others, values) && sameBits(otherTape, tape)).toBe(true);
        }
        withThreads(1);
      }
    });
  },
);
