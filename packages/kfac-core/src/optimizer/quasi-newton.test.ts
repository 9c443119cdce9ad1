import { describe, expect, test } from 'vitest';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import type { Objective } from '../linearization.ts';
import { gradient } from '../derivatives.ts';
import { PhiloxStream } from '../random.ts';
import { addScaled, dot, norm } from '../vector.ts';
import { LBfgs, LimitedMemoryInverse } from './lbfgs.ts';
import { type InverseHessian, QuasiNewton } from './quasi-newton.ts';
import { type FamilyMember, SelfScaledInverse } from './self-scaled-inverse.ts';
import { SSBfgs, selfScaledBfgs } from './ssbfgs.ts';
import { SSBroyden, selfScaledBroyden } from './ssbroyden.ts';
import { sumOfSquares } from './sum-of-squares.test-support.ts';

const engine = selectEngine({ native: 'off' });
const members: [string, FamilyMember][] = [
  ['ssbroyden', selfScaledBroyden],
  ['ssbfgs', selfScaledBfgs],
];

/** A symmetric positive definite matrix [n × n] with eigenvalues over about `decades` decades. */
function positiveDefinite(n: number, decades: number, seed = 1): Float64Array {
  const stream = new PhiloxStream(seed, 1);
  const rows = matrix(2 * n, n);
  for (let i = 0; i < rows.data.length; i++) rows.data[i] = stream.normal() * 10 ** ((-decades / 2) * ((i % n) / n));
  const out = matrix(n, n);
  engine.linalg.gram(1, rows, null, 1, 0, out);
  return out.data as Float64Array;
}

function times(a: Float64Array, x: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  engine.linalg.gemm(
    1,
    matrixOver(x.length, x.length, a),
    'n',
    matrixOver(x.length, 1, x),
    'n',
    0,
    matrixOver(x.length, 1, out),
  );
  return out;
}

/** H·x of an approximation. */
function applied(inverse: InverseHessian, x: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  inverse.direction(x, out);
  return out.map((value) => -value);
}

/** All of H. */
function dense(inverse: InverseHessian, n: number): Float64Array {
  const h = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const unit = new Float64Array(n);
    unit[j] = 1;
    applied(inverse, unit).forEach((value, i) => (h[i * n + j] = value));
  }
  return h;
}

/** H ← (I − κsyᵀ)H(I − κysᵀ) + κssᵀ, the textbook's BFGS. */
function bfgs(h: Float64Array, s: Float64Array, y: Float64Array): Float64Array {
  const n = s.length;
  const kappa = 1 / dot(s, y);
  const left = matrix(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) left.data[i * n + j] = (i === j ? 1 : 0) - kappa * s[i]! * y[j]!;
  const half = matrix(n, n);
  const out = matrix(n, n);
  engine.linalg.gemm(1, left, 'n', matrixOver(n, n, h), 'n', 0, half);
  engine.linalg.gemm(1, half, 'n', left, 't', 0, out);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out.data[i * n + j]! += kappa * s[i]! * s[j]!;
  return out.data as Float64Array;
}

/** Steps of exact length on ½xᵀAx from x, as many as given; calls `each` with the direction after each. */
function minimise(inverse: InverseHessian, a: Float64Array, x: Float64Array, steps: number): Float64Array[] {
  const directions: Float64Array[] = [];
  const d = new Float64Array(x.length);
  for (let k = 0; k < steps; k++) {
    const g = times(a, x);
    inverse.direction(g, d);
    const ad = times(a, d);
    const alpha = -dot(g, d) / dot(d, ad);
    const s = d.map((value) => alpha * value);
    addScaled(x, alpha, d);
    inverse.update(
      s,
      ad.map((value) => alpha * value),
      -alpha * dot(s, g),
    );
    directions.push(d.slice());
  }
  return directions;
}

const unit = (x: Float64Array): Float64Array => x.map((value) => value / norm(x));

function gradientNorm(objective: Objective, theta: Float64Array): number {
  const out = new Float64Array(theta.length);
  gradient(objective.parameters, objective.linearize(theta), out);
  return norm(out);
}

/** Σ 100(x_{i+1} − x_i²)² + (1 − x_i)², d = 20. */
function rosenbrock(): Objective {
  const n = 20;
  const root = Math.SQRT2;
  return sumOfSquares(engine, 2 * (n - 1), n, (x, e, j) => {
    j.fill(0);
    for (let i = 0; i < n - 1; i++) {
      e[2 * i] = 10 * root * (x[i + 1]! - x[i]! ** 2);
      e[2 * i + 1] = root * (1 - x[i]!);
      j[2 * i * n + i] = -20 * root * x[i]!;
      j[2 * i * n + i + 1] = 10 * root;
      j[(2 * i + 1) * n + i] = -root;
    }
  });
}

