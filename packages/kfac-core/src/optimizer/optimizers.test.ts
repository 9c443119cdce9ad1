import { describe, expect, test } from 'vitest';
import { denseCapturedLayer } from '../captured-layer.ts';
import { gradient } from '../derivatives.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../checkpoint.ts';
import { matrix } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import type { Objective } from '../linearization.ts';
import { ParameterLayout } from '../parameters.ts';
import { PhiloxStream } from '../random.ts';
import { runTraining } from '../training/loop.ts';
import type { TrainingOptions } from '../training/training.ts';
import { Adam } from './adam.ts';
import { Engd } from './engd.ts';
import { GaussNewton } from './gauss-newton.ts';
import { HessianFree } from './hessian-free.ts';
import { KFac, type KFacOptions } from './kfac.ts';
import { KFacPcg } from './kfac-pcg.ts';
import { GramSystem, OrthogonalSystem } from './reduced-system.ts';
import { solveSecular } from './secular.ts';
import { LBfgs } from './lbfgs.ts';
import type { Optimizer } from './optimizer.ts';
import { Phases } from './phases.ts';
import { Spring } from './spring.ts';
import { SSBfgs } from './ssbfgs.ts';
import { SSBroyden } from './ssbroyden.ts';

const engine = selectEngine({ native: 'off' });

/** ½·mean (z·w − y)² for one linear unit: the Gauss–Newton matrix is the Hessian. */
function leastSquares(rows: number, inputs: number, batch = 1): Objective {
  const stream = new PhiloxStream(7, batch);
  const z = matrix(rows, inputs);
  for (let i = 0; i < z.data.length; i++) z.data[i] = stream.normal();
  const y = Float64Array.from({ length: rows }, () => stream.normal());
  const ones = matrix(rows, 1);
  ones.data.fill(1);
  const residual = new Float64Array(rows);
  const slope = new Float64Array(rows);
  const curvature = new Float64Array(rows).fill(1 / rows);
  const layer = denseCapturedLayer(engine, 'w', z, ones);
  const fill = (theta: Float64Array): number => {
    let loss = 0;
    for (let i = 0; i < rows; i++) {
      let e = -y[i]!;
      for (let j = 0; j < inputs; j++) e += z.data[i * inputs + j]! * theta[j]!;
      residual[i] = e;
      slope[i] = e / rows;
      loss += (0.5 * e * e) / rows;
    }
    return loss;
  };
  return {
    engine,
    parameters: new ParameterLayout([{ name: 'w', inputs, outputs: 1 }]),
    loss: fill,
    linearize: (theta) => ({
      loss: fill(theta),
      terms: [{ name: 'data', residual, slope, curvature, centred: false, layers: [layer] }],
    }),
    nextBatch: () => {},
  };
}

/** New targets every step, a pure function of the step: a training that never comes to rest. */
function changingLeastSquares(): Objective {
  const batches = new Map<number, Objective>();
  let current = leastSquares(30, 4, 1);
  return {
    engine,
    parameters: current.parameters,
    loss: (theta) => current.loss(theta),
    linearize: (theta) => current.linearize(theta),
    nextBatch(step) {
      if (!batches.has(step)) batches.set(step, leastSquares(30, 4, step));
      current = batches.get(step)!;
    },
  };
}

const base: KFacOptions = {
  split: 'pi',
  damping: { policy: 'reject', initial: 1e-12, minimum: 1e-14, maximum: 1e3 },
  decay: 0.95,
  average: 'debiased',
  refreshEvery: 1,
  rejection: 'increase',
  exactBlocks: ['w'],
};

