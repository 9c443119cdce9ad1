import { describe, expect, test } from 'vitest';
import type { Dtype, Engine, HedgeBatch, HedgeTask, LstmShape, Matrix } from '../engine.ts';
import { hedgeTilePaths } from '../hedge-checks.ts';
import { matrix, matrixOver } from '../matrix.ts';
import { codeOf, expectClose, numbers } from './dense.test.helper.ts';
import { candidates } from './engines.test.helper.ts';
import {
  captured,
  everything,
  LAYERS,
  linearized,
  part,
  pnlOf,
  prepared,
  randomTheta,
  randomWeights,
  shapeOf,
  statistics,
  TASK,
} from './hedge.test.helper.ts';

/** Two trades by hand: S = 100, 110, 105, e^{−rΔ} = 0.8, positions 0.75 and 0.25. */
const HAND: HedgeTask = {
  ...TASK,
  model: 'black-scholes',
  horizon: 2,
  rate: Math.log(1.25),
  dividend: 0,
  proportionalCost: 0.01,
  premium: 4,
  unwind: false,
  logScale: 1000,
};

/** One unit whose state is ±tanh 1: its candidate is sgn(40·(time left) − (log-moneyness)), input and output gates are open. */
function twoPositions(): { shape: LstmShape; theta: Float64Array } {
  const shape = shapeOf(1, 'identity', 2);
  const theta = new Float64Array(5 * 4 + 2);
  theta[0 * 4 + 2] = -1;
  theta[1 * 4 + 2] = 40;
  theta.set([60, -60, 0, 60], 4 * 4);
  theta.set([0.25 / Math.tanh(1), 0.5], 20);
  return { shape, theta };
}

function handBatch(engine: Engine, task: HedgeTask, dtype: Dtype = 'f64'): HedgeBatch {
  const batch = engine.hedge.batch(task, 1, 2, dtype);
  engine.hedge.prepare(task, matrixOver(3, 1, Float64Array.of(100, 110, 105)), null, batch);
  return batch;
}

/** Every path of the batch twice, or the batch's first tile `copies` times. */
function repeated(batch: HedgeBatch, copies: number): HedgeBatch {
  const { paths } = batch;
  const repeat = (m: Matrix): Matrix => {
    const out = matrix(m.rows, paths * copies, m.dtype);
    for (let r = 0; r < m.rows; r++) {
      for (let i = 0; i < paths * copies; i++) out.data[r * out.cols + i] = m.data[r * paths + (i % paths)]!;
    }
    return out;
  };
  return {
    ...batch,
    paths: paths * copies,
    features: repeat(batch.features),
    gains: repeat(batch.gains),
    costs: repeat(batch.costs),
    base: Float64Array.from({ length: paths * copies }, (_, i) => batch.base[i % paths]!),
  };
}

/** Σ_rows weight(row)·xᵀ·y, rows i·dates + t. */
function outer(x: Matrix, y: Matrix, weight: (row: number) => number): Float64Array {
  const out = new Float64Array(x.cols * y.cols);
  for (let row = 0; row < x.rows; row++) {
    const w = weight(row);
    for (let k = 0; k < x.cols; k++) {
      const left = w * x.data[row * x.cols + k]!;
      for (let m = 0; m < y.cols; m++) out[k * y.cols + m]! += left * y.data[row * y.cols + m]!;
    }
  }
  return out;
}

const all = candidates();
const reference = all[0]!.engine;
/** (paths, dates, hidden, squash): empty, single, odd, more than one tile, a short last tile. */
const SIZES: [number, number, number, LstmShape['squash']][] = [
  [0, 2, 3, 'tanh'],
  [1, 1, 1, 'identity'],
  [31, 3, 5, 'logistic'],
  [65, 2, 7, 'tanh'],
  [130, 5, 32, 'tanh'],
];