/** Residuals θ − target: one step of the right scale solves it. */
function distance(target: readonly number[]): Objective {
  return sumOfSquares(engine, target.length, target.length, (x, e, j) => {
    j.fill(0);
    target.forEach((value, i) => {
      e[i] = (i + 1) * (x[i]! - value);
      j[i * target.length + i] = i + 1;
    });
  });
}

describe('the self-scaled inverse', () => {
  test.each(members)('oracle pinn §8.10: %s: H·y = s to 1e-12, H symmetric and positive definite', (_, member) => {
    const n = 12;
    const a = positiveDefinite(n, 4);
    const stream = new PhiloxStream(5, 2);
    const inverse = new SelfScaledInverse(engine, n, member);
    const g = Float64Array.from({ length: n }, () => stream.normal());
    for (let k = 0; k < 60; k++) {
      // Pairs of a Hessian that changes, with steps along −H·g as the formula for sᵀH⁻¹s supposes.
      const alpha = 10 ** stream.normal();
      const s = applied(inverse, g).map((value) => -alpha * value);
      const y = times(a, s).map((value, i) => value * (1 + 0.3 * Math.sin(k)) + 0.1 * Math.cos(i) ** 2 * s[i]!);
      expect(dot(y, s)).toBeGreaterThan(0);
      inverse.update(s, y, -alpha * dot(s, g));
      const hy = applied(inverse, y);
      addScaled(hy, -1, s);
      expect(norm(hy) / norm(s)).toBeLessThan(1e-12);
      const h = dense(inverse, n);
      for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(h[i * n + j]).toBe(h[j * n + i]);
      engine.linalg.cholesky(matrixOver(n, n, h));
      for (let i = 0; i < n; i++) g[i] = stream.normal();
    }
  });

  test('φ = 1, τ = 1 is the textbook BFGS; φ = 0 is DFP, BFGS with s and y, H and H⁻¹ exchanged', () => {
    const n = 6;
    const a = positiveDefinite(n, 2);
    const stream = new PhiloxStream(6, 2);
    const [one, zero] = [1, 0].map((phi) => new SelfScaledInverse(engine, n, () => ({ phi, tau: 1 })));
    let h: Float64Array = new Float64Array(n * n);
    for (let i = 0; i < n; i++) h[i * n + i] = 1;
    let b: Float64Array = h.slice();
    for (let k = 0; k < 4; k++) {
      const s = Float64Array.from({ length: n }, () => stream.normal());
      const y = times(a, s);
      one!.update(s, y, 1);
      zero!.update(s, y, 1);
      h = bfgs(h, s, y);
      b = bfgs(b, y, s);
    }
    dense(one!, n).forEach((value, i) => expect(value).toBeCloseTo(h[i]!, 10));
    const x = Float64Array.from({ length: n }, () => stream.normal());
    applied(zero!, times(b, x)).forEach((value, i) => expect(value).toBeCloseTo(x[i]!, 9));
  });

  test.each(members)(
    'oracle pinn §8.10: %s on a quadratic with exact steps: the directions of BFGS, which end in n steps',
    (_, member) => {
      const n = 8;
      const a = positiveDefinite(n, 2, 3);
      const from = Float64Array.from({ length: n }, (__, i) => 1 + Math.sin(i));
      const [mine, plain] = [member, () => ({ phi: 1, tau: 1 })].map((one) => {
        const x = from.slice();
        const directions = minimise(new SelfScaledInverse(engine, n, one), a, x, n);
        return { x, directions };
      });
      mine!.directions.forEach((d, k) => {
        expect(dot(unit(d), unit(plain!.directions[k]!))).toBeCloseTo(1, 6);
      });
      expect(norm(times(a, mine!.x))).toBeLessThan(1e-8 * norm(times(a, from)));
    },
  );

  test('after n exact steps H of BFGS without scaling is the inverse of A', () => {
    const n = 8;
    const a = positiveDefinite(n, 1, 4);
    const inverse = new SelfScaledInverse(engine, n, () => ({ phi: 1, tau: 1 }));
    minimise(inverse, a, new Float64Array(n).fill(1), n);
    const x = Float64Array.from({ length: n }, (_, i) => Math.cos(i));
    applied(inverse, times(a, x)).forEach((value, i) => expect(value).toBeCloseTo(x[i]!, 6));
  });

  test('the members: φ = τ = 1 where H is already right, τ at most 1 afterwards, ζ/ϖ at first', () => {
    for (const [, member] of members) {
      expect(member({ b: 1, zeta: 1, size: 9, isFirst: false })).toEqual({ phi: 1, tau: 1 });
      expect(member({ b: 4, zeta: 0.25, size: 9, isFirst: false })).toEqual({ phi: 1, tau: 0.25 });
      expect(member({ b: 4, zeta: 0.25, size: 9, isFirst: true })).toEqual({ phi: 1, tau: 0.25 });
    }
    // By hand: b = ½, ζ = 4 gives a = 1, χ = 1/√2, ρ⁻ = 1, ϑ = min(1, 1) = 1, ϖ = 2, φ = 0 (DFP), τ = 2^{−1/8}.
    const dfp = selfScaledBroyden({ b: 0.5, zeta: 4, size: 9, isFirst: false });
    expect(dfp.phi).toBe(0);
    expect(dfp.tau).toBeCloseTo(2 ** (-1 / 8), 14);
    expect(selfScaledBroyden({ b: 0.5, zeta: 4, size: 9, isFirst: true })).toEqual({ phi: 0, tau: 2 });
    // b = 2, ζ = 1: a = 1, ρ⁻ = 1 − 1/√2, ϑ⁻ = −1/√2, ϑ = max(−1/√2, −½) = −½, ϖ = ½, φ = 3, τ = min(½·2^{1/8}, ½) = ½.
    const beyond = selfScaledBroyden({ b: 2, zeta: 1, size: 9, isFirst: false });
    expect(beyond.phi).toBeCloseTo(3, 14);
    expect(beyond.tau).toBeCloseTo(0.5, 14);
  });

  test('new points keep a positive definite H and drop another', () => {
    const n = 3;
    const inverse = new SelfScaledInverse(engine, n, selfScaledBfgs);
    inverse.update(Float64Array.of(1, 0, 0), Float64Array.of(2, 0, 0), 1);
    const h = dense(inverse, n);
    inverse.rebase();
    expect(dense(inverse, n)).toEqual(h);
    inverse.restore({ inverse: Float64Array.of(1, 0, 1, 0, 0, -1) });
    inverse.rebase();
    expect(inverse.isIdentity).toBe(true);
  });

  test('the same bits on any number of threads', () => {
    const n = 150;
    const run = (threads: number): number[] => {
      const inverse = new SelfScaledInverse(selectEngine({ threads }), n, selfScaledBroyden);
      const x = Float64Array.from({ length: n }, (_, i) => Math.sin(i));
      minimise(inverse, positiveDefinite(n, 2), x, 5);
      return [...x, ...inverse.save()['inverse']!];
    };
    expect(run(3)).toEqual(run(1));
  });
});

