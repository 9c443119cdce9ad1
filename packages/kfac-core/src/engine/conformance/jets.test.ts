import { describe, expect, test } from 'vitest';
import type { Activation, Dtype, JetShape, JetTape, Jets, Matrix, RealArray } from '../engine.ts';
import { ACTIVATIONS } from '../engine.ts';
import { normalCdf } from '../../normal.ts';
import { matrix, matrixOver } from '../matrix.ts';
import { jetDimensions } from '../jet-tape.ts';
import { referenceCaptured } from '../reference/captured.ts';
import { candidates } from './engines.test.helper.ts';
import { referenceJets } from '../reference/jets.ts';

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

interface Options {
  firsts?: number;
  seconds?: number;
  activation?: Activation;
  dtype?: Dtype;
  /** Coordinates and which of them are kept; cosines and sines fill the rest of the first layer. */
  embedded?: { coordinates: number; kept: number[] };
}

function makeShape(
  sizes: number[],
  { firsts = 2, seconds = 1, activation = 'tanh', dtype = 'f64', embedded }: Options = {},
): JetShape {
  const d = embedded?.coordinates ?? sizes[0]!;
  const rest = { directions: numbers(1, firsts * d), second: numbers(2, seconds * firsts) };
  if (!embedded) return { sizes, activation, dtype, ...rest };
  const frequencies = numbers(5, ((sizes[0]! - embedded.kept.length) / 2) * d);
  return { sizes, activation, dtype, ...rest, embedding: { ...embedded, frequencies } };
}

/** m·S: rows of the outputs' channels. */
function rowsOf(shape: JetShape): number {
  const { outputs: m, channels } = jetDimensions(shape);
  return m * channels;
}

function makeTheta(shape: JetShape): Float64Array {
  return numbers(3, jetDimensions(shape).parameters, 0.9);
}

function makeColumns(shape: JetShape, points: number): Matrix {
  const { inputs } = jetDimensions(shape);
  const columns = matrix(inputs + rowsOf(shape), points);
  columns.data.fill(NaN);
  columns.data.set(numbers(4, inputs * points));
  return columns;
}

/** The outputs' channels [m·S × N] at these coordinates. */
function outputs(
  jets: Jets,
  shape: JetShape,
  theta: Float64Array,
  columns: Matrix,
  tape: JetTape | null = null,
): Float64Array {
  jets.forward(shape, theta, columns, tape);
  return (columns.data as Float64Array).slice(jetDimensions(shape).inputs * columns.cols);
}

/** Textbook formulas, for moderate arguments. */
const ACTIVATION_VALUES: Record<Activation, (a: number) => number> = {
  tanh: Math.tanh,
  sin: Math.sin,
  silu: (a) => a / (1 + Math.exp(-a)),
  gelu: (a) => a * normalCdf(a),
  softplus: (a) => Math.log(1 + Math.exp(a)),
  gaussian: (a) => Math.exp(-(a ** 2) / 2),
};

/** All outputs at x, by nothing but the definition of an MLP. */
function evaluate({ sizes, activation, embedding }: JetShape, theta: Float64Array, x: readonly number[]): number[] {
  let values = [...x];
  if (embedding) {
    const { kept, frequencies } = embedding;
    const phases = Array.from({ length: frequencies.length / x.length }, (_, k) =>
      x.reduce((sum, value, i) => sum + value * frequencies[k * x.length + i]!, 0),
    );
    values = [...kept.map((axis) => x[axis]!), ...phases.map(Math.cos), ...phases.map(Math.sin)];
  }
  let offset = 0;
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    const width = sizes[layer + 1]!;
    const z = [...values, 1];
    const sums = Array.from({ length: width }, (_, j) =>
      z.reduce((sum, value, i) => sum + value * theta[offset + i * width + j]!, 0),
    );
    values = layer + 2 === sizes.length ? sums : sums.map(ACTIVATION_VALUES[activation]);
    offset += z.length * width;
  }
  return values;
}

