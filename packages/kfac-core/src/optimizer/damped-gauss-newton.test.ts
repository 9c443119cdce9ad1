import { describe, expect, test } from 'vitest';
import { denseCapturedLayer } from '../captured-layer.ts';
import { gradient, jacobian } from '../derivatives.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import { GaussNewtonOperator } from '../gauss-newton-operator.ts';
import type { LossTerm, Objective } from '../linearization.ts';
import { ParameterLayout } from '../parameters.ts';
import { PhiloxStream } from '../random.ts';
import { Engd } from './engd.ts';
import { HessianFree } from './hessian-free.ts';
import { KFac } from './kfac.ts';
import { KFacPcg } from './kfac-pcg.ts';
import type { Optimizer } from './optimizer.ts';

const engine = selectEngine({ native: 'off' });
const layout = new ParameterLayout([
  { name: 'w', inputs: 5, outputs: 2 },
  { name: 'v', inputs: 4, outputs: 1 },
]);
const P = layout.size;

/**
 * Two terms ½·mean ω(s + bend·sin s − y)², s = z·W·(1, 2)ᵀ + x·v: two matrices that K-FAC takes for independent and are
 * not. `bend` = 0 is linear; all ω carry `weight`.
 */
function bent(bend: number, weight = 1): Objective {
  const stream = new PhiloxStream(11, 1);
  const normals = (rows: number, cols: number) => {
    const out = matrix(rows, cols);
    for (let i = 0; i < out.data.length; i++) out.data[i] = stream.normal();
    return out;
  };
  const parts = [24, 9].map((rows, t) => {
    const [z, x] = [normals(rows, 5), normals(rows, 4)];
    const [gw, gv] = [matrix(rows, 2), matrix(rows, 1)];
    const term: LossTerm = {
      name: `term ${t}`,
      residual: new Float64Array(rows),
      slope: new Float64Array(rows),
      curvature: Float64Array.from({ length: rows }, (_, i) => (weight * (1 + t + (i % 3))) / rows),
      centred: false,
      layers: [denseCapturedLayer(engine, 'w', z, gw), denseCapturedLayer(engine, 'v', x, gv)],
    };
    const y = normals(rows, 1);
    const at = (theta: Float64Array, i: number): { e: number; slope: number } => {
      let s = 0;
      for (let j = 0; j < 5; j++) s += (z.data[i * 5 + j] as number) * (theta[2 * j]! + 2 * theta[2 * j + 1]!);
      for (let j = 0; j < 4; j++) s += (x.data[i * 4 + j] as number) * theta[10 + j]!;
      return { e: s + bend * Math.sin(s) - (y.data[i] as number), slope: 1 + bend * Math.cos(s) };
    };
    return { term, rows, gw, gv, at };
  });
  const loss = (theta: Float64Array): number =>
    parts.reduce((sum, { term, rows, at }) => {
      for (let i = 0; i < rows; i++) sum += 0.5 * term.curvature[i]! * at(theta, i).e ** 2;
      return sum;
    }, 0);
  return {
    engine,
    parameters: layout,
    loss,
    linearize: (theta) => {
      for (const { term, rows, gw, gv, at } of parts) {
        for (let i = 0; i < rows; i++) {
          const { e, slope } = at(theta, i);
          term.residual[i] = e;
          term.slope[i] = term.curvature[i]! * e;
          gw.data[2 * i] = slope;
          gw.data[2 * i + 1] = 2 * slope;
          gv.data[i] = slope;
        }
      }
      return { loss: loss(theta), terms: parts.map(({ term }) => term) };
    },
    nextBatch: () => {},
  };
}

/** JᵀΩJ [P × P], explicitly. */
function dense(objective: Objective, theta: Float64Array): Float64Array {
  const out = matrix(P, P);
  for (const term of objective.linearize(theta).terms) {
    const rows = matrix(term.curvature.length, P);
    jacobian(layout, term, new Float64Array(term.curvature.length).fill(1), rows, 0);
    engine.linalg.gram(1, rows, term.curvature, 1, 1, out);
  }
  return out.data as Float64Array;
}