describe('the limited-memory inverse', () => {
  test('oracle pinn §8.10: with full history it is BFGS from the newest scale', () => {
    const n = 7;
    const a = positiveDefinite(n, 2);
    const stream = new PhiloxStream(8, 2);
    const inverse = new LimitedMemoryInverse(n, 10);
    const pairs = Array.from({ length: 5 }, () => {
      const s = Float64Array.from({ length: n }, () => stream.normal());
      return { s, y: times(a, s) };
    });
    for (const { s, y } of pairs) inverse.update(s, y);
    const { s, y } = pairs.at(-1)!;
    let h: Float64Array = new Float64Array(n * n);
    for (let i = 0; i < n; i++) h[i * n + i] = dot(s, y) / dot(y, y);
    for (const pair of pairs) h = bfgs(h, pair.s, pair.y);
    dense(inverse, n).forEach((value, i) => expect(value).toBeCloseTo(h[i]!, 12));
    applied(inverse, y).forEach((value, i) => expect(value).toBeCloseTo(s[i]!, 12));
  });

  test('only the newest pairs count, and new points drop all', () => {
    const n = 5;
    const stream = new PhiloxStream(9, 2);
    const [short, fresh] = [new LimitedMemoryInverse(n, 2), new LimitedMemoryInverse(n, 2)];
    for (let k = 0; k < 5; k++) {
      const s = Float64Array.from({ length: n }, () => stream.normal());
      const y = s.map((value, i) => (i + 1) * value);
      short.update(s, y);
      if (k >= 3) fresh.update(s, y);
    }
    expect(dense(short, n)).toEqual(dense(fresh, n));
    short.rebase();
    expect(short.isIdentity).toBe(true);
  });

  test('on a quadratic with exact steps n steps end it', () => {
    const n = 8;
    const a = positiveDefinite(n, 2, 3);
    const x = new Float64Array(n).fill(1);
    const before = norm(times(a, x));
    minimise(new LimitedMemoryInverse(n, n), a, x, n);
    expect(norm(times(a, x))).toBeLessThan(1e-8 * before);
  });
});

