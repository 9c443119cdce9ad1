import { describe, expect, test } from 'vitest';
import { defaultEngine, gaussNewtonForm, jacobianVectorProducts, matrix } from '@kfac/core';
import type { Engine, LossTerm, Matrix } from '@kfac/core';
import { HedgingObjective } from './objective.ts';
import { parseHedgingSpec } from './parse.ts';
import { initialLstm, lstmLayout, lstmShape } from './policy/lstm.ts';
import { createRisk } from './risk/measures.ts';
import { duplicating } from './testing.test-support.ts';
import { allocatePaths, createWorld, simulate } from './world.ts';

const engine = defaultEngine();

const tiny = {
  market: { model: 'heston', v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7, drift: 0.05, rate: 0.02 },
  horizon: { days: 30, steps: 5 },
  liability: { type: 'european-call', strike: 101 },
  cost: { proportional: 0.001 },
  unwind: true,
  policy: { hidden: 3, head: 'tanh' },
  batch: 9,
  precision: 'f64',
  seed: 4,
};

function build(json: object, on: Engine = engine): { objective: HedgingObjective; theta: Float64Array } {
  const spec = parseHedgingSpec(json);
  const objective = new HedgingObjective(on, createWorld(spec));
  objective.nextBatch(1);
  return { objective, theta: initialLstm(lstmShape(spec), objective.parameters, spec.seed) };
}

function theTerm(objective: HedgingObjective, theta: Float64Array): LossTerm {
  return objective.linearize(theta).terms[0]!;
}

/** The dense Jacobian [B × P] of the P&L. */
function jacobian(objective: HedgingObjective, theta: Float64Array): Matrix {
  const term = theTerm(objective, theta);
  const out = matrix(term.residual.length, objective.parameters.size);
  const ones = new Float64Array(term.residual.length).fill(1);
  for (const layer of term.layers) layer.jacobian(ones, out, 0, objective.parameters.block(layer.matrix).offset);
  return out;
}

/** A direction of unit-sized entries, deterministic. */
const direction = (size: number, k: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => Math.sin((k + 1) * (i + 1)));
const moved = (theta: Float64Array, d: Float64Array, h: number): Float64Array => theta.map((v, i) => v + h * d[i]!);

function jvp(objective: HedgingObjective, theta: Float64Array, d: Float64Array): Float64Array {
  const term = theTerm(objective, theta);
  const out = new Float64Array(term.residual.length);
  for (const layer of term.layers)
    layer.jvp([objective.parameters.view(d, objective.parameters.block(layer.matrix))], out);
  return out;
}

describe('the quadratic model on some of the paths', () => {
  const spec = { ...tiny, batch: 1000, precision: 'f64' };

  test('takes all paths at first and every third tile later; curvatures keep their sum', () => {
    const { objective, theta } = build(spec);
    const term = theTerm(objective, theta);
    expect(objective.linearize(theta).modelTerms![0]!.curvature).toEqual(term.curvature);
    objective.nextBatch(26);
    const { terms, modelTerms } = objective.linearize(theta);
    const { curvature } = modelTerms![0]!;
    const sum = (of: Float64Array): number => of.reduce((total, weight) => total + weight, 0);
    expect(sum(curvature)).toBeCloseTo(sum(terms[0]!.curvature), 12);
    const scale = curvature[0]! / terms[0]!.curvature[0]!;
    curvature.forEach((weight, i) => {
      const isSampled = Math.floor(i / 32) % 3 === 0;
      expect(weight).toBeCloseTo(isSampled ? scale * terms[0]!.curvature[i]! : 0, 12);
    });
  });

  test('its form is that of the sampled paths alone', () => {
    const { objective, theta } = build(spec);
    objective.nextBatch(26);
    const d = direction(objective.parameters.size, 1);
    const { terms, modelTerms } = objective.linearize(theta);
    const [all, some] = [new Float64Array(1000), new Float64Array(1000)];
    jacobianVectorProducts(objective.parameters, terms[0]!, [d], all);
    jacobianVectorProducts(objective.parameters, modelTerms![0]!, [d], some);
    const { curvature, centred } = modelTerms![0]!;
    const form = gaussNewtonForm(modelTerms![0]!, some, some);
    expect(form).toBe(gaussNewtonForm({ curvature, centred, layers: [] }, all, all));
    const whole = gaussNewtonForm(terms[0]!, all, all);
    expect(Math.abs(form / whole - 1)).toBeLessThan(0.3);
  });
});