/** −(M + λI)⁻¹∇L by Cholesky. */
function dampedStep(objective: Objective, theta: Float64Array, m: Float64Array, lambda: number): Float64Array {
  const factor = matrix(P, P);
  factor.data.set(m);
  for (let i = 0; i < P; i++) factor.data[i * P + i]! += lambda;
  engine.linalg.cholesky(factor);
  const out = new Float64Array(P);
  gradient(layout, objective.linearize(theta), out);
  engine.linalg.choleskySolve(factor, matrixOver(P, 1, out));
  return out.map((value) => -value);
}

const start = (): Float64Array => Float64Array.from({ length: P }, (_, i) => 0.3 * Math.cos(3 * i));
const pcg = (iterations: number, damping: number): KFacPcg =>
  new KFacPcg(engine, layout, { iterations, damping, split: 'pi', decay: 0.5, average: 'debiased' });
const optimizers: [string, (lambda: number) => Optimizer][] = [
  ['kfac-pcg', (lambda) => pcg(P, lambda)],
  ['hessian-free', (lambda) => new HessianFree(engine, layout, { iterations: P, damping: lambda })],
  ['engd', (lambda) => new Engd(engine, layout, { damping: lambda, decay: 0 })],
];

/** Everything but damping and counters. */
function stateOf(optimizer: Optimizer): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(optimizer.save())
      .filter(([key]) => key !== 'scalars')
      .map(([key, value]) => [key, [...value]]),
  );
}

describe('the Gauss–Newton operator', () => {
  test.each([false, true])('is the explicit JᵀΩJ + λI; centred: %s', (centred) => {
    const theta = start();
    const linearization = bent(0.4).linearize(theta);
    const terms = linearization.terms.map((term) => ({ ...term, centred }));
    const operator = new GaussNewtonOperator(layout);
    operator.set({ loss: linearization.loss, terms }, 0.3);
    const v = Float64Array.from({ length: P }, (_, i) => Math.sin(i + 1));
    const out = new Float64Array(P);
    operator.apply(v, out);
    const expected = v.map((value) => 0.3 * value);
    for (const { curvature, ...term } of terms) {
      const n = curvature.length;
      const rows = matrix(n, P);
      jacobian(layout, { curvature, ...term }, new Float64Array(n).fill(1), rows, 0);
      const total = curvature.reduce((sum, w) => sum + w, 0);
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < n; b++) {
          const weight = (a === b ? curvature[a]! : 0) - (centred ? (curvature[a]! * curvature[b]!) / total : 0);
          let u = 0;
          for (let k = 0; k < P; k++) u += (rows.data[b * P + k] as number) * v[k]!;
          for (let k = 0; k < P; k++) expected[k]! += weight * (rows.data[a * P + k] as number) * u;
        }
      }
    }
    out.forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 12));
  });
});

