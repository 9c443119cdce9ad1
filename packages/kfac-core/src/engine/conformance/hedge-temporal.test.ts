import { describe, expect, test } from 'vitest';
import { sequenceCapturedLayer } from '../../captured-sequence.ts';
import type { HedgeTape, Matrix } from '../engine.ts';
import { hedgeTilePaths, layerSize } from '../hedge-checks.ts';
import { matrix } from '../matrix.ts';
import { referenceEngine } from '../reference.ts';
import { expectClose, numbers } from './dense.test.helper.ts';
import { candidates } from './engines.test.helper.ts';
import {
  captured,
  LAYERS,
  linearized,
  prepared,
  randomTheta,
  randomWeights,
  shapeOf,
  statistics,
  TASK,
  temporalStatistics,
} from './hedge.test.helper.ts';

describe.each(candidates())('hedge, statistics over time, $name', ({ engine }) => {
  test.each(['f64', 'f32'] as const)('%s: they are those of the captured pairs', (dtype) => {
    const tolerance = dtype === 'f64' ? 1e-12 : 1e-5;
    for (const [paths, dates, hidden] of [
      [1, 1, 1],
      [33, 2, 5],
      [70, 7, 8],
      [131, 30, 3],
    ] as const) {
      const shape = shapeOf(hidden);
      const { tape } = linearized(engine, shape, randomTheta(shape), prepared(engine, paths, dates, dtype));
      const weights = randomWeights(paths);
      for (const layer of LAYERS) {
        const { z, g } = captured(engine, tape, layer);
        const { moments, reduced } = sequenceCapturedLayer(referenceEngine(), layer, z, g, dates).sequence!;
        const { inputs, outputs } = layerSize(shape, layer);
        const [a0, a1, aReduced] = [matrix(inputs, inputs), matrix(inputs, inputs), matrix(inputs, inputs)];
        const [g0, g1, gReduced] = [matrix(outputs, outputs), matrix(outputs, outputs), matrix(outputs, outputs)];
        moments(weights, { lag0: a0, lag1: a1 }, { lag0: g0, lag1: g1 });
        reduced(weights, aReduced, gReduced);
        const wanted = { a0, a1, g0, g1, aReduced, gReduced };
        for (const [name, { data }] of Object.entries(temporalStatistics(engine, tape, layer, weights, 1)))
          expectClose(data, wanted[name as keyof typeof wanted].data, tolerance);
        if (dates === 1) expect(a1.data.every((x) => x === 0)).toBe(true);
      }
    }
  });

  test('lag 0 is what `factors` gives, bit for bit, also over some of the tiles', () => {
    const shape = shapeOf(6);
    const { tape } = linearized(engine, shape, randomTheta(shape), prepared(engine, 300, 5, 'f32'));
    const weights = randomWeights(300);
    for (const layer of LAYERS) {
      for (const stride of [1, 3]) {
        const { a, g } = statistics(engine, tape, layer, weights, stride);
        const { a0, g0 } = temporalStatistics(engine, tape, layer, weights, stride);
        expect(a0.data).toEqual(a.data);
        expect(g0.data).toEqual(g.data);
      }
    }
  });

  test('over some of the tiles they are what a tape of these tiles gives, weights scaled to their sum', () => {
    for (const dtype of ['f64', 'f32'] as const) {
      const tile = hedgeTilePaths(dtype);
      const shape = shapeOf(5);
      const theta = randomTheta(shape);
      const batch = prepared(engine, 3 * tile, 4, dtype);
      const { tape } = linearized(engine, shape, theta, batch);
      // The first and the third tile alone.
      const kept = Array.from({ length: 2 * tile }, (_, i) => (i < tile ? i : i + tile));
      const few = engine.hedge.batch(TASK, 2 * tile, 4, dtype);
      for (const name of ['features', 'gains', 'costs'] as const) {
        const [from, to] = [batch[name], few[name]];
        for (let row = 0; row < from.rows; row++)
          kept.forEach((path, i) => (to.data[row * to.cols + i] = from.data[row * from.cols + path]!));
      }
      kept.forEach((path, i) => (few.base[i] = batch.base[path]!));
      const alone = linearized(engine, shape, theta, few).tape;
      const weights = randomWeights(3 * tile);
      const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
      const own = Float64Array.from(kept, (path) => weights[path]!);
      const scaled = own.map((weight) => (weight * sum(weights)) / sum(own));
      for (const layer of LAYERS) {
        const wanted = temporalStatistics(engine, alone, layer, scaled, 1);
        for (const [name, { data }] of Object.entries(temporalStatistics(engine, tape, layer, weights, 2)))
          expectClose(data, wanted[name as keyof typeof wanted].data, dtype === 'f64' ? 1e-12 : 1e-5);
      }
    }
  });

  test('oracle kfac §14.27: blocks of gates and of split inputs are those of the joint moments; A is that of h_{t−1}', () => {
    const [paths, dates, hidden] = [40, 6, 4];
    const shape = shapeOf(hidden);
    const { tape } = linearized(engine, shape, randomTheta(shape), prepared(engine, paths, dates, 'f64'));
    const weights = randomWeights(paths);
    const joint = temporalStatistics(engine, tape, 'gates', weights, 1);
    const { z, g } = captured(engine, tape, 'gates');
    const columns = (m: Matrix, from: number, count: number): Matrix => {
      const out = matrix(m.rows, count);
      for (let row = 0; row < m.rows; row++)
        for (let k = 0; k < count; k++) out.data[row * count + k] = m.data[row * m.cols + from + k]!;
      return out;
    };
    const block = (m: Matrix, from: number, count: number): Float64Array =>
      Float64Array.from(
        { length: count ** 2 },
        (_, k) => m.data[(from + Math.floor(k / count)) * m.cols + from + (k % count)]!,
      );
    const firstState = shape.staticFeatures + 1;
    const parts = [
      [0, firstState],
      [firstState, hidden],
    ] as const;
    for (const [from, count] of parts) {
      for (let gate = 0; gate < 4; gate++) {
        const pair = [columns(z, from, count), columns(g, gate * hidden, hidden)] as const;
        const { moments } = sequenceCapturedLayer(referenceEngine(), 'part', ...pair, dates).sequence!;
        const [a, b] = [count, hidden].map((n) => ({ lag0: matrix(n, n), lag1: matrix(n, n) }));
        moments(weights, a!, b!);
        expectClose(a!.lag0.data, block(joint.a0, from, count), 1e-12);
        expectClose(a!.lag1.data, block(joint.a1, from, count), 1e-12);
        expectClose(b!.lag0.data, block(joint.g0, gate * hidden, hidden), 1e-12);
        expectClose(b!.lag1.data, block(joint.g1, gate * hidden, hidden), 1e-12);
      }
    }
    // What the head reads at a date is the new state; the gates read it one date later.
    const state = columns(z, firstState, hidden);
    const read = columns(captured(engine, tape, 'head').z, 0, hidden);
    for (let row = 0; row < state.rows; row++) {
      const before = read.data.subarray((row - 1) * hidden, row * hidden);
      const wanted = row % dates === 0 ? new Float64Array(hidden) : before;
      expect(state.data.subarray(row * hidden, (row + 1) * hidden)).toEqual(wanted);
    }
  });

  test('bad calls are refused before anything is written', () => {
    const shape = shapeOf(3);
    const { tape } = linearized(engine, shape, randomTheta(shape), prepared(engine, 4, 2, 'f64'));
    const weights = Float64Array.from({ length: 4 }, numbers(1));
    const [a, g] = [matrix(8, 8), matrix(12, 12)];
    const call = (own: HedgeTape, w: Float64Array, stride: number, a1 = matrix(8, 8), g1 = matrix(12, 12)): void =>
      engine.hedge.lagFactors(own, 'gates', w, stride, { lag0: a, lag1: a1 }, { lag0: g, lag1: g1 });
    const code = (expected: string): unknown => expect.objectContaining({ code: expected });
    expect(() => call(tape, weights.subarray(1), 1)).toThrow(code('KFAC_SHAPE'));
    expect(() => call(tape, weights, 0)).toThrow(code('KFAC_SHAPE'));
    expect(() => call(tape, weights, 1, matrix(8, 7))).toThrow(code('KFAC_SHAPE'));
    expect(() => call(tape, weights, 1, matrix(8, 8), matrix(12, 12, 'f32'))).toThrow(code('KFAC_DTYPE'));
    expect(() => call(tape, weights, 1, a)).toThrow(code('KFAC_ALIAS'));
    expect(() => call({ shape, paths: 4, dates: 2, dtype: 'f64' }, weights, 1)).toThrow(code('KFAC_ENGINE'));
    expect(() => engine.hedge.reducedFactors(tape, 'gates', weights, 1, a, matrix(8, 8))).toThrow(code('KFAC_SHAPE'));
    expect([...a.data, ...g.data].every((x) => x === 0)).toBe(true);
  });
});