function gradientOf(objective: HedgingObjective, theta: Float64Array): Float64Array {
  const term = theTerm(objective, theta);
  const out = new Float64Array(objective.parameters.size);
  for (const layer of term.layers)
    layer.gradient(term.slope, objective.parameters.view(out, objective.parameters.block(layer.matrix)));
  return out;
}

/** ∇²R of the batch by central differences of the slopes [B × B]. */
function riskHessian(json: object, pnl: Float64Array): number[][] {
  const risk = createRisk(parseHedgingSpec(json).risk);
  const slope = (x: Float64Array): Float64Array => {
    const out = new Float64Array(x.length);
    risk.differentiate(x, out, new Float64Array(x.length));
    return out;
  };
  const h = 1e-5;
  return Array.from(pnl, (_, i) => {
    const unit = new Float64Array(pnl.length);
    unit[i] = 1;
    const up = slope(moved(pnl, unit, h));
    const down = slope(moved(pnl, unit, -h));
    return Array.from(up, (v, j) => (v - down[j]!) / (2 * h));
  });
}

const risks: [string, object][] = [
  ['entropic', { measure: 'entropic', aversion: 1 }],
  ['mean-variance', { measure: 'mean-variance', gamma: 2 }],
  ['quadratic', { measure: 'quadratic', target: 0.2 }],
];