describe('the damped Gauss–Newton step', () => {
  test.each(optimizers)('oracle pinn §8.6: %s with all iterations is −(JᵀJ + λI)⁻¹∇L', (_, make) => {
    const objective = bent(0);
    const theta = start();
    const wanted = dampedStep(objective, theta, dense(objective, theta), 0.05);
    const before = theta.slice();
    const report = make(0.05).step(objective, theta);
    expect(report.accepted).toBe(true);
    theta.forEach((value, k) => expect(value - before[k]!).toBeCloseTo(wanted[k]!, 10));
  });

  test('oracle pinn §8.6: so it is for kfac-pcg with a step before, on a nonlinear problem', () => {
    const objective = bent(0.4);
    const theta = start();
    const optimizer = pcg(P, 0.05);
    optimizer.step(objective, theta);
    const lambda = optimizer.save()['scalars']![0]!;
    const wanted = dampedStep(objective, theta, dense(objective, theta), lambda);
    const before = theta.slice();
    expect(optimizer.step(objective, theta).accepted).toBe(true);
    theta.forEach((value, k) => expect(value - before[k]!).toBeCloseTo(wanted[k]!, 10));
  });

  test('more iterations come closer to it', () => {
    const errors = [1, 2, 4, 8, P].map((iterations) => {
      const objective = bent(0);
      const theta = start();
      const wanted = dampedStep(objective, theta, dense(objective, theta), 0.05);
      const before = theta.slice();
      pcg(iterations, 0.05).step(objective, theta);
      return Math.hypot(...theta.map((value, k) => value - before[k]! - wanted[k]!));
    });
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
    expect(errors[0]).toBeGreaterThan(1e-3);
  });

  test('oracle pinn §8.6: one iteration is K-FAC with learning rate and momentum from the quadratic model', () => {
    const objective = bent(0.4);
    const [ours, theirs] = [start(), start()];
    const lambda = 0.02;
    const bridge = pcg(1, lambda);
    const kfac = new KFac(engine, layout, {
      damping: { policy: 'constant', initial: lambda, minimum: lambda, maximum: lambda },
      split: 'pi',
      decay: 0.5,
      average: 'debiased',
      refreshEvery: 1,
      rejection: 'none',
    });
    for (let k = 0; k < 4; k++) {
      expect(bridge.step(objective, ours).accepted).toBe(true);
      kfac.step(objective, theirs);
      ours.forEach((value, i) => expect(value).toBeCloseTo(theirs[i]!, 10));
      const state = bridge.save();
      state['scalars']![0] = lambda;
      bridge.restore(state);
    }
  });

  test.each(optimizers)('oracle pinn §8.12: %s, weights and λ both scaled by 7, takes the same steps', (_, make) => {
    const [one, seven] = [start(), start()];
    const [optimizer, scaled] = [make(0.05), make(0.35)];
    for (let k = 0; k < 3; k++) {
      const { loss } = optimizer.step(bent(0.4), one);
      expect(scaled.step(bent(0.4, 7), seven).loss / loss).toBeCloseTo(7, 8);
      seven.forEach((value, i) => expect(value).toBeCloseTo(one[i]!, 9));
    }
  });

  test('engd with a moving average: M = βM + (1−β)JᵀJ, the gradient that of the batch', () => {
    const objective = bent(0.4);
    const theta = start();
    const [lambda, decay] = [0.05, 0.6];
    const optimizer = new Engd(engine, layout, { damping: lambda, decay });
    const m = new Float64Array(P * P);
    for (let k = 0; k < 3; k++) {
      dense(objective, theta).forEach((value, i) => (m[i] = decay * m[i]! + (1 - decay) * value));
      const wanted = dampedStep(objective, theta, m, lambda);
      const before = theta.slice();
      const { accepted, metrics } = optimizer.step(objective, theta);
      expect(accepted).toBe(true);
      theta.forEach((value, i) => expect((value - before[i]!) / metrics['opt/lr']!).toBeCloseTo(wanted[i]!, 9));
    }
  });
});

describe('a step is a transaction', () => {
  test.each(optimizers)('%s: a rejected step changes nothing but damping; thirty in a row stall', (_, make) => {
    const objective = bent(0.4);
    const worse: Objective = { ...objective, loss: () => Number.POSITIVE_INFINITY };
    for (const steps of [0, 2]) {
      const optimizer = make(0.05);
      const theta = start();
      for (let k = 0; k < steps; k++) expect(optimizer.step(objective, theta).accepted).toBe(true);
      const [kept, state] = [[...theta], stateOf(optimizer)];
      for (let k = 1; k <= 30; k++) {
        const report = optimizer.step(worse, theta);
        expect(report).toMatchObject({ accepted: false, stop: k === 30 ? 'stalled' : null });
        expect([...theta]).toEqual(kept);
        expect(stateOf(optimizer)).toEqual(state);
      }
    }
  });

  test.each(optimizers)('%s: a step that throws changes nothing either', (_, make) => {
    const objective = bent(0.4);
    const optimizer = make(0.05);
    const theta = start();
    optimizer.step(objective, theta);
    const [kept, state] = [[...theta], stateOf(optimizer)];
    const broken: Objective = {
      ...objective,
      loss: () => {
        throw new Error('lost');
      },
    };
    expect(() => optimizer.step(broken, theta)).toThrow('lost');
    expect([...theta]).toEqual(kept);
    expect(stateOf(optimizer)).toEqual(state);
  });

  test.each(optimizers)('%s: a loss that is not finite ends it', (_, make) => {
    const objective: Objective = { ...bent(0.4), linearize: () => ({ loss: Number.NaN, terms: [] }) };
    const theta = start();
    expect(make(0.05).step(objective, theta)).toMatchObject({ accepted: false, stop: 'non-finite' });
    expect([...theta]).toEqual([...start()]);
  });
});