/** f′(0) and f″(0) from the interpolant of degree 24 at Chebyshev points of [−h, h]. */
function chebyshevDerivatives(f: (t: number) => number, h: number): [number, number] {
  const n = 25;
  const angles = Array.from({ length: n }, (_, k) => (Math.PI * (k + 0.5)) / n);
  const values = angles.map((angle) => f(h * Math.cos(angle)));
  let first = 0;
  let second = 0;
  for (let k = 1; k < n; k++) {
    const c = (2 / n) * values.reduce((sum, value, i) => sum + value * Math.cos(k * angles[i]!), 0);
    // T_k′(0) = k·sin(kπ/2), T_k″(0) = −k²·cos(kπ/2).
    first += k % 2 === 1 ? c * k * (k % 4 === 1 ? 1 : -1) : 0;
    second -= k % 2 === 0 ? c * k * k * (k % 4 === 0 ? 1 : -1) : 0;
  }
  return [first / h, second / h ** 2];
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

/** e_n = Σ_s seeds[s, n]·channel s. */
function seeded(seeds: Matrix, channels: Float64Array): Float64Array {
  return Float64Array.from({ length: seeds.cols }, (_, n) => {
    let sum = 0;
    for (let s = 0; s < seeds.rows; s++) sum += seeds.data[s * seeds.cols + n]! * channels[s * seeds.cols + n]!;
    return sum;
  });
}

const SHAPES: [string, number[], Options, number][] = [
  ['P2/S', [2, 64, 1], { firsts: 2, seconds: 1 }, 70],
  ['one unit', [1, 1, 1], { firsts: 1, seconds: 1 }, 1],
  ['deep, odd widths, three collapsed channels', [3, 17, 9, 5, 1], { firsts: 3, seconds: 3 }, 131],
  ['values only', [5, 23, 40, 1], { firsts: 0, seconds: 0 }, 67],
  ['first derivatives only', [4, 8, 8, 1], { firsts: 4, seconds: 0 }, 33],
  ['ten directions', [10, 33, 1], { firsts: 10, seconds: 1 }, 9],
  ['no hidden layer', [3, 1], { firsts: 2, seconds: 1 }, 5],
  ['wide', [2, 130, 70, 1], { firsts: 2, seconds: 1 }, 65],
  ['no points', [2, 20, 20, 1], { firsts: 2, seconds: 1 }, 0],
  ['sin, deep', [2, 20, 20, 20, 1], { firsts: 2, seconds: 1, activation: 'sin' }, 257],
  ['sin, one layer', [2, 31, 1], { firsts: 3, seconds: 2, activation: 'sin' }, 64],
  ['two outputs', [2, 21, 2], { firsts: 2, seconds: 1 }, 67],
  ['five outputs, deep, odd widths', [3, 17, 9, 5], { firsts: 3, seconds: 2 }, 70],
  ['nine outputs, values only', [1, 6, 9], { firsts: 0, seconds: 0 }, 3],
  ['two outputs, no hidden layer', [3, 2], { firsts: 2, seconds: 1 }, 5],
  ['waves and a kept coordinate', [7, 12, 1], { embedded: { coordinates: 2, kept: [1] } }, 70],
  ['waves alone, deep', [38, 9, 5, 1], { firsts: 3, seconds: 2, embedded: { coordinates: 3, kept: [] } }, 67],
  ['waves, values only', [5, 6, 1], { firsts: 0, seconds: 0, embedded: { coordinates: 2, kept: [0] } }, 9],
  ['kept coordinates in another order', [3, 8, 1], { embedded: { coordinates: 2, kept: [1, 0, 1] } }, 9],
  ['waves without a hidden layer', [4, 1], { firsts: 1, embedded: { coordinates: 1, kept: [] } }, 5],
  ['silu', [2, 21, 13, 1], { firsts: 3, seconds: 2, activation: 'silu' }, 130],
  ['gelu', [2, 21, 13, 1], { firsts: 3, seconds: 2, activation: 'gelu' }, 130],
  ['softplus', [2, 21, 13, 1], { firsts: 3, seconds: 2, activation: 'softplus' }, 130],
  ['gaussian', [2, 21, 13, 1], { firsts: 3, seconds: 2, activation: 'gaussian' }, 130],
];

describe.each(engines)('jets, %s', (_name, jets) => {
  test('the tape lies in one buffer: inputs, pre-activations, gradients', () => {
    const shape = makeShape([2, 5, 3, 1]);
    const tape = jets.tape(shape, 7);
    const sizes = (parts: readonly Matrix[]): string[] => parts.map((m) => `${m.rows}×${m.cols}`);
    expect(sizes(tape.inputs)).toEqual(['28×3', '28×6', '28×4']);
    expect(sizes(tape.preactivations)).toEqual(['28×5', '28×3']);
    expect(sizes(tape.gradients)).toEqual(['28×5', '28×3', '28×1']);
    let offset = 0;
    for (const { data } of [...tape.inputs, ...tape.preactivations, ...tape.gradients]) {
      expect(data.buffer).toBe(tape.buffer.buffer);
      expect(data.byteOffset).toBe(8 * offset);
      offset += data.length;
    }
    expect(tape.buffer.length).toBe(offset);
  });

  test.each(SHAPES)(
    'oracle pinn §8.1: value and channels against the network and a Chebyshev fit: %s',
    (_case, sizes, options, points) => {
      const shape = { ...makeShape(sizes, options) };
      const { inputs: d, outputs: m, firsts, seconds } = jetDimensions(shape);
      const theta = makeTheta(shape).map((x) => x / Math.sqrt(Math.max(...sizes)));
      const columns = makeColumns(shape, points);
      const channels = outputs(jets, shape, theta, columns);
      for (let n = 0; n < points; n += 13) {
        const x = Array.from({ length: d }, (_, i) => columns.data[i * points + n]!);
        const line = (o: number, r: number) => (t: number) =>
          evaluate(
            shape,
            theta,
            x.map((value, i) => value + t * shape.directions[r * d + i]!),
          )[o]!;
        const want: number[] = [];
        for (let o = 0; o < m; o++) {
          const derivatives = Array.from({ length: firsts }, (_, r) => chebyshevDerivatives(line(o, r), 0.4));
          want.push(evaluate(shape, theta, x)[o]!, ...derivatives.map(([first]) => first));
          for (let q = 0; q < seconds; q++)
            want.push(derivatives.reduce((sum, [, second], r) => sum + shape.second[q * firsts + r]! * second, 0));
        }
        expect(
          distance(
            want.map((_, s) => channels[s * points + n]!),
            want,
          ),
        ).toBeLessThan(1e-10);
      }
    },
  );

  test('oracle pinn §8.1: collapsed = Σ c_r × uncollapsed, to round-off', () => {
    for (const activation of ACTIVATIONS) {
      const base = makeShape([4, 13, 11, 1], { firsts: 3, activation });
      const theta = makeTheta(base);
      const points = 40;
      const second = numbers(9, 6);
      const uncollapsed = { ...base, second: Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]) };
      const separate = outputs(jets, uncollapsed, theta, makeColumns(uncollapsed, points));
      const collapsed = outputs(jets, { ...base, second }, theta, makeColumns({ ...base, second }, points));
      for (let q = 0; q < 2; q++) {
        for (let n = 0; n < points; n++) {
          let want = 0;
          let scale = 0;
          for (let r = 0; r < 3; r++) {
            const term = second[q * 3 + r]! * separate[(4 + r) * points + n]!;
            want += term;
            scale += Math.abs(term);
          }
          expect(Math.abs(collapsed[(4 + q) * points + n]! - want)).toBeLessThan(1e-13 * (1 + scale));
        }
      }
    }
  });

  test('oracle pinn §8.1: the table of tanh derivatives = the recurrence of tanh', () => {
    // u(x) = tanh x with v = 1: channels ψ, ψ′, ψ″; the seed 1 on the last channel gives ā₀ = ψ‴.
    const shape: JetShape = {
      sizes: [1, 1, 1],
      activation: 'tanh',
      dtype: 'f64',
      directions: Float64Array.of(1),
      second: Float64Array.of(1),
    };
    const theta = Float64Array.of(1, 0, 1, 0);
    const points = 401;
    const columns = matrix(4, points);
    for (let n = 0; n < points; n++) columns.data[n] = (n - 200) / 40;
    const tape = jets.tape(shape, points);
    const channels = outputs(jets, shape, theta, columns, tape);
    const seeds = matrix(3, points);
    seeds.data.fill(1, 2 * points);
    jets.adjoint(shape, theta, seeds, tape);
    for (let n = 0; n < points; n++) {
      // s_k = [k = 0] − Σ_j C(k, j)·y_j·y_{k−j}, y_{k+1} = s_k.
      const y = [Math.tanh(columns.data[n]!)];
      y.push(1 - y[0]! * y[0]!);
      y.push(-2 * y[0]! * y[1]!);
      y.push(-2 * y[0]! * y[2]! - 2 * y[1]! * y[1]!);
      const got = [0, 1, 2].map((s) => channels[s * points + n]!);
      got.push(tape.gradients[0]!.data[3 * n]!);
      expect(distance(got, y)).toBeLessThan(2e-15);
    }
  });

  test('oracle pinn §8.2: polarisation of the mixed second derivative; directional derivatives of sin(a·x + b)', () => {
    const directions = Float64Array.of(1, 1, 1, -1, 1, 0, 0, 1);
    const second = Float64Array.of(0.25, -0.25, 0, 0, 0.5, 0, -0.5, -0.5);
    const deep: JetShape = { sizes: [2, 12, 9, 1], activation: 'tanh', dtype: 'f64', directions, second };
    const points = 50;
    const mixed = outputs(jets, deep, makeTheta(deep), makeColumns(deep, points)).subarray(5 * points);
    expect(distance(mixed.subarray(0, points), mixed.subarray(points))).toBeLessThan(1e-13);

    const plane: JetShape = { sizes: [2, 1, 1], activation: 'sin', dtype: 'f64', directions, second };
    const [a, b, shift] = [1.3, -0.7, 0.4];
    const columns = makeColumns(plane, points);
    const channels = outputs(jets, plane, Float64Array.of(a, b, shift, 1, 0), columns);
    for (let n = 0; n < points; n++) {
      const phase = a * columns.data[n]! + b * columns.data[points + n]! + shift;
      const firsts = [a + b, a - b, a, b].map((slope) => slope * Math.cos(phase));
      const want = [Math.sin(phase), ...firsts, -a * b * Math.sin(phase), -a * b * Math.sin(phase)];
      expect(
        distance(
          want.map((_, s) => channels[s * points + n]!),
          want,
        ),
      ).toBeLessThan(1e-14);
    }
  });

  test.each(SHAPES.filter(([, , , points]) => points > 0))(
    'oracle pinn §8.3: J from (Z, G) against central differences in every parameter: %s',
    (_case, sizes, options) => {
      const shape = makeShape(sizes, options);
      const { channels, parameters } = jetDimensions(shape);
      const theta = makeTheta(shape).map((x) => x / Math.sqrt(Math.max(...sizes)));
      const points = 6;
      const seeds = matrixOver(rowsOf(shape), points, numbers(7, rowsOf(shape) * points));
      const tape = jets.tape(shape, points);
      tape.buffer.fill(NaN);
      jets.forward(shape, theta, makeColumns(shape, points), tape);
      jets.adjoint(shape, theta, seeds, tape);
      expect(tape.buffer.every(Number.isFinite)).toBe(true);
      const jacobian = matrix(points, parameters);
      let offset = 0;
      for (let layer = 0; layer + 1 < sizes.length; layer++) {
        referenceCaptured().jacobian(
          tape.inputs[layer]!,
          tape.gradients[layer]!,
          channels,
          new Float64Array(points).fill(1),
          jacobian,
          0,
          offset,
        );
        offset += (sizes[layer]! + 1) * sizes[layer + 1]!;
      }
      const at = (p: number, step: number): Float64Array => {
        const moved = theta.slice();
        moved[p]! += step;
        return seeded(seeds, outputs(jets, shape, moved, makeColumns(shape, points)));
      };
      const stride = Math.max(1, Math.floor(parameters / 150));
      for (let p = 0; p < parameters; p += stride) {
        const up = at(p, 1e-5);
        const down = at(p, -1e-5);
        for (let n = 0; n < points; n++) {
          const want = (up[n]! - down[n]!) / 2e-5;
          expect(Math.abs(jacobian.data[n * parameters + p]! - want)).toBeLessThan(1e-7);
        }
      }
    },
  );

  test('oracle pinn §8.3: ⟨w, Jv⟩ = ⟨Jᵀw, v⟩ to 1e-13, J·v against a central difference along v', () => {
    const shape = makeShape([3, 19, 8, 2], { firsts: 3, seconds: 2 });
    const { channels, parameters } = jetDimensions(shape);
    const theta = makeTheta(shape);
    const points = 77;
    const seeds = matrixOver(rowsOf(shape), points, numbers(7, rowsOf(shape) * points));
    const tape = jets.tape(shape, points);
    jets.forward(shape, theta, makeColumns(shape, points), tape);
    jets.adjoint(shape, theta, seeds, tape);
    const v = numbers(11, parameters);
    const w = numbers(12, points);
    const product = new Float64Array(points);
    const transposed = new Float64Array(parameters);
    let offset = 0;
    tape.inputs.forEach((z, layer) => {
      const g = tape.gradients[layer]!;
      const end = offset + z.cols * g.cols;
      referenceCaptured().jvp(z, g, channels, [v.subarray(offset, end)], product);
      referenceCaptured().gradient(z, g, channels, w, transposed.subarray(offset, end));
      offset = end;
    });
    const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    const norm = Math.sqrt(dot(product, product) * dot(w, w));
    expect(Math.abs(dot(w, product) - dot(transposed, v))).toBeLessThan(1e-13 * norm);
    const along = (step: number): Float64Array =>
      seeded(
        seeds,
        outputs(
          jets,
          shape,
          theta.map((x, p) => x + step * v[p]!),
          makeColumns(shape, points),
        ),
      );
    const [up, down, up2, down2] = [along(1e-4), along(-1e-4), along(2e-4), along(-2e-4)];
    const difference = up.map((x, n) => (8 * (x - down[n]!) - (up2[n]! - down2[n]!)) / 12e-4);
    expect(distance(product, difference)).toBeLessThan(1e-8);
  });

  test('oracle pinn §8.12: permuted points and units, flipped signs of a tanh unit', () => {
    const shape = makeShape([2, 9, 1]);
    const theta = makeTheta(shape);
    const points = 21;
    const columns = makeColumns(shape, points);
    const want = outputs(jets, shape, theta, columns);
    const reversed = makeColumns(shape, points);
    for (let row = 0; row < 2; row++) {
      for (let n = 0; n < points; n++) reversed.data[row * points + n] = columns.data[row * points + points - 1 - n]!;
    }
    const backwards = outputs(jets, shape, theta, reversed);
    for (let s = 0; s < 4; s++) {
      for (let n = 0; n < points; n++) expect(backwards[s * points + n]).toBe(want[s * points + points - 1 - n]);
    }
    const permuted = theta.slice();
    for (let row = 0; row < 3; row++)
      for (let j = 0; j < 9; j++) permuted[row * 9 + j] = theta[row * 9 + ((j + 4) % 9)]! * (j === 2 ? -1 : 1);
    for (let j = 0; j < 9; j++) permuted[27 + j] = theta[27 + ((j + 4) % 9)]! * (j === 2 ? -1 : 1);
    expect(distance(outputs(jets, shape, permuted, makeColumns(shape, points)), want)).toBeLessThan(1e-12);
  });

  test.each(SHAPES)('a tape changes no bit of the outputs: %s', (_case, sizes, options, points) => {
    for (const dtype of ['f64', 'f32'] as const) {
      const shape = makeShape(sizes, { ...options, dtype });
      const theta = makeTheta(shape);
      const probe = outputs(jets, shape, theta, makeColumns(shape, points));
      expect(sameBits(outputs(jets, shape, theta, makeColumns(shape, points), jets.tape(shape, points)), probe)).toBe(
        true,
      );
      expect(probe.every(Number.isFinite)).toBe(true);
    }
  });

  test('every output is the one of the network that has it alone', () => {
    const shape = makeShape([3, 17, 9, 3], { firsts: 3, seconds: 2 });
    const theta = makeTheta(shape);
    const points = 33;
    const together = outputs(jets, shape, theta, makeColumns(shape, points));
    const head = theta.length - 10 * 3;
    const size = 6 * points;
    for (let o = 0; o < 3; o++) {
      const alone = makeShape([3, 17, 9, 1], { firsts: 3, seconds: 2 });
      const column = theta.subarray(head).filter((_, i) => i % 3 === o);
      const own = outputs(
        jets,
        alone,
        Float64Array.of(...theta.subarray(0, head), ...column),
        makeColumns(alone, points),
      );
      expect(sameBits(own, together.slice(o * size, (o + 1) * size))).toBe(true);
    }
  });

  test('NaN in a coordinate reaches every channel of its point and no other', () => {
    const shape = makeShape([2, 19, 7, 1]);
    const columns = makeColumns(shape, 90);
    columns.data[90 + 33] = NaN;
    outputs(jets, shape, makeTheta(shape), columns).forEach((x, i) => expect(Number.isNaN(x)).toBe(i % 90 === 33));
  });

  test('misfits are refused before anything is written', () => {
    const shape = makeShape([2, 5, 1]);
    const theta = makeTheta(shape);
    const columns = makeColumns(shape, 8);
    const tape = jets.tape(shape, 8);
    const seeds = matrix(4, 8);
    const code = (call: () => void): unknown => {
      try {
        call();
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
      return undefined;
    };
    const forward = (change: Partial<JetShape>, t = theta, c: Matrix = columns, tp: JetTape | null = tape) =>
      code(() => jets.forward({ ...shape, ...change }, t, c, tp));
    expect(forward({ sizes: [2] })).toBe('KFAC_SHAPE');
    expect(forward({ sizes: [2, 0, 1] })).toBe('KFAC_SHAPE');
    expect(forward({ sizes: [2, 3, 2] }, makeTheta(makeShape([2, 3, 2])))).toBe('KFAC_SHAPE');
    expect(forward({ sizes: [2, 2.5, 1] })).toBe('KFAC_SHAPE');
    expect(forward({ sizes: [2, 6, 1] })).toBe('KFAC_SHAPE');
    expect(forward({ activation: 'relu' as Activation })).toBe('KFAC_SHAPE');
    expect(forward({ directions: numbers(1, 3) })).toBe('KFAC_SHAPE');
    expect(forward({ second: numbers(1, 3) })).toBe('KFAC_SHAPE');
    expect(forward({ directions: numbers(1, 0) })).toBe('KFAC_SHAPE');
    expect(forward({ dtype: 'f32' })).toBe('KFAC_DTYPE');
    expect(forward({ dtype: 'f16' as Dtype })).toBe('KFAC_DTYPE');
    expect(forward({}, theta.subarray(1))).toBe('KFAC_SHAPE');
    expect(forward({}, theta, matrix(5, 8))).toBe('KFAC_SHAPE');
    expect(forward({}, theta, matrix(6, 8, 'f32'))).toBe('KFAC_DTYPE');
    expect(forward({}, theta, columns, jets.tape(shape, 7))).toBe('KFAC_SHAPE');
    expect(forward({}, theta, columns, jets.tape(makeShape([2, 6, 1]), 8))).toBe('KFAC_SHAPE');
    const overlapping = matrixOver(6, 8, (tape.buffer as Float64Array).subarray(0, 48));
    expect(forward({}, theta, overlapping)).toBe('KFAC_ALIAS');
    expect(forward({}, (columns.data as Float64Array).subarray(0, theta.length))).toBe('KFAC_ALIAS');
    expect(code(() => jets.adjoint(shape, theta, matrix(3, 8), tape))).toBe('KFAC_SHAPE');
    expect(code(() => jets.adjoint(shape, theta, matrix(4, 7), tape))).toBe('KFAC_SHAPE');
    expect(code(() => jets.adjoint(shape, theta, matrix(4, 8, 'f32'), tape))).toBe('KFAC_DTYPE');
    expect(code(() => jets.tape(shape, -1))).toBe('KFAC_SHAPE');
    expect(code(() => jets.tape(shape, 1.5))).toBe('KFAC_SHAPE');
    expect(code(() => jets.tape(makeShape([2, 2 ** 19, 1]), 2 ** 20))).toBe('KFAC_LIMIT');
    expect(tape.buffer.every((x) => x === 0)).toBe(true);
    expect(code(() => jets.adjoint(shape, theta, seeds, tape))).toBeUndefined();
  });
});