describe('oracle hedging §13, Gauss–Newton on a tiny network', () => {
  test('(i) J·D against finite differences of every path’s P&L', () => {
    const { objective, theta } = build(tiny);
    for (const k of [0, 1, 2]) {
      const d = direction(theta.length, k);
      const u = jvp(objective, theta, d);
      const h = 1e-6;
      const up = theTerm(objective, moved(theta, d, h)).residual.slice();
      const down = theTerm(objective, moved(theta, d, -h)).residual.slice();
      u.forEach((value, i) => expect(value).toBeCloseTo((up[i]! - down[i]!) / (2 * h), 6));
    }
  });

  test.each(risks)('the gradient against finite differences of the loss: %s', (_, risk) => {
    const { objective, theta } = build({ ...tiny, risk });
    const g = gradientOf(objective, theta);
    const d = direction(theta.length, 3);
    const slope = g.reduce((sum, v, i) => sum + v * d[i]!, 0);
    const h = 1e-6;
    const difference = (objective.loss(moved(theta, d, h)) - objective.loss(moved(theta, d, -h))) / (2 * h);
    expect(slope).toBeCloseTo(difference, 6);
  });

  test.each(risks)('(ii) D·G·D is the explicit Jᵀ∇²R J: %s', (_, risk) => {
    const { objective, theta } = build({ ...tiny, risk });
    const d = direction(theta.length, 4);
    const rows = jacobian(objective, theta);
    const u = Float64Array.from({ length: rows.rows }, (__, i) =>
      d.reduce((sum, v, p) => sum + v * rows.data[i * rows.cols + p]!, 0),
    );
    const term = theTerm(objective, theta);
    const hessian = riskHessian({ ...tiny, risk }, term.residual.slice());
    const explicit = hessian.reduce((sum, row, i) => sum + u[i]! * row.reduce((s, v, j) => s + v * u[j]!, 0), 0);
    const total = term.curvature.reduce((s, w) => s + w, 0);
    const first = term.curvature.reduce((s, w, i) => s + w * u[i]!, 0);
    const form = term.curvature.reduce((s, w, i) => s + w * u[i]! ** 2, 0) - (term.centred ? first ** 2 / total : 0);
    // The Hessian of the risk is a difference quotient with an error of about 1e-10.
    expect(Math.abs(form - explicit)).toBeLessThan(1e-8 * Math.abs(form));
    expect(jvp(objective, theta, d)).toEqual(expect.objectContaining({ length: u.length }));
    jvp(objective, theta, d).forEach((value, i) => expect(value).toBeCloseTo(u[i]!, 10));
  });

  test('(vi) without costs, feedback and drift the head’s cross-time blocks vanish within Monte Carlo error', () => {
    const spec = parseHedgingSpec({
      ...tiny,
      market: { model: 'black-scholes', volatility: 0.2 },
      cost: { proportional: 0 },
      policy: { hidden: 2 },
    });
    const world = createWorld(spec);
    const shape = lstmShape(spec);
    const n = 8000;
    const paths = allocatePaths(world, n);
    simulate(engine, world, { seed: 1, purpose: 0, step: 1, firstPath: 0 }, paths);
    const batch = engine.hedge.batch(world.task, n, world.dates, 'f64');
    engine.hedge.prepare(world.task, paths.spot, null, batch);
    const tape = engine.hedge.tape(shape, n, world.dates, 'f64');
    const theta = initialLstm(shape, lstmLayout(shape), 1);
    const outputs = 4 * shape.hidden;
    theta.fill(0, shape.staticFeatures * outputs, (shape.staticFeatures + 1) * outputs);
    engine.hedge.linearize(shape, theta, batch, tape, new Float64Array(n));
    const z = matrix(n * world.dates, 3);
    const g = matrix(n * world.dates, 1);
    engine.hedge.capture(tape, 'head', z, g);
    const moment = (t: number, s: number, j: number, k: number): { mean: number; error: number } => {
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < n; i++) {
        const a = i * world.dates + t;
        const b = i * world.dates + s;
        const value = g.data[a]! * z.data[a * 3 + j]! * g.data[b]! * z.data[b * 3 + k]!;
        sum += value;
        squares += value * value;
      }
      return { mean: sum / n, error: Math.sqrt(squares) / n };
    };
    for (const [t, s] of [
      [0, 1],
      [0, 4],
      [1, 2],
      [2, 4],
    ] as const) {
      for (let j = 0; j < 3; j++) {
        for (let k = 0; k < 3; k++) {
          const { mean, error } = moment(t, s, j, k);
          expect(Math.abs(mean)).toBeLessThan(4 * error);
        }
      }
    }
    const { mean, error } = moment(1, 1, 0, 0);
    expect(mean).toBeGreaterThan(10 * error);
  });

  test('(vii) entropic G/a → the covariance of J as a → 0', () => {
    const aversion = 1e-6;
    const { objective, theta } = build({ ...tiny, risk: { measure: 'entropic', aversion } });
    const u = jvp(objective, theta, direction(theta.length, 5));
    const { curvature } = theTerm(objective, theta);
    const total = curvature.reduce((s, w) => s + w, 0);
    const first = curvature.reduce((s, w, i) => s + w * u[i]!, 0);
    const form = (curvature.reduce((s, w, i) => s + w * u[i]! ** 2, 0) - first ** 2 / total) / aversion;
    const mean = u.reduce((s, v) => s + v, 0) / u.length;
    const variance = u.reduce((s, v) => s + (v - mean) ** 2, 0) / u.length;
    expect(form / variance).toBeCloseTo(1, 4);
  });

  test('(viii) entropic: the centred and the uncentred exact directions are parallel', () => {
    const { objective, theta } = build(tiny);
    const { curvature } = theTerm(objective, theta);
    const rows = jacobian(objective, theta);
    const g = gradientOf(objective, theta);
    const solve = (centred: boolean): Float64Array => {
      const p = theta.length;
      const gn = matrix(p, p);
      engine.linalg.gram(1, rows, curvature, 1, 0, gn);
      const mean = new Float64Array(p);
      for (let i = 0; i < rows.rows; i++) for (let k = 0; k < p; k++) mean[k]! += curvature[i]! * rows.data[i * p + k]!;
      const total = curvature.reduce((s, w) => s + w, 0);
      for (let j = 0; j < p; j++) {
        for (let k = 0; centred && k < p; k++) gn.data[j * p + k]! -= (mean[j]! * mean[k]!) / total;
        gn.data[j * p + j]! += 0.1;
      }
      engine.linalg.cholesky(gn);
      const out = matrix(p, 1);
      out.data.set(g);
      engine.linalg.choleskySolve(gn, out);
      return out.data as Float64Array;
    };
    const a = solve(true);
    const b = solve(false);
    const dot = (x: Float64Array, y: Float64Array): number => x.reduce((s, v, i) => s + v * y[i]!, 0);
    expect(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))).toBeCloseTo(1, 12);
    expect(Math.sqrt(dot(a, a) / dot(b, b))).toBeGreaterThan(1.001);
  });

  test('rows of J for some paths, and columns for some inputs, are those of the whole', () => {
    const { objective, theta } = build({ ...tiny, policy: { hidden: 2 } });
    const rows = jacobian(objective, theta);
    const [from, count] = [3, 5];
    for (const layer of theTerm(objective, theta).layers) {
      const { offset, outputs } = objective.parameters.block(layer.matrix);
      const part = matrix(count, 2 * outputs);
      layer.jacobian(new Float64Array(count).fill(2), part, 0, 0, { from, inputs: { from: 1, count: 2 } });
      for (let i = 0; i < count; i++) {
        for (let k = 0; k < part.cols; k++) {
          const wanted = 2 * rows.data[(from + i) * rows.cols + offset + outputs + k]!;
          expect(part.data[i * part.cols + k]).toBeCloseTo(wanted, 12);
        }
      }
    }
  });

  test('the head’s exact block is Σ ω vec(J)vec(J)ᵀ, and a small gate block too', () => {
    const { objective, theta } = build({ ...tiny, policy: { hidden: 2 } });
    const rows = jacobian(objective, theta);
    const term = theTerm(objective, theta);
    for (const layer of term.layers) {
      const { offset, inputs, outputs } = objective.parameters.block(layer.matrix);
      const size = inputs * outputs;
      const block = matrix(size, size);
      layer.exactBlock(term.curvature, block);
      for (let j = 0; j < size; j++) {
        for (let k = 0; k < size; k++) {
          let expected = 0;
          for (let i = 0; i < rows.rows; i++) {
            expected +=
              term.curvature[i]! * rows.data[i * rows.cols + offset + j]! * rows.data[i * rows.cols + offset + k]!;
          }
          expect(Math.abs(block.data[j * size + k]! - expected)).toBeLessThan(1e-10);
        }
      }
    }
  });
});

