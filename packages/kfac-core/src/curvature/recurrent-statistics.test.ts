import { describe, expect, test } from 'vitest';
import { sequenceCapturedLayer } from '../captured-sequence.ts';
import { denseCapturedLayer } from '../captured-layer.ts';
import { candidates } from '../engine/conformance/engines.test.helper.ts';
import type { Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import type { CapturedLayer, Linearization, LossTerm } from '../linearization.ts';
import { ParameterLayout } from '../parameters.ts';
import { PhiloxStream } from '../random.ts';
import { KFacCurvature, type KFacCurvatureOptions, type RecurrentKind } from './kfac-curvature.ts';
import { KroneckerBlock } from './kronecker-block.ts';
import { RecurrentBlock, type RecurrentMoments } from './recurrent-block.ts';
import { RecurrentSide, symmetrize } from './recurrent-side.ts';
import {
  denseMap,
  distance,
  expectNear,
  kronecker,
  largestSingular,
  normals,
  times,
} from './recurrent.test-support.ts';

const engines = candidates();
const { engine: reference } = engines[0]!;

interface Series {
  readonly z: Matrix;
  readonly g: Matrix;
  readonly steps: number;
  readonly lengths: Float64Array;
  readonly weights: Float64Array;
}

/** White series of examples of different length, with other numbers in the rows behind their ends. */
function ragged(stream: PhiloxStream, inputs = 3, outputs = 2): Series {
  const steps = 6;
  const lengths = Float64Array.of(6, 1, 4, 0, 3, 6, 2);
  const weights = lengths.map((_, i) => (0.5 + (i % 3)) / lengths.length);
  const z = normals(lengths.length * steps, inputs, stream);
  const g = normals(lengths.length * steps, outputs, stream);
  return { z, g, steps, lengths, weights };
}

function momentsOf(layer: CapturedLayer, weights: Float64Array, inputs: number, outputs: number): RecurrentMoments {
  const { counts, moments } = layer.sequence!;
  const [a0, a1, g0, g1] = [
    matrix(inputs, inputs),
    matrix(inputs, inputs),
    matrix(outputs, outputs),
    matrix(outputs, outputs),
  ];
  moments(weights, { lag0: a0, lag1: a1 }, { lag0: g0, lag1: g1 });
  const row = matrix(1, counts.length);
  row.data.set(counts);
  return { a0, a1, g0, g1, counts: row };
}

/** Σ_i w_i·Σ_s x_{i,s+r}ᵀ·x_{i,s} over the uses that exist. */
function lagged(x: Matrix, steps: number, lengths: Float64Array, weights: Float64Array, lag: number): Matrix {
  const out = matrix(x.cols, x.cols);
  lengths.forEach((length, i) => {
    for (let s = 0; s + lag < length; s++) {
      const [later, now] = [(i * steps + s + lag) * x.cols, (i * steps + s) * x.cols];
      for (let j = 0; j < x.cols; j++)
        for (let k = 0; k < x.cols; k++)
          out.data[j * x.cols + k]! += weights[i]! * x.data[later + j]! * x.data[now + k]!;
    }
  });
  return out;
}

function scaledBy(scale: number, m: Matrix): Matrix {
  const out = matrix(m.rows, m.cols);
  for (let i = 0; i < m.data.length; i++) out.data[i] = scale * m.data[i]!;
  return out;
}

describe.each(engines)('moments over time, $name', ({ engine }) => {
  test.each(['f64', 'f32'] as const)('%s: lags 0 and 1, sums and means, against their definition', (dtype) => {
    const { z, g, steps, lengths, weights } = ragged(new PhiloxStream(1, 1));
    const cast = (m: Matrix): Matrix => {
      const out = matrix(m.rows, m.cols, dtype);
      out.data.set(m.data);
      return out;
    };
    const tolerance = dtype === 'f64' ? 1e-13 : 1e-6;
    const layer = sequenceCapturedLayer(engine, 'w', cast(z), cast(g), steps, lengths);
    const { a0, a1, g0, g1, counts } = momentsOf(layer, weights, 3, 2);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const mean = total / lengths.length;
    const ones = new Float64Array(lengths.length).fill(1);
    expect(counts.data[0]).toBeCloseTo(mean, 14);
    expectNear(a0, scaledBy(1 / total, lagged(z, steps, lengths, ones, 0)), tolerance);
    expectNear(a1, scaledBy(1 / total, lagged(z, steps, lengths, ones, 1)), tolerance);
    expectNear(g0, scaledBy(1 / mean, lagged(g, steps, lengths, weights, 0)), tolerance);
    expectNear(g1, scaledBy(1 / mean, lagged(g, steps, lengths, weights, 1)), tolerance);

    const [a, gOut, wanted] = [matrix(3, 3), matrix(2, 2), { a: matrix(3, 3), g: matrix(2, 2) }];
    layer.sequence!.reduced(weights, a, gOut);
    lengths.forEach((length, i) => {
      const [x, e] = [z, g].map((m) =>
        Array.from({ length: m.cols }, (_, k) =>
          Array.from({ length }, (_row, s) => m.data[(i * steps + s) * m.cols + k]!).reduce((p, q) => p + q, 0),
        ),
      ) as [number[], number[]];
      for (let k = 0; k < 9; k++) {
        const scale = length > 0 ? 1 / length ** 2 / lengths.filter((own) => own > 0).length : 0;
        wanted.a.data[k]! += scale * x[Math.floor(k / 3)]! * x[k % 3]!;
      }
      for (let k = 0; k < 4; k++) wanted.g.data[k]! += weights[i]! * e[Math.floor(k / 2)]! * e[k % 2]!;
    });
    expectNear(a, wanted.a, tolerance);
    expectNear(gOut, wanted.g, tolerance);
  });

  test('oracle kfac §14.7: rows behind the end of an example change nothing', () => {
    const { z, g, steps, lengths, weights } = ragged(new PhiloxStream(2, 1));
    const all = (): Float64Array[] => {
      const layer = sequenceCapturedLayer(engine, 'w', z, g, steps, lengths);
      const { a0, a1, g0, g1 } = momentsOf(layer, weights, 3, 2);
      const [a, b, block] = [matrix(3, 3), matrix(2, 2), matrix(6, 6)];
      layer.factors(weights, a, b);
      layer.exactBlock(weights, block);
      const gradient = new Float64Array(6);
      layer.gradient(weights, gradient);
      return [...[a0, a1, g0, g1, a, b, block].map(({ data }) => Float64Array.from(data)), gradient];
    };
    const before = all();
    lengths.forEach((length, i) => {
      for (const m of [z, g]) m.data.fill(1e3, (i * steps + length) * m.cols, (i + 1) * steps * m.cols);
    });
    expect(all()).toEqual(before);
  });
});

describe('moments over time', () => {
  test('oracle kfac §14.24: no correlation above one, no symmetric one above cos(π/(T+1)), whatever the data', () => {
    const [examples, steps] = [4, 7];
    const stream = new PhiloxStream(3, 1);
    const fill = (value: (i: number, s: number, k: number, before: number) => number): Matrix => {
      const m = matrix(examples * steps, 3);
      for (let row = 0; row < m.rows; row++) {
        for (let k = 0; k < 3; k++) {
          const s = row % steps;
          const before = s > 0 ? m.data[(row - 1) * 3 + k]! : 0;
          m.data[row * 3 + k] = value(Math.floor(row / steps), s, k, before);
        }
      }
      return m;
    };
    const kinds: readonly Matrix[] = [
      fill((_i, _s, _k, before) => before + stream.normal()),
      fill((_i, _s, k) => k + 1),
      fill((_i, s, k) => (s % 2 === 0 ? 1 : -1) * (k + 1)),
      fill((i, s, k) => Math.sin((Math.PI * (s + 1)) / (steps + 1)) * (1 + 0.1 * i * k)),
      fill(() => stream.normal()),
    ];
    const lengths = Float64Array.of(7, 7, 3, 5);
    for (const [k, z] of kinds.entries()) {
      for (const own of [undefined, lengths]) {
        const layer = sequenceCapturedLayer(reference, 'w', z, z, steps, own);
        const { a0, a1 } = momentsOf(layer, new Float64Array(examples).fill(1), 3, 3);
        const side = new RecurrentSide(reference, 3);
        expect(side.prepare(a0, a1, 1e-9)).toBe(true);
        expect(largestSingular(side.psi), `data ${k}`).toBeLessThan(1 + 1e-12);
        symmetrize(side.psi, side.psi);
        expect(largestSingular(side.psi), `data ${k}`).toBeLessThan(Math.cos(Math.PI / (steps + 1)) + 1e-12);
      }
    }
    // A sine over the series is the extreme case: the bound is reached.
    const layer = sequenceCapturedLayer(reference, 'w', kinds[3]!, kinds[3]!, steps);
    const { a0, a1 } = momentsOf(layer, new Float64Array(examples).fill(1), 3, 3);
    expect(a1.data[0]! / a0.data[0]!).toBeCloseTo(Math.cos(Math.PI / (steps + 1)), 12);
  });

  test('oracle kfac §14.24: with the measured moments of all lags F is positive semi-definite', () => {
    const { z, g, steps, lengths, weights } = ragged(new PhiloxStream(4, 1));
    const ones = new Float64Array(lengths.length).fill(1);
    const f = matrix(6, 6);
    for (let lag = 0; lag < steps; lag++) {
      const part = kronecker(lagged(z, steps, lengths, ones, lag), lagged(g, steps, lengths, weights, lag));
      const count = steps - lag;
      for (let i = 0; i < 6; i++)
        for (let j = 0; j < 6; j++)
          f.data[i * 6 + j]! += count * (part.data[i * 6 + j]! + (lag > 0 ? part.data[j * 6 + i]! : 0));
    }
    const values = new Float64Array(6);
    reference.linalg.eigenSymmetric(f, values, matrix(6, 6));
    expect(values[0]!).toBeGreaterThan(-1e-12 * values[5]!);
  });

  test('oracle kfac §14.26: moments of simulated chains come near those of the population', () => {
    const stream = new PhiloxStream(5, 1);
    const [examples, steps, correlation] = [500, 20, 0.7];
    const z = matrix(examples * steps, 2);
    for (let row = 0; row < z.rows; row++) {
      for (let k = 0; k < 2; k++) {
        const isFirst = row % steps === 0;
        const before = isFirst ? 0 : z.data[(row - 1) * 2 + k]!;
        z.data[row * 2 + k] = isFirst
          ? stream.normal()
          : correlation * before + Math.sqrt(1 - correlation ** 2) * stream.normal();
      }
    }
    const layer = sequenceCapturedLayer(reference, 'w', z, z, steps);
    const { a0, a1 } = momentsOf(layer, new Float64Array(examples).fill(1), 2, 2);
    const near = 5 / Math.sqrt(examples * steps);
    // A correlation of .7 leaves fewer independent terms than there are: a factor of three covers it.
    for (const [i, value] of a0.data.entries()) expect(Math.abs(value - (i % 3 === 0 ? 1 : 0))).toBeLessThan(3 * near);
    const wanted = (correlation * (steps - 1)) / steps;
    for (const [i, value] of a1.data.entries())
      expect(Math.abs(value - (i % 3 === 0 ? wanted : 0))).toBeLessThan(3 * near);
  });

  test('oracle kfac §14.26: the recurrent matrix of a linear network read out at the end: option 1 beats independent', () => {
    const stream = new PhiloxStream(6, 1);
    const [examples, steps, hidden] = [400, 12, 3];
    // h_t = Wᵀ·h_{t−1} + u_t, the scalar is vᵀ·h_T: the input of W at step t is h_{t−1}, its gradient W^{T−t}·v.
    const w = matrix(hidden, hidden);
    w.data.set([0.8, 0.3, 0, -0.3, 0.8, 0, 0, 0, 0.85]);
    const z = matrix(examples * steps, hidden);
    const g = matrix(examples * steps, hidden);
    let error = matrix(1, hidden);
    error.data.set([1, -0.5, 0.7]);
    for (let s = steps - 1; s >= 0; s--) {
      for (let i = 0; i < examples; i++) g.data.set(error.data, (i * steps + s) * hidden);
      error = times(error, w, 'n', 't');
    }
    for (let i = 0; i < examples; i++) {
      let state = matrix(1, hidden);
      for (let s = 0; s < steps; s++) {
        z.data.set(state.data, (i * steps + s) * hidden);
        state = times(state, w);
        for (let k = 0; k < hidden; k++) state.data[k]! += stream.normal();
      }
    }
    const weights = new Float64Array(examples).fill(1 / examples);
    const layer = sequenceCapturedLayer(reference, 'w', z, g, steps);
    const exact = matrix(hidden ** 2, hidden ** 2);
    layer.exactBlock(weights, exact);
    const moments = momentsOf(layer, weights, hidden, hidden);
    const independent = new KroneckerBlock(reference, moments.a0, moments.g0, steps, 'pi');
    independent.refresh(1e-9);
    const errors = {
      independent: distance(
        denseMap(hidden, hidden, (v, out) => independent.multiply(v, out)),
        exact,
      ),
      ...Object.fromEntries(
        (['option1', 'option2', 'complete'] as const).map((kind) => {
          const block = new RecurrentBlock(reference, moments, 'pi', kind);
          expect(block.refresh(1e-9)).toBe(true);
          return [
            kind,
            distance(
              denseMap(hidden, hidden, (v, out) => block.multiply(v, out)),
              exact,
            ),
          ];
        }),
      ),
    } as Record<RecurrentKind, number>;
    console.log('relative error of the block, linear recurrent network:', errors);
    expect(errors.option1).toBeLessThan(0.8 * errors.independent);
    expect(errors.complete).toBeLessThan(0.8 * errors.independent);
  });

  test('sizes and lengths are checked', () => {
    const { z, g, steps } = ragged(new PhiloxStream(7, 1));
    const layer = (own: Float64Array, count = steps): (() => CapturedLayer) => {
      return () => sequenceCapturedLayer(reference, 'w', z, g, count, own);
    };
    const lengths = new Float64Array(7).fill(3);
    for (const bad of [
      layer(lengths.with(2, 7)),
      layer(lengths.with(2, -1)),
      layer(lengths.with(2, 1.5)),
      layer(lengths.subarray(1)),
      layer(lengths, 0),
      () => sequenceCapturedLayer(reference, 'w', z, normals(41, 2, new PhiloxStream(1, 1)), steps),
    ]) {
      expect(bad).toThrow(expect.objectContaining({ code: 'KFAC_SHAPE' }));
    }
  });
});

describe('K-FAC of recurrent matrices', () => {
  const layout = new ParameterLayout([{ name: 'w', inputs: 3, outputs: 2 }]);
  const options = { split: 'pi', decay: 0.9, average: 'warm' } as const;

  function linearization(layers: readonly CapturedLayer[], weights: Float64Array): Linearization {
    const term: LossTerm = {
      name: 'loss',
      residual: weights,
      slope: weights,
      curvature: weights,
      centred: false,
      layers,
    };
    return { loss: 0, terms: [term] };
  }

  /** Batches whose lengths differ. */
  function batch(seed: number): Linearization {
    const { z, g, steps, lengths, weights } = ragged(new PhiloxStream(8, seed));
    const own = lengths.map((length, i) => ((i + seed) % 2 === 0 ? length : steps - length));
    return linearization([sequenceCapturedLayer(reference, 'w', z, g, steps, own)], weights);
  }

  function solved(curvature: KFacCurvature): Float64Array {
    const out = new Float64Array(6);
    curvature.solve(Float64Array.of(1, -2, 3, 0.5, -0.7, 2), out);
    return out;
  }

  function trained(recurrent: RecurrentKind | undefined, more: Partial<KFacCurvatureOptions> = {}): KFacCurvature {
    const own = recurrent === undefined ? {} : { recurrent };
    const curvature = new KFacCurvature(reference, layout, { ...options, ...more, ...own });
    curvature.prepare(batch(1));
    for (const seed of [1, 2, 3]) curvature.update(batch(seed));
    curvature.refresh(0.1);
    return curvature;
  }

  test('independent is the default, and the other kinds differ from it and from one another', () => {
    expect(solved(trained('independent'))).toEqual(solved(trained(undefined)));
    const kinds = ['independent', 'reduce', 'option1', 'option2', 'complete'] as const;
    const answers = kinds.map((kind) => solved(trained(kind)).join());
    expect(new Set(answers).size).toBe(kinds.length);
  });

  test('the uses of ragged independent examples count as often as they are', () => {
    const curvature = new KFacCurvature(reference, layout, options);
    const { z, g, steps, lengths, weights } = ragged(new PhiloxStream(9, 1));
    const sample = linearization([sequenceCapturedLayer(reference, 'w', z, g, steps, lengths)], weights);
    curvature.prepare(sample);
    curvature.update(sample);
    curvature.refresh(0.1);
    const { a0, g0, counts } = momentsOf(sample.terms[0]!.layers[0]!, weights, 3, 2);
    const block = new KroneckerBlock(reference, a0, g0, counts.data[0]!, 'pi');
    block.refresh(0.1);
    const [v, out] = [matrix(3, 2), matrix(3, 2)];
    v.data.set([1, -2, 3, 0.5, -0.7, 2]);
    block.solve(v, out);
    solved(curvature).forEach((value, i) => expect(value).toBeCloseTo(out.data[i]!, 11));
  });

  test('reduce is exact where the input stays the same', () => {
    const { g, steps, weights } = ragged(new PhiloxStream(10, 1));
    const z = matrix(g.rows, 1);
    z.data.fill(2);
    const layer = sequenceCapturedLayer(reference, 'w', z, g, steps);
    const curvature = new KFacCurvature(reference, new ParameterLayout([{ name: 'w', inputs: 1, outputs: 2 }]), {
      ...options,
      recurrent: 'reduce',
    });
    const sample = linearization([layer], weights);
    curvature.prepare(sample);
    curvature.update(sample);
    curvature.refresh(0.1);
    const [exact, image, v] = [matrix(2, 2), new Float64Array(2), Float64Array.of(0.4, -1)];
    layer.exactBlock(weights, exact);
    curvature.solve(v, image);
    for (let i = 0; i < 2; i++) {
      const back = exact.data[2 * i]! * image[0]! + exact.data[2 * i + 1]! * image[1]! + 0.1 * image[i]!;
      expect(back).toBeCloseTo(v[i]!, 11);
    }
  });

  test.each(['reduce', 'option1', 'option2', 'complete'] as const)(
    'oracle kfac §14.32: %s goes on from what it saved, bit for bit',
    (kind) => {
      for (const average of ['warm', 'debiased', 'identity'] as const) {
        const first = trained(kind, { average });
        const second = new KFacCurvature(reference, layout, { ...options, average, recurrent: kind });
        second.restore(structuredClone(first.save()));
        second.prepare(batch(4));
        expect(solved(second)).toEqual(solved(first));
        for (const curvature of [first, second]) {
          curvature.update(batch(4), 5);
          curvature.refresh(0.2);
        }
        expect(solved(second)).toEqual(solved(first));
        expect(second.save()).toEqual(first.save());
      }
    },
  );

  test.each(['reduce', 'option1', 'option2', 'complete'] as const)(
    'oracle kfac §14.13: %s: a batch without uses, or not finite, leaves the averages and is counted',
    (kind) => {
      const curvature = trained(kind);
      const before = curvature.save();
      const { z, g, steps, weights } = ragged(new PhiloxStream(11, 1));
      z.data[4] = Number.NaN;
      curvature.update(linearization([sequenceCapturedLayer(reference, 'w', z, g, steps)], weights));
      expect(curvature.save()).toEqual(before);
      expect(curvature.stale).toBe(1);
      const empty = sequenceCapturedLayer(reference, 'w', z, g, steps, new Float64Array(7));
      curvature.update(linearization([empty], weights));
      expect(curvature.save()).toEqual(before);
      expect(curvature.stale).toBe(2);
    },
  );

  test.each(['reduce', 'option1', 'option2', 'complete'] as const)(
    '%s: layers without an order in time are refused, layers that are used once are not',
    (kind) => {
      const { z, g, steps, weights } = ragged(new PhiloxStream(12, 1));
      const prepare = (...layers: CapturedLayer[]): void => {
        new KFacCurvature(reference, layout, { ...options, recurrent: kind }).prepare(linearization(layers, weights));
      };
      const layer = sequenceCapturedLayer(reference, 'w', z, g, steps);
      const refused = (message: string): unknown =>
        expect.objectContaining({ code: 'KFAC_SHAPE', message: expect.stringContaining(message) });
      expect(() => prepare(denseCapturedLayer(reference, 'w', z, g, steps))).toThrow(
        refused(`"${kind}": the layer of "w" has 6 uses, but no statistics over time`),
      );
      expect(() => prepare(layer, layer)).toThrow(refused('expected one layer of the matrix "w", got 2'));
      expect(() => prepare(layer)).not.toThrow();
      expect(() => prepare(denseCapturedLayer(reference, 'w', z, g))).not.toThrow();
    },
  );
});