describe('Hessian-free', () => {
  test('the ratio is 1 on a linear problem and λ falls by 1.5 a step; it rises by 1.5 where the model is wrong', () => {
    const optimizer = new HessianFree(engine, layout, { iterations: P, damping: 1 });
    const theta = start();
    for (let k = 0; k < 4; k++) {
      const { metrics } = optimizer.step(bent(0), theta);
      expect(metrics['opt/lm_ratio']).toBeCloseTo(1, 6);
      expect(metrics['opt/damping']).toBeCloseTo(1.5 ** -k, 12);
    }
    const objective = bent(0.4);
    const other = new HessianFree(engine, layout, { iterations: P, damping: 1 });
    const here = start();
    const base = objective.loss(here);
    other.step({ ...objective, loss: (at) => base - 1e-9 * (base - objective.loss(at)) }, here);
    expect(other.save()['scalars']![0]).toBe(1.5);
  });

  test('it goes back to an earlier iterate where the loss is lower', () => {
    const objective = bent(0);
    const theta = start();
    const before = theta.slice();
    const far = (at: Float64Array): number => Math.hypot(...at.map((value, i) => value - before[i]!));
    const whole = new HessianFree(engine, layout, { iterations: P, damping: 1e-3 });
    const { metrics } = whole.step(objective, theta.slice());
    expect(metrics['opt/cg_chosen']).toBe(metrics['opt/cg_iterations']);
    // Beyond the length of the second iterate the loss is a wall.
    const short = new HessianFree(engine, layout, { iterations: 2, damping: 1e-3 });
    const limit = short.step(objective, theta.slice()).metrics['opt/step_norm']!;
    const walled: Objective = {
      ...objective,
      loss: (at) => (far(at) > limit * (1 + 1e-9) ? Number.POSITIVE_INFINITY : objective.loss(at)),
    };
    const report = new HessianFree(engine, layout, { iterations: P, damping: 1e-3 }).step(walled, theta);
    expect(report.accepted).toBe(true);
    expect(report.metrics['opt/cg_chosen']).toBe(2);
    expect(report.metrics['opt/cg_iterations']).toBeGreaterThan(2);
  });
});

test('settings out of range and, for engd, centred terms are refused', () => {
  for (const make of [
    () => pcg(0, 1),
    () => pcg(1.5, 1),
    () => pcg(1, 0),
    () => new HessianFree(engine, layout, { iterations: 0, damping: 1 }),
    () => new HessianFree(engine, layout, { iterations: 1, damping: Number.NaN }),
    () => new Engd(engine, layout, { damping: 0, decay: 0 }),
    () => new Engd(engine, layout, { damping: 1, decay: 1 }),
  ])
    expect(make).toThrow(expect.objectContaining({ code: 'KFAC_SPEC' }));
  const objective = bent(0);
  const centred: Objective = {
    ...objective,
    linearize: (theta) => {
      const { loss, terms } = objective.linearize(theta);
      return { loss, terms: terms.map((term) => ({ ...term, centred: true })) };
    },
  };
  expect(() => new Engd(engine, layout, { damping: 1, decay: 0 }).step(centred, start())).toThrow('centred');
});