describe.each(['ssbroyden', 'ssbfgs', 'lbfgs'] as const)('%s', (name) => {
  const create = ({ parameters }: Objective): QuasiNewton =>
    name === 'lbfgs'
      ? new LBfgs(parameters, { history: 20 })
      : name === 'ssbfgs'
        ? new SSBfgs(engine, parameters)
        : new SSBroyden(engine, parameters);

  test('oracle pinn §8.10: Rosenbrock in 20 dimensions to ‖∇L‖ < 1e-10', () => {
    const objective = rosenbrock();
    const theta = Float64Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? -1.2 : 1));
    const optimizer = create(objective);
    let steps = 0;
    while (gradientNorm(objective, theta) >= 1e-10) {
      const report = optimizer.step(objective, theta);
      expect(report.accepted).toBe(true);
      expect(report.newLoss).toBeLessThan(report.loss);
      expect(++steps).toBeLessThan(300);
    }
    expect(objective.loss(theta)).toBeLessThan(1e-20);
    theta.forEach((value) => expect(value).toBeCloseTo(1, 8));
  });

  test('a minimum is a stop of its own: the gradient vanishes', () => {
    const objective = distance([1, 2]);
    const report = create(objective).step(objective, Float64Array.of(1, 2));
    expect(report).toMatchObject({ accepted: false, stop: 'gradient', loss: 0 });
  });

  test('nothing lower along −∇L either: it says so, and θ keeps every bit', () => {
    const objective = distance([1, 2]);
    const theta = Float64Array.of(0.3, 0.1);
    const optimizer = create(objective);
    optimizer.step(objective, theta);
    const kept = [...theta];
    const walled: Objective = {
      ...objective,
      linearize: (at) => {
        const linearization = objective.linearize(at);
        return at.every((value, i) => value === kept[i]) ? linearization : { ...linearization, loss: Infinity };
      },
    };
    const report = optimizer.step(walled, theta);
    expect(report).toMatchObject({ accepted: false, stop: 'line-search' });
    expect(report.metrics).toMatchObject({ 'opt/restarted': 1, 'opt/rejected': 1, 'opt/lr': 0 });
    expect([...theta]).toEqual(kept);
  });

  test('a loss that is not finite stops', () => {
    const objective = distance([1, 2]);
    expect(create(objective).step(objective, Float64Array.of(Number.NaN, 0)).stop).toBe('non-finite');
  });
});

test('a direction of ascent drops H, and the step goes along −∇L', () => {
  const objective = distance([1, 2, 3]);
  const optimizer = new SSBroyden(engine, objective.parameters);
  const theta = new Float64Array(3);
  optimizer.step(objective, theta);
  const state = optimizer.save();
  optimizer.restore({ ...state, inverse: state['inverse']!.map((value) => -value) });
  const before = objective.loss(theta);
  const report = optimizer.step(objective, theta);
  expect(report).toMatchObject({ accepted: true, stop: null });
  expect(report.metrics['opt/restarted']).toBe(1);
  expect(objective.loss(theta)).toBeLessThan(before);
});

test('an H that an update finds indefinite is dropped, and the step says so', () => {
  const objective = distance([1, 2, 3]);
  const optimizer = new SSBroyden(engine, objective.parameters);
  const theta = new Float64Array(3);
  optimizer.step(objective, theta);
  // A step of descent along the first coordinate; y reaches the others, where H is negative.
  const gradientOf = Float64Array.of(-1e3, 0, 0);
  const state = optimizer.save();
  optimizer.restore({ ...state, gradient: gradientOf, inverse: Float64Array.of(1e-6, 0, -1, 0, 0, -1) });
  const report = optimizer.step(objective, theta);
  expect(report.accepted).toBe(true);
  expect(report.metrics['opt/restarted']).toBe(1);
  expect(optimizer.save()['inverse']).toHaveLength(0);
});

test('new points are noticed: L-BFGS forgets its pairs, SSBroyden keeps H', () => {
  const [first, second] = [distance([1, 2, 3]), distance([2, 0, 1])];
  const theta = new Float64Array(3);
  const lbfgs = new LBfgs(first.parameters, { history: 5 });
  for (const objective of [first, first]) lbfgs.step(objective, theta);
  expect(lbfgs.save()['pairs']).toHaveLength(2 * 2 * 3);
  expect(lbfgs.step(second, theta).metrics['opt/restarted']).toBe(1);
  expect(lbfgs.save()['pairs']).toHaveLength(1 * 2 * 3);

  const broyden = new SSBroyden(engine, first.parameters);
  theta.fill(0);
  for (const objective of [first, first, second]) {
    const report = broyden.step(objective, theta);
    expect(report).toMatchObject({ accepted: true });
    expect(report.metrics['opt/restarted']).toBe(0);
  }
  expect(broyden.save()['inverse']).toHaveLength(6);
});

test('a history below 1 is refused', () => {
  for (const history of [0, 1.5, Number.NaN])
    expect(() => new LBfgs(distance([1]).parameters, { history })).toThrow(
      expect.objectContaining({ code: 'KFAC_SPEC' }),
    );
});