describe('oracle hedging §13, known defect 6: statistics do not depend on the size of the batch', () => {
  const small = { ...tiny, policy: { hidden: 4 }, risk: { measure: 'mean-variance', gamma: 1 } };

  test('duplicating every path changes neither loss, gradient, factors nor the head block', () => {
    const one = build({ ...small, batch: 64 });
    const twice = build({ ...small, batch: 128 }, duplicating(engine));
    const a = statistics(one.objective, one.theta);
    const b = statistics(twice.objective, twice.theta);
    expect(b.loss).toBeCloseTo(a.loss, 12);
    for (const key of ['gradient', 'a', 'g', 'head'] as const) {
      a[key].forEach((value, k) => expect(Math.abs(b[key][k]! - value)).toBeLessThan(1e-10 * (1 + Math.abs(value))));
    }
  });

  test('factors at B and 2B agree within sampling error', () => {
    const one = build({ ...small, batch: 256 });
    const two = build({ ...small, batch: 512 });
    const a = statistics(one.objective, one.theta);
    const b = statistics(two.objective, two.theta);
    for (const key of ['a', 'g', 'head'] as const) {
      const size = Math.hypot(...a[key]);
      const distance = Math.hypot(...a[key].map((value, k) => value - b[key][k]!));
      expect(distance / size).toBeLessThan(0.25);
      expect(Math.abs(Math.hypot(...b[key]) / size - 1)).toBeLessThan(0.25);
    }
  });
});

function statistics(objective: HedgingObjective, theta: Float64Array) {
  const { loss, terms } = objective.linearize(theta);
  const [gates, head] = terms[0]!.layers;
  const { inputs, outputs } = objective.parameters.block('gates');
  const a = matrix(inputs, inputs);
  const g = matrix(outputs, outputs);
  gates!.factors(terms[0]!.curvature, a, g);
  const size = objective.parameters.block('head').inputs;
  const block = matrix(size, size);
  head!.exactBlock(terms[0]!.curvature, block);
  return {
    loss,
    gradient: gradientOf(objective, theta),
    a: a.data as Float64Array,
    g: g.data as Float64Array,
    head: block.data as Float64Array,
  };
}

test('batches are a pure function of (seed, step)', () => {
  const { objective, theta } = build(tiny);
  const first = objective.loss(theta);
  objective.nextBatch(2);
  expect(objective.loss(theta)).not.toBe(first);
  objective.nextBatch(1);
  expect(objective.loss(theta)).toBe(first);
  expect(build({ ...tiny, seed: 5 }).objective.loss(theta)).not.toBe(first);
});