describe.each(natives)('jets, $name against the reference', ({ engine, withThreads }) => {
  const run = (jets: Jets, shape: JetShape, points: number): { channels: Float64Array; tape: JetTape } => {
    const theta = makeTheta(shape);
    const s = rowsOf(shape);
    const tape = jets.tape(shape, points);
    tape.buffer.fill(NaN);
    const channels = outputs(jets, shape, theta, makeColumns(shape, points), tape);
    jets.adjoint(shape, theta, matrixOver(s, points, numbers(8, s * points)), tape);
    return { channels, tape };
  };

  test.each(SHAPES)(
    'oracle kfac §14.33: outputs and tape to 1e-12 in f64, 1e-5 in f32: %s',
    (_case, sizes, options, points) => {
      for (const [dtype, tolerance] of [
        ['f64', 1e-12],
        ['f32', 1e-5],
      ] as const) {
        const shape = makeShape(sizes, { ...options, dtype });
        const want = run(referenceJets(), shape, points);
        const got = run(engine.jets, shape, points);
        expect(distance(got.channels, want.channels)).toBeLessThan(tolerance);
        expect(distance(got.tape.buffer, want.tape.buffer)).toBeLessThan(tolerance);
      }
    },
  );

  test('the same bits for 1, 2 and 4 threads', () => {
    const embedded = { coordinates: 2, kept: [1] };
    for (const shape of [
      makeShape([2, 33, 20, 3], { dtype: 'f64' }),
      makeShape([2, 33, 20, 3], { dtype: 'f32' }),
      ...ACTIVATIONS.map((activation) => makeShape([7, 33, 20, 1], { activation, embedded })),
    ]) {
      const one = run(engine.jets, shape, 1999);
      for (const threads of [2, 4]) {
        const many = run(withThreads(threads).jets, shape, 1999);
        expect(sameBits(many.channels, one.channels) && sameBits(many.tape.buffer, one.tape.buffer)).toBe(true);
      }
    }
  });
});