/** The optimizers of the resume test. */
const resumable: Record<string, (layout: ParameterLayout) => Optimizer> = {
  kfac: (layout) =>
    new KFac(engine, layout, {
      ...base,
      exactBlocks: [],
      refreshEvery: 3,
      damping: { ...base.damping, initial: 1e-2 },
      averageFrom: 4,
    }),
  adam: (layout) => new Adam(engine, layout, { learningRate: 0.01, schedule: 'cosine', steps: 400 }),
  'gauss-newton': (layout) =>
    new GaussNewton(engine, layout, {
      target: 0.25,
      window: 3,
      probes: 4,
      initialRadius: 1e-6,
      minRadius: 1e-12,
      maxRadius: 1e3,
    }),
  spring: (layout) => new Spring(engine, layout, { damping: 1e-2, momentum: 0.9 }),
  'kfac-pcg': (layout) =>
    new KFacPcg(engine, layout, { iterations: 2, damping: 1e-2, split: 'pi', decay: 0.9, average: 'debiased' }),
  'hessian-free': (layout) => new HessianFree(engine, layout, { iterations: 2, damping: 1e-2 }),
  engd: (layout) => new Engd(engine, layout, { damping: 1e-2, decay: 0.9 }),
  ssbroyden: (layout) => new SSBroyden(engine, layout),
  ssbfgs: (layout) => new SSBfgs(engine, layout),
  lbfgs: (layout) => new LBfgs(layout, { history: 3 }),
  phases: (layout) =>
    new Phases([
      { create: () => resumable['adam']!(layout), steps: 70 },
      { create: () => resumable['spring']!(layout), steps: 60 },
      { create: () => resumable['lbfgs']!(layout) },
    ]),
};

function gradientNorm(objective: Objective, theta: Float64Array): number {
  const { terms } = objective.linearize(theta);
  const out = new Float64Array(theta.length);
  terms[0]!.layers[0]!.gradient(terms[0]!.slope, out);
  return Math.hypot(...out);
}

