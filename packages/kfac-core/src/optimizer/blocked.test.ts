import { describe, expect, test } from 'vitest';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import type { Objective } from '../linearization.ts';
import { PhiloxStream } from '../random.ts';
import { norm } from '../vector.ts';
import { Engd } from './engd.ts';
import { GaussNewton } from './gauss-newton.ts';
import { LeastSquaresFold } from './least-squares-fold.ts';
import type { Optimizer } from './optimizer.ts';
import { SmallerSideReduction } from './reduction.ts';
import { SketchedReduction } from './sketched-reduction.ts';
import { Spring } from './spring.ts';
import { SIZE, explicitRows, twoTerms } from './two-layer.test-support.ts';

const engines = [selectEngine({ native: 'off' }), selectEngine({ threads: 2 })].map((engine) => ({
  engine,
  label: engine.describe().kind,
}));
/** The smallest blocks that there are: as many rows as [J | r] has columns, or one row of a weight matrix. */
const SMALLEST = 1;
const COLS = SIZE + 1;

const start = (): Float64Array => Float64Array.from({ length: SIZE }, (_, i) => 0.3 * Math.cos(3 * i));

/** Σ_n rows_n,i·rows_n,j, entry by entry. */
function squared({ rows, cols, data }: Matrix): Float64Array {
  const out = new Float64Array(cols * cols);
  for (let n = 0; n < rows; n++) {
    for (let i = 0; i < cols; i++)
      for (let j = 0; j < cols; j++) out[i * cols + j]! += data[n * cols + i]! * data[n * cols + j]!;
  }
  return out;
}

function expectNear(own: ArrayLike<number>, wanted: Float64Array, tolerance: number): void {
  const scale = norm(wanted);
  for (let k = 0; k < wanted.length; k++) expect(Math.abs(own[k]! - wanted[k]!)).toBeLessThan(tolerance * scale);
}

/** An engine that writes down the most rows that are folded, or columns that are multiplied, at once. */
function watched(engine: Engine) {
  const most = { rows: 0, columns: 0 };
  const linalg: Engine['linalg'] = {
    ...engine.linalg,
    gram: (alpha, z, ...others) => {
      most.rows = Math.max(most.rows, z.rows);
      engine.linalg.gram(alpha, z, ...others);
    },
    qrFactor: (a, r) => {
      most.rows = Math.max(most.rows, a.rows);
      engine.linalg.qrFactor(a, r);
    },
    gemm: (alpha, a, ...others) => {
      most.columns = Math.max(most.columns, a.cols);
      engine.linalg.gemm(alpha, a, ...others);
    },
  };
  return { most, engine: { ...engine, linalg } };
}

describe.each(engines)('rows folded in blocks on the $label engine', ({ engine }) => {
  // Blocks end inside both terms and on neither's end; the last block is a short one.
  const objective = twoTerms(engine, [61, 38], 0.4);
  const { parameters } = objective;

  test('JᵀJ, Jᵀr and ‖r‖² are the sums over all rows, and R has them as RᵀR', () => {
    const linearization = objective.linearize(start());
    const wanted = squared(explicitRows(parameters, linearization));
    const spy = watched(engine);
    const fold = new LeastSquaresFold(spy.engine, parameters, SMALLEST);
    const out = matrix(COLS, COLS);
    fold.gram(linearization, out);
    expectNear(out.data, wanted, 1e-14);
    expect(spy.most.rows).toBe(13);
    fold.triangle(linearization, out);
    expectNear(squared(out), wanted, 1e-13);
    expect(spy.most.rows).toBe(13 + COLS);
    for (let i = 0; i < COLS; i++) for (let j = 0; j < i; j++) expect(out.data[i * COLS + j]).toBe(0);
  });

  test('with a moving average R is that of [√(1−β)·J | r/√(1−β); √β·R₀ | 0]', () => {
    const linearization = objective.linearize(start());
    const rows = explicitRows(parameters, linearization);
    const kept = { triangle: matrix(COLS, COLS), decay: 0.3 };
    for (let i = 0; i < COLS; i++)
      for (let j = i; j < COLS; j++) kept.triangle.data[i * COLS + j] = Math.sin(i + 2 * j);
    const stacked = matrix(rows.rows + SIZE, COLS);
    for (let n = 0; n < rows.rows; n++) {
      for (let k = 0; k < COLS; k++)
        stacked.data[n * COLS + k] = rows.data[n * COLS + k]! * Math.sqrt(0.7) ** (k < SIZE ? 1 : -1);
    }
    for (let i = 0; i < SIZE; i++) {
      for (let k = 0; k < SIZE; k++)
        stacked.data[(rows.rows + i) * COLS + k] = Math.sqrt(0.3) * kept.triangle.data[i * COLS + k]!;
    }
    for (const bytes of [SMALLEST, undefined]) {
      const out = matrix(COLS, COLS);
      new LeastSquaresFold(engine, parameters, bytes).triangle(linearization, out, kept);
      expectNear(squared(out), squared(stacked), 1e-13);
    }
  });

  test('one block is what J at once gives, bit for bit', () => {
    const linearization = objective.linearize(start());
    const rows = explicitRows(parameters, linearization);
    const [own, wanted] = [matrix(COLS, COLS), matrix(COLS, COLS)];
    const fold = new LeastSquaresFold(engine, parameters);
    fold.gram(linearization, own);
    engine.linalg.gram(1, rows, null, 1, 0, wanted);
    expect(own.data).toEqual(wanted.data);
    fold.triangle(linearization, own);
    engine.linalg.qrFactor(rows, wanted);
    expect(own.data).toEqual(wanted.data);
  });
});