describe.each(all)('hedge on $name', ({ engine, withThreads }) => {
  test.each(['f64', 'f32'] as const)(
    'oracle hedging §13: three dates by hand, with and without unwind, %s',
    (dtype) => {
      const { shape, theta } = twoPositions();
      // 4 − 0.64·5 + 0.75·(88 − 100) + 0.25·(67.2 − 88) − [1·0.75 + 0.88·0.5 (+ 0.672·0.25)].
      for (const [unwind, cost] of [
        [false, 1.19],
        [true, 1.358],
      ] as const) {
        const batch = handBatch(engine, { ...HAND, unwind }, dtype);
        const outcome = {
          pnl: new Float64Array(1),
          cost: new Float64Array(1),
          turnover: new Float64Array(1),
          positions: matrix(2, 1),
        };
        engine.hedge.rollout(shape, theta, batch, outcome);
        const digits = dtype === 'f64' ? 12 : 4;
        expect(outcome.positions.data[0]).toBeCloseTo(0.75, digits);
        expect(outcome.positions.data[1]).toBeCloseTo(0.25, digits);
        expect(outcome.cost[0]).toBeCloseTo(cost, digits);
        expect(outcome.turnover[0]).toBeCloseTo(1.25, digits);
        expect(outcome.pnl[0]).toBeCloseTo(-13.4 - cost, digits);
        expect(linearized(engine, shape, theta, batch).pnl[0]).toBeCloseTo(-13.4 - cost, digits);
      }
    },
  );

  test('prepare: features, discounted gains and costs, premium minus payoff', () => {
    const task: HedgeTask = {
      ...TASK,
      liability: 'european-put',
      horizon: 2,
      rate: Math.log(1.25),
      dividend: Math.log(1.1),
    };
    for (const dtype of ['f64', 'f32'] as const) {
      const digits = dtype === 'f64' ? 12 : 4;
      const batch = engine.hedge.batch(task, 2, 2, dtype);
      const spot = matrixOver(3, 2, Float64Array.of(100, 100, 110, 80, 105, 90));
      const variance = matrixOver(3, 2, Float64Array.of(0.04, 0.09, 0.01, 0, 1, 1));
      engine.hedge.prepare(task, spot, variance, batch);
      const near = (got: ArrayLike<number>, wanted: number[]): void => {
        expect(got.length).toBe(wanted.length);
        wanted.forEach((x, i) => expect(got[i]).toBeCloseTo(x, digits));
      };
      near(batch.features.data, [0, 0, 0, 1, 1, 1, 20 * Math.log(1.1), 20 * Math.log(0.8), -1, -2, 0, 0]);
      near(batch.gains.data, [0.88 * 110 - 100, 0.88 * 80 - 100, 0.704 * 105 - 88, 0.704 * 90 - 64]);
      near(batch.costs.data, [1, 1, 0.88, 0.64, 0.672, 0.576]);
      near(batch.base, [2, 2 - 6.4]);
      engine.hedge.prepare({ ...task, unwind: false }, spot, variance, batch);
      near(batch.costs.data, [1, 1, 0.88, 0.64, 0, 0]);
    }
  });

  test('∂x/∂δ is the direct derivative where the policy does not see its position; 0 at a kink', () => {
    // Constant position: only the first trade and the unwind are charged, all others sit on the kink.
    const constant = { shape: shapeOf(2, 'identity'), theta: new Float64Array(8 * 7 + 3) };
    constant.theta[constant.theta.length - 1] = 0.6;
    const batch = prepared(engine, 3, 4, 'f64');
    const at = (m: Matrix, t: number, i: number): number => m.data[t * 3 + i]!;
    const flat = captured(engine, linearized(engine, constant.shape, constant.theta, batch).tape, 'head').g;
    // Positions by hand and no feedback: the same for a policy that trades at every date.
    const moving = twoPositions();
    const handed = handBatch(engine, { ...HAND, unwind: true });
    const g = captured(engine, linearized(engine, moving.shape, moving.theta, handed).tape, 'head').g;
    for (let i = 0; i < 3; i++) {
      for (let t = 0; t < 4; t++) {
        const first = t === 0 ? at(batch.costs, 0, i) : 0;
        const last = t === 3 ? at(batch.costs, 4, i) : 0;
        expect(flat.data[i * 4 + t]).toBeCloseTo(at(batch.gains, t, i) - first - last, 12);
      }
    }
    // Bought 0.75, sold 0.5 of it, sold the rest: −12 − 1 − 0.88 and −20.8 + 0.88 − 0.672.
    expect(g.data[0]).toBeCloseTo(-13.88, 10);
    expect(g.data[1]).toBeCloseTo(-20.592, 10);
  });

  test.each(['tanh', 'logistic', 'identity'] as const)(
    '%s: gradient and J·D against finite differences of the rollout',
    (squash) => {
      const shape = shapeOf(3, squash);
      const theta = randomTheta(shape, 11, 0.7);
      const batch = prepared(engine, 5, 4, 'f64');
      const { tape, pnl } = linearized(engine, shape, theta, batch);
      expectClose(pnl, pnlOf(engine, shape, theta, batch), 1e-14);
      const shifted = (direction: (k: number) => number, h: number): Float64Array =>
        pnlOf(
          engine,
          shape,
          theta.map((x, k) => x + h * direction(k)),
          batch,
        );
      const difference = (direction: (k: number) => number): Float64Array => {
        const h = 1e-5;
        const [up, down] = [shifted(direction, h), shifted(direction, -h)];
        return up.map((x, i) => (x - down[i]!) / (2 * h));
      };

      const weights = randomWeights(5);
      const gradient = theta.map((_, k) =>
        difference((j) => (j === k ? 1 : 0)).reduce((sum, x, i) => sum + weights[i]! * x, 0),
      );
      for (const layer of LAYERS) {
        const got = new Float64Array(part(shape, layer, theta).length);
        engine.hedge.gradient(tape, layer, weights, got);
        expectClose(got, part(shape, layer, gradient), 1e-8);
      }

      const direction = Float64Array.from(theta, numbers(8));
      const products = new Float64Array(5);
      for (const layer of LAYERS) engine.hedge.jvp(tape, layer, [part(shape, layer, direction)], 1, products);
      expectClose(
        products,
        difference((k) => direction[k]!),
        1e-8,
      );
    },
  );

  test.each(['f64', 'f32'] as const)(
    '%s: capture is consistent with gradient, jvp, factors and the head block',
    (dtype) => {
      const tolerance = dtype === 'f64' ? 1e-12 : 1e-5;
      for (const [paths, dates, hidden, squash] of SIZES) {
        const shape = shapeOf(hidden, squash);
        const theta = randomTheta(shape);
        const batch = prepared(engine, paths, dates, dtype);
        const { tape } = linearized(engine, shape, theta, batch);
        const weights = randomWeights(paths);
        for (const layer of LAYERS) {
          const { z, g } = captured(engine, tape, layer);
          const perRow = (row: number): number => weights[Math.floor(row / dates)]!;
          const size = z.cols * g.cols;

          const start = Float64Array.from({ length: size }, numbers(9));
          const gradient = start.slice();
          engine.hedge.gradient(tape, layer, weights, gradient);
          expectClose(
            gradient,
            outer(z, g, perRow).map((x, k) => x + start[k]!),
            tolerance,
          );

          const directions = [1, 2].map((seed) => Float64Array.from({ length: size }, numbers(seed)));
          const products = Float64Array.from({ length: 2 * paths }, (_, k) => k);
          engine.hedge.jvp(tape, layer, directions, 1, products);
          const wanted = Float64Array.from({ length: 2 * paths }, (_, k) => k);
          for (let row = 0; row < z.rows; row++) {
            for (const [k, direction] of directions.entries()) {
              let sum = 0;
              for (let p = 0; p < size; p++) {
                sum +=
                  z.data[row * z.cols + Math.floor(p / g.cols)]! * g.data[row * g.cols + (p % g.cols)]! * direction[p]!;
              }
              wanted[k * paths + Math.floor(row / dates)]! += sum;
            }
          }
          expectClose(products, wanted, tolerance);

          // Every second tile: what is left out stays as it was.
          const some = Float64Array.from({ length: 2 * paths }, (_, k) => k);
          engine.hedge.jvp(tape, layer, directions, 2, some);
          const isSampled = (k: number): boolean => Math.floor((k % paths) / hedgeTilePaths(dtype)) % 2 === 0;
          expect(some).toEqual(products.map((product, k) => (isSampled(k) ? product : k)));

          const { a, g: errors } = statistics(engine, tape, layer, weights, 1);
          expectClose(
            a.data,
            outer(z, z, () => 1 / (paths * dates)),
            tolerance,
          );
          expectClose(
            errors.data,
            outer(g, g, (row) => perRow(row) / dates),
            tolerance,
          );
          const symmetric = (m: Matrix): boolean =>
            m.data.every((x, k) => x === m.data[(k % m.cols) * m.cols + Math.floor(k / m.cols)]);
          expect(symmetric(a) && symmetric(errors)).toBe(true);
        }
        const { z, g } = captured(engine, tape, 'head');
        const block = matrix(hidden + 1, hidden + 1);
        block.data.fill(Number.NaN);
        engine.hedge.headBlock(tape, weights, block);
        const jacobians = matrix(paths, hidden + 1);
        for (let row = 0; row < z.rows; row++) {
          for (let k = 0; k <= hidden; k++) {
            jacobians.data[Math.floor(row / dates) * (hidden + 1) + k]! +=
              g.data[row]! * z.data[row * (hidden + 1) + k]!;
          }
        }
        expectClose(
          block.data,
          outer(jacobians, jacobians, (path) => weights[path]!),
          tolerance,
        );
      }
    },
  );

  test('A is built from the recurrent input: h and δ of the date before, not the new ones', () => {
    const shape = shapeOf(4);
    const [paths, dates] = [6, 3];
    const batch = prepared(engine, paths, dates, 'f64');
    const theta = randomTheta(shape);
    const { tape } = linearized(engine, shape, theta, batch);
    const positions = matrix(dates, paths);
    const vector = (): Float64Array => new Float64Array(paths);
    engine.hedge.rollout(shape, theta, batch, { pnl: vector(), cost: vector(), turnover: vector(), positions });
    const gates = captured(engine, tape, 'gates').z;
    const head = captured(engine, tape, 'head').z;
    for (let i = 0; i < paths; i++) {
      for (let t = 0; t < dates; t++) {
        const input = gates.data.subarray((i * dates + t) * 9, (i * dates + t + 1) * 9);
        const before =
          t === 0 ? [0, 0, 0, 0] : [...head.data.subarray((i * dates + t - 1) * 5, (i * dates + t) * 5 - 1)];
        const position = t === 0 ? 0 : positions.data[(t - 1) * paths + i]!;
        const features = [0, 1, 2].map((f) => batch.features.data[(t * 3 + f) * paths + i]!);
        const wanted = [...features, 2 * position - 1, ...before, 1];
        wanted.forEach((x, k) => expect(input[k]).toBeCloseTo(x, 14));
      }
    }
    const { a } = statistics(engine, tape, 'gates', randomWeights(paths), 1);
    // The trailing 1 makes the last row of A the mean input; the recurrent part is zero at the first of three dates.
    for (let j = 0; j < 4; j++) {
      let sum = 0;
      for (let i = 0; i < paths; i++) for (let t = 0; t + 1 < dates; t++) sum += head.data[(i * dates + t) * 5 + j]!;
      expect(a.data[8 * 9 + 4 + j]).toBeCloseTo(sum / (paths * dates), 13);
    }
  });

  test('oracle hedging §13: duplicating the batch leaves factors and gradient unchanged', () => {
    for (const dtype of ['f64', 'f32'] as const) {
      const shape = shapeOf(5);
      const theta = randomTheta(shape);
      const batch = prepared(engine, 37, 4, dtype);
      const once = linearized(engine, shape, theta, batch).tape;
      const twice = linearized(engine, shape, theta, repeated(batch, 2)).tape;
      const weights = randomWeights(37);
      const halves = Float64Array.from({ length: 74 }, (_, i) => weights[i % 37]! / 2);
      for (const layer of LAYERS) {
        const [one, two] = [statistics(engine, once, layer, weights, 1), statistics(engine, twice, layer, halves, 1)];
        expectClose(two.a.data, one.a.data, dtype === 'f64' ? 1e-13 : 1e-6);
        expectClose(two.g.data, one.g.data, dtype === 'f64' ? 1e-13 : 1e-6);
      }
    }
  });

  test('stride samples whole tiles and scales the weights to their total', () => {
    for (const dtype of ['f64', 'f32'] as const) {
      const tile = hedgeTilePaths(dtype);
      const shape = shapeOf(5);
      const theta = randomTheta(shape);
      const single = prepared(engine, tile, 3, dtype);
      const batch = repeated(single, 4);
      const { tape } = linearized(engine, shape, theta, batch);
      // Tiles hold the same paths; weights differ by tile: 1, 5, 3, 7 times one pattern.
      const pattern = randomWeights(tile);
      const weights = Float64Array.from(
        { length: 4 * tile },
        (_, i) => [1, 5, 3, 7][Math.floor(i / tile)]! * pattern[i % tile]!,
      );
      const tolerance = dtype === 'f64' ? 1e-13 : 1e-6;
      for (const layer of LAYERS) {
        const full = statistics(engine, tape, layer, weights, 1);
        for (const stride of [2, 3, 4, 9]) {
          const sampled = statistics(engine, tape, layer, weights, stride);
          expectClose(sampled.a.data, full.a.data, tolerance);
          expectClose(sampled.g.data, full.g.data, tolerance);
        }
        // What is not sampled does not enter but by its weight.
        const changed = weights.map((w, i) => (Math.floor(i / tile) % 2 === 1 ? (i % tile === 0 ? 9 : 0) : w));
        const ratio = changed.reduce((s, w) => s + w, 0) / weights.reduce((s, w) => s + w, 0);
        const sampled = statistics(engine, tape, layer, changed, 2).g.data;
        expectClose(
          sampled,
          full.g.data.map((x) => x * ratio),
          tolerance,
        );
      }
    }
  });

  test.each(['f64', 'f32'] as const)(
    'oracle kfac §14.33: %s: all operations are those of the reference engine',
    (dtype) => {
      for (const [paths, dates, hidden, squash] of SIZES) {
        const shape = shapeOf(hidden, squash);
        const theta = randomTheta(shape);
        const got = everything(engine, shape, theta, prepared(engine, paths, dates, dtype));
        const wanted = everything(reference, shape, theta, prepared(reference, paths, dates, 'f64'));
        for (const [k, [name, values]] of got.entries()) {
          const expected = wanted[k]![1];
          const size = expected.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
          const error = values.reduce((max, x, i) => Math.max(max, Math.abs(x - expected[i]!)), 0);
          expect(values.every(Number.isFinite), name).toBe(true);
          expect(error, `${name}, ${paths}×${dates}, H = ${hidden}`).toBeLessThanOrEqual(
            (dtype === 'f64' ? 1e-12 : 1e-5) * size,
          );
        }
      }
    },
  );

  test('the same bits for any number of threads', () => {
    for (const dtype of ['f64', 'f32'] as const) {
      const shape = shapeOf(9);
      const theta = randomTheta(shape);
      const one = everything(withThreads(1), shape, theta, prepared(withThreads(1), 300, 4, dtype), 2);
      for (const threads of [2, 4]) {
        const many = withThreads(threads);
        expect(everything(many, shape, theta, prepared(many, 300, 4, dtype), 2)).toEqual(one);
      }
    }
  });

  test('refuses what does not fit, before it writes', () => {
    const { hedge } = engine;
    const shape = shapeOf(3);
    const theta = randomTheta(shape);
    const batch = prepared(engine, 4, 2, 'f64');
    const { tape } = linearized(engine, shape, theta, batch);
    const vector = (n: number): Float64Array => new Float64Array(n);
    const outcome = { pnl: vector(4), cost: vector(4), turnover: vector(4), positions: null };
    const gates = 8 * 12;
    const shapes: (() => void)[] = [
      () => hedge.batch(TASK, -1, 2, 'f64'),
      () => hedge.batch(TASK, 4, 0, 'f64'),
      () => hedge.tape({ ...shape, hidden: 0 }, 4, 2, 'f64'),
      () => hedge.prepare(TASK, matrix(3, 5), matrix(3, 5), batch),
      () => hedge.prepare(TASK, matrix(3, 4), null, batch),
      () => hedge.prepare(HAND, matrix(3, 4), null, batch),
      () => hedge.rollout(shape, theta.subarray(1), batch, outcome),
      () => hedge.rollout(shapeOf(3, 'tanh', 2), randomTheta(shapeOf(3, 'tanh', 2)), batch, outcome),
      () => hedge.rollout(shape, theta, batch, { ...outcome, cost: vector(3) }),
      () => hedge.rollout(shape, theta, batch, { ...outcome, positions: matrix(4, 2) }),
      () => hedge.linearize(shape, theta, batch, hedge.tape(shape, 5, 2, 'f64'), vector(4)),
      () => hedge.linearize({ ...shape, squash: 'identity' }, theta, batch, tape, vector(4)),
      () => hedge.linearize(shape, theta, batch, tape, vector(5)),
      () => hedge.gradient(tape, 'gates', vector(3), vector(gates)),
      () => hedge.gradient(tape, 'head', vector(4), vector(gates)),
      () => hedge.jvp(tape, 'gates', [vector(gates), vector(4)], 1, vector(8)),
      () => hedge.jvp(tape, 'gates', [vector(gates)], 1, vector(8)),
      () => hedge.jvp(tape, 'gates', [vector(gates)], 0, vector(4)),
      () => hedge.factors(tape, 'gates', vector(4), 0, matrix(8, 8), matrix(12, 12)),
      () => hedge.factors(tape, 'gates', vector(4), 1, matrix(8, 8), matrix(8, 8)),
      () => hedge.headBlock(tape, vector(4), matrix(3, 3)),
      () => hedge.capture(tape, 'head', matrix(8, 4), matrix(8, 2)),
    ];
    for (const [k, work] of shapes.entries()) expect(codeOf(work), `case ${k}`).toBe('KFAC_SHAPE');
    expect(codeOf(() => hedge.linearize(shape, theta, batch, hedge.tape(shape, 4, 2, 'f32'), vector(4)))).toBe(
      'KFAC_DTYPE',
    );
    expect(codeOf(() => hedge.capture(tape, 'head', matrix(8, 4, 'f32'), matrix(8, 1)))).toBe('KFAC_DTYPE');
    const pnl = vector(4);
    expect(codeOf(() => hedge.rollout(shape, theta, batch, { ...outcome, pnl, cost: pnl }))).toBe('KFAC_ALIAS');
    expect(codeOf(() => hedge.linearize(shape, theta, batch, tape, batch.base))).toBe('KFAC_ALIAS');
    const foreign = { shape, paths: 4, dates: 2, dtype: 'f64' } as const;
    expect(codeOf(() => hedge.gradient(foreign, 'head', pnl, vector(4)))).toBe('KFAC_ENGINE');
    expect([...pnl, ...outcome.pnl].every((x) => x === 0)).toBe(true);
  });
});