describe('optimizers', () => {
  test('oracle kfac §14.15, pinn §8.6: on a quadratic with the exact block one step has α = 1 and solves it', () => {
    const objective = leastSquares(50, 6);
    const theta = new Float64Array(6);
    const report = new KFac(engine, objective.parameters, base).step(objective, theta);
    expect(report.accepted).toBe(true);
    expect(report.metrics['opt/lr']).toBeCloseTo(1, 8);
    expect(report.metrics['opt/lm_ratio']).toBeCloseTo(1, 8);
    expect(report.metrics['opt/momentum']).toBe(0);
    expect(gradientNorm(objective, theta)).toBeLessThan(1e-10);
  });

  test('the quadratic model of K-FAC is taken from the model terms where there are any: twice ω, half the step', () => {
    const objective = leastSquares(50, 6);
    const doubled: Objective = {
      ...objective,
      linearize(at) {
        const { loss, terms } = objective.linearize(at);
        const modelTerms = terms.map((term) => ({ ...term, curvature: term.curvature.map((weight) => 2 * weight) }));
        return { loss, terms, modelTerms };
      },
    };
    const report = new KFac(engine, objective.parameters, base).step(doubled, new Float64Array(6));
    expect(report.metrics['opt/lr']).toBeCloseTo(0.5, 8);
  });

  test('oracle kfac §14.15: with an inexact block the two-direction model is conjugate gradients: n steps solve n dimensions', () => {
    const objective = leastSquares(50, 6);
    const theta = new Float64Array(6);
    // A Kronecker block damped into a multiple of the identity: plain gradient directions.
    const optimizer = new KFac(engine, objective.parameters, {
      ...base,
      exactBlocks: ['w'],
      damping: { policy: 'constant', initial: 1e-13, minimum: 0, maximum: 1 },
      average: 'identity',
      decay: 1 - 1e-15,
      rejection: 'none',
    });
    for (let k = 0; k < 6; k++) optimizer.step(objective, theta);
    expect(gradientNorm(objective, theta)).toBeLessThan(1e-8);
  });

  test('oracle kfac §14.6: for a model linear in θ the Gauss–Newton matrix is the Hessian', () => {
    const objective = leastSquares(50, 4);
    const { terms } = objective.linearize(new Float64Array(4));
    const block = matrix(4, 4);
    terms[0]!.layers[0]!.exactBlock(terms[0]!.curvature, block);
    const gradientAt = (k: number, h: number): Float64Array => {
      const theta = new Float64Array(4);
      theta[k] = h;
      const out = new Float64Array(4);
      gradient(objective.parameters, objective.linearize(theta), out);
      return out;
    };
    for (let k = 0; k < 4; k++) {
      const [up, down] = [gradientAt(k, 0.5), gradientAt(k, -0.5)];
      for (let i = 0; i < 4; i++) expect(block.data[i * 4 + k]).toBeCloseTo(up[i]! - down[i]!, 12);
    }
  });

  test('oracle kfac §14.16: on a quadratic ρ = 1 and λ falls by ω every fifth step, to its floor; a step too long raises it', () => {
    const objective = leastSquares(50, 6);
    const minimum = 0.9 * 0.95 ** 5;
    const damping = { policy: 'lm', initial: 1, minimum, maximum: 1e3 } as const;
    const optimizer = new KFac(engine, objective.parameters, { ...base, damping });
    const theta = new Float64Array(6);
    const lambdas: number[] = [];
    for (let k = 1; k <= 11; k++) {
      const { metrics } = optimizer.step(objective, theta);
      if (k % 5 === 0) expect(metrics['opt/lm_ratio']).toBeGreaterThan(0.75);
      lambdas.push(metrics['opt/damping']!);
    }
    expect(lambdas.slice(0, 5)).toEqual([1, 1, 1, 1, 1]);
    expect(lambdas[5]).toBeCloseTo(0.95 ** 5, 14);
    expect(lambdas[10]).toBe(minimum);

    // The same objective, but its loss rises: what the model promised does not come.
    const rising = { ...objective, loss: () => Number.MAX_VALUE };
    const other = new KFac(engine, objective.parameters, { ...base, damping, rejection: 'none' });
    for (let k = 1; k <= 5; k++) other.step(rising, new Float64Array(6));
    expect(other.step(rising, new Float64Array(6)).metrics['opt/damping']).toBeCloseTo(0.95 ** -5, 14);
  });

  test('oracle pinn §8.7: the predicted reduction is ½‖r‖² − ½‖r + Jδ‖², in both forms', () => {
    const stream = new PhiloxStream(9, 1);
    const [m, n] = [30, 7];
    const rows = matrix(m, n + 1);
    for (let i = 0; i < rows.data.length; i++) rows.data[i] = stream.normal();
    const square = matrix(n + 1, n + 1);
    for (const System of [GramSystem, OrthogonalSystem]) {
      if (System === GramSystem) engine.linalg.gram(1, rows, null, 1, 0, square);
      else engine.linalg.qrFactor(rows, square);
      const system = new System(engine, n);
      system.factor(square);
      const { predicted } = system.solve(0.3);
      const p = new Float64Array(n);
      system.expand(p);
      let [before, after] = [0, 0];
      for (let i = 0; i < m; i++) {
        const r = rows.data[i * (n + 1) + n]!;
        let moved = r;
        for (let j = 0; j < n; j++) moved -= rows.data[i * (n + 1) + j]! * p[j]!;
        before += 0.5 * r * r;
        after += 0.5 * moved * moved;
      }
      expect(predicted).toBeCloseTo(before - after, 11);
    }
  });

  test('oracle kfac §14.17: a rejected step leaves θ bit-equal, raises λ, and thirty in a row stall', () => {
    const objective = leastSquares(20, 3);
    const theta = new Float64Array(3).fill(0.5);
    const rising = { ...objective, loss: () => Number.POSITIVE_INFINITY };
    const optimizer = new KFac(engine, objective.parameters, {
      ...base,
      damping: { ...base.damping, initial: 1e-3, maximum: 1e30 },
    });
    const before = [...theta];
    for (let k = 1; k <= 30; k++) {
      const report = optimizer.step(rising, theta);
      expect(report.accepted).toBe(false);
      expect([...theta]).toEqual(before);
      expect(report.metrics['opt/damping']).toBeCloseTo(1e-3 * 4 ** (k - 1), 3 - k);
      expect(report.stop).toBe(k === 30 ? 'stalled' : null);
    }
  });

  test.each(['gram', 'qr'] as const)('oracle pinn §8.9: the radius rule on linear least squares, %s form', (form) => {
    const objective = leastSquares(40, 5);
    const theta = new Float64Array(5);
    const optimizer = new GaussNewton(engine, objective.parameters, {
      target: 0.075,
      window: 10,
      probes: 16,
      initialRadius: 1e-3,
      minRadius: 1e-8,
      maxRadius: 1e3,
      form,
    });
    let radius = 1e-3;
    for (let k = 0; k < 3; k++) {
      const report = optimizer.step(objective, theta);
      expect(report.metrics['opt/lm_ratio']).toBeCloseTo(1, 6);
      expect(report.metrics['opt/radius']! / radius).toBeCloseTo(10, 6);
      radius = report.metrics['opt/radius']!;
    }
    optimizer.step(objective, theta);
    expect(gradientNorm(objective, theta)).toBeLessThan(1e-9);
  });

  test('oracle pinn §8.8: ‖p(λ)‖ = Δ over twelve decades of Δ and nine of σ', () => {
    const n = 10;
    const augmented = matrix(n + 1, n + 1);
    for (let i = 0; i < n; i++) {
      augmented.data[i * (n + 1) + i] = 10 ** -i;
      augmented.data[i * (n + 1) + n] = 1;
    }
    const system = new OrthogonalSystem(engine, n);
    system.factor(augmented);
    let previous = Number.POSITIVE_INFINITY;
    for (let exponent = -6; exponent <= 6; exponent++) {
      const step = solveSecular(system, 10 ** exponent, 0);
      expect(Math.sqrt(step.squaredNorm) / 10 ** exponent).toBeCloseTo(1, 6);
      expect(step.lambda).toBeLessThan(previous);
      previous = step.lambda;
    }
  });

  test.each(Object.keys(resumable))(
    'oracle kfac §14.32: a resumed training is the uninterrupted one, bit for bit: %s',
    async (name) => {
      const run = async (steps: number, resume?: Uint8Array) => {
        const objective = changingLeastSquares();
        const optimizer = resumable[name]!(objective.parameters);
        const theta = new Float64Array(4);
        const checkpoints = new Map<number, Uint8Array>();
        const outcome = await runTraining(
          { kind: 'test', spec: { steps: 'any' }, objective, optimizer, theta, stop: { steps } },
          { onCheckpoint: (bytes, step) => void checkpoints.set(step, bytes), ...(resume ? { resume } : {}) },
        );
        return { theta, checkpoints, outcome };
      };
      const whole = await run(140);
      expect(whole.checkpoints.has(100)).toBe(true);
      const again = await run(140, whole.checkpoints.get(100)!);
      expect([...again.theta]).toEqual([...whole.theta]);
      const clean = (rows: readonly Record<string, number>[]) =>
        rows.map(({ seconds: _s, 'time/total': _t, ...row }) => row);
      expect(clean(again.outcome.history)).toEqual(clean(whole.outcome.history));
      expect(again.outcome.stopReason).toBe('steps');
    },
  );

  test('a checkpoint read from a file (a Buffer inside a larger pool) gives the same numbers', () => {
    const bytes = encodeCheckpoint({
      header: { kind: 'a' },
      tensors: { x: Float64Array.of(1, 2), y: Float64Array.of(3) },
    });
    const pool = Buffer.alloc(bytes.length + 24);
    pool.set(bytes, 24);
    const { tensors } = decodeCheckpoint(pool.subarray(24));
    expect([...tensors['x']!, ...tensors['y']!]).toEqual([1, 2, 3]);
  });

  test('a divergence on the first resumed step leaves the parameters of the checkpoint', async () => {
    const objective = changingLeastSquares();
    const task = (theta: Float64Array, broken: boolean) => ({
      kind: 'test',
      spec: {},
      objective: broken ? { ...objective, linearize: () => ({ loss: Number.NaN, terms: [] }) } : objective,
      optimizer: new Adam(engine, objective.parameters, { learningRate: 0.01, schedule: 'constant', steps: 1 }),
      theta,
      stop: { steps: 150 },
    });
    let saved: Uint8Array | undefined;
    let atSave: number[] = [];
    const theta = new Float64Array(4);
    await runTraining(task(theta, false), {
      onCheckpoint: (bytes, step) => {
        if (step !== 100) return;
        saved = bytes;
        atSave = [...theta];
      },
    });
    const resumed = new Float64Array(4);
    const outcome = await runTraining(task(resumed, true), { resume: saved! });
    expect(outcome).toMatchObject({ status: 'diverged', badStep: 101, steps: 100 });
    expect([...resumed]).toEqual(atSave);
  });

  test('a step into a non-finite loss is the bad step, and the state before it is kept', async () => {
    const objective = changingLeastSquares();
    const theta = new Float64Array(4);
    const outcome = await runTraining(
      {
        kind: 'test',
        spec: {},
        objective,
        optimizer: new Adam(engine, objective.parameters, { learningRate: 1e200, schedule: 'constant', steps: 1 }),
        theta,
        stop: { steps: 150 },
      },
      {},
    );
    expect(outcome).toMatchObject({ status: 'diverged', stopReason: 'non-finite', badStep: 1, steps: 0 });
    expect([...theta]).toEqual([0, 0, 0, 0]);
  });

  test('a checkpoint goes on under other stop rules, and under nothing else', async () => {
    const objective = changingLeastSquares();
    const run = async (spec: object, steps: number, options: TrainingOptions, isScheduled = false) => {
      const theta = new Float64Array(4);
      await runTraining(
        {
          kind: 'test',
          spec: { ...spec, stop: { steps } },
          isScheduled,
          objective,
          optimizer: new Adam(engine, objective.parameters, { learningRate: 0.01, schedule: 'constant', steps: 1 }),
          theta,
          stop: { steps },
        },
        options,
      );
      return [...theta];
    };
    let saved!: Uint8Array;
    await run({ width: 1 }, 100, { onCheckpoint: (bytes) => (saved = bytes) });
    expect(await run({ width: 1 }, 130, { resume: saved })).toEqual(await run({ width: 1 }, 130, {}));
    await expect(run({ width: 2 }, 130, { resume: saved })).rejects.toThrow('/width: 1 there, 2 here');
    await expect(run({ width: 1 }, 130, { resume: saved }, true)).rejects.toThrow('/stop/steps: 100 there, 130 here');
  });

  test('a damaged or foreign checkpoint is refused with KFAC_CHECKPOINT', () => {
    const bytes = encodeCheckpoint({ header: { kind: 'a' }, tensors: { x: Float64Array.of(1, 2, 3) } });
    expect([...decodeCheckpoint(bytes).tensors['x']!]).toEqual([1, 2, 3]);
    for (const at of [0, 9, 20, bytes.length - 40, bytes.length - 1]) {
      const bad = bytes.slice();
      bad[at] = bad[at]! ^ 1;
      expect(() => decodeCheckpoint(bad)).toThrow(expect.objectContaining({ code: 'KFAC_CHECKPOINT' }));
    }
    expect(() => decodeCheckpoint(bytes.subarray(0, bytes.length - 5))).toThrow(
      expect.objectContaining({ code: 'KFAC_CHECKPOINT' }),
    );
    expect(() => decodeCheckpoint(new Uint8Array(3))).toThrow(expect.objectContaining({ code: 'KFAC_CHECKPOINT' }));
  });
});