/** Rows of the two terms: more, and fewer, than parameters. */
const MANY = [61, 38] as const;
const FEW = [5, 3] as const;
const rule = { target: 0.25, window: 10, probes: 16, initialRadius: 0.1, minRadius: 1e-8, maxRadius: 1 };
type Create = (engine: Engine, objective: Objective, bytes?: number) => Optimizer;
const gaussNewton =
  (form: 'gram' | 'qr'): Create =>
  (engine, { parameters }, bytes) =>
    new GaussNewton(engine, parameters, { ...rule, form }, new SmallerSideReduction(engine, parameters, bytes));

describe.each(engines)('steps from blocks are those from all of J on the $label engine', ({ engine }) => {
  test.each([
    ['Gauss–Newton, Gram form', MANY, gaussNewton('gram')],
    ['Gauss–Newton, QR form', MANY, gaussNewton('qr')],
    ['Gauss–Newton, kernel', FEW, gaussNewton('gram')],
    ['Gauss–Newton, kernel in QR form', FEW, gaussNewton('qr')],
    ['ENGD', MANY, (own, { parameters }, bytes) => new Engd(own, parameters, { damping: 1e-3, decay: 0 }, bytes)],
    [
      'ENGD with a moving average',
      MANY,
      (own, { parameters }, bytes) => new Engd(own, parameters, { damping: 1e-3, decay: 0.5 }, bytes),
    ],
    [
      'SPRING',
      FEW,
      (own, { parameters }, bytes) => new Spring(own, parameters, { damping: 1e-3, momentum: 0.5 }, bytes),
    ],
  ] as [string, readonly [number, number], Create][])('%s', (_, rows, create) => {
    const objective = twoTerms(engine, rows, 0.4);
    const [whole, blocks] = [start(), start()];
    const spy = watched(engine);
    const one = create(engine, objective);
    const other = create(spy.engine, objective, SMALLEST);
    for (let step = 0; step < 2; step++) {
      one.step(objective, whole);
      other.step(objective, blocks);
      expectNear(blocks, whole, 1e-12);
    }
    expect(whole).not.toEqual(start());
    if (rows === MANY) expect(spy.most.rows).toBeLessThanOrEqual(13 + COLS);
  });

  test.each([
    ['more examples than rows of the sketch', 40],
    ['fewer', 200],
  ])('the sketches: %s', (_, rows) => {
    const objective = twoTerms(engine, MANY, 0.4);
    const { parameters } = objective;
    const linearization = objective.linearize(start());
    const steps = [undefined, SMALLEST].map((bytes) => {
      const reduction = new SketchedReduction(engine, parameters, { parameters: 7, rows }, bytes);
      reduction.draw(() => new PhiloxStream(1, 6, 5));
      const system = reduction.reduce(linearization, 'gram');
      system.solve(0.1);
      const p = new Float64Array(SIZE);
      system.expand(p);
      return p;
    });
    expectNear(steps[1]!, steps[0]!, 1e-12);
  });

  test('the kernel never holds more columns than one row of a weight matrix', () => {
    const objective = twoTerms(engine, FEW, 0.4);
    const { most, engine: spied } = watched(engine);
    const reduction = new SmallerSideReduction(spied, objective.parameters, SMALLEST);
    reduction.reduce(objective.linearize(start()), 'gram');
    expect(most.columns).toBe(1);
  });
});
