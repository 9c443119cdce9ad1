import { describe, expect, test } from 'vitest';
import { gradient } from '../derivatives.ts';
import { matrix } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import type { Objective } from '../linearization.ts';
import { PhiloxStream } from '../random.ts';
import { norm } from '../vector.ts';
import { ConjugateGradient } from './conjugate-gradient.ts';
import { NystromNewtonCg, type NystromNewtonCgOptions } from './nystrom-newton-cg.ts';
import { NystromPreconditioner } from './nystrom-preconditioner.ts';
import { SIZE, explicitRows, solveDamped, twoTerms } from './two-layer.test-support.ts';

const engine = selectEngine({ native: 'off' });
const random = (step: number): PhiloxStream => new PhiloxStream(1, 7, step * 2 ** 20);
const options: NystromNewtonCgOptions = { damping: 1e-2, rank: 60, iterations: 100, random };
const start = (): Float64Array => Float64Array.from({ length: SIZE }, (_, i) => 0.3 * Math.cos(3 * i));

/** A matrix QDQᵀ with eigenvalues 10^(−k/2), and how it multiplies. */
function decaying(n: number) {
  const stream = new PhiloxStream(6, 1);
  const [x, q, r] = [matrix(n, n), matrix(n, n), matrix(n, n)];
  for (let i = 0; i < n * n; i++) x.data[i] = stream.normal();
  engine.linalg.qr(x, q, r);
  const values = Float64Array.from({ length: n }, (_, k) => 10 ** (-k / 2));
  const h = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) h.data[i * n + j]! += q.data[i * n + k]! * values[k]! * q.data[j * n + k]!;
    }
  }
  const apply = (v: Float64Array, out: Float64Array): void => {
    for (let i = 0; i < n; i++) {
      out[i] = 0;
      for (let j = 0; j < n; j++) out[i]! += h.data[i * n + j]! * v[j]!;
    }
  };
  return { values, apply };
}

describe('the Nyström preconditioner', () => {
  test('of full rank it is the inverse, M⁻¹(H + μI) = (Λ_n + μ)·I', () => {
    const n = 8;
    const { values, apply } = decaying(n);
    const preconditioner = new NystromPreconditioner(engine, n, n);
    preconditioner.update(apply, random(1));
    preconditioner.values.forEach((value, k) => expect(value / values[k]!).toBeCloseTo(1, 8));
    const [v, hv, out] = [
      Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1)),
      new Float64Array(n),
      new Float64Array(n),
    ];
    apply(v, hv);
    preconditioner.solve(
      1e-3,
      hv.map((value, i) => value + 1e-3 * v[i]!),
      out,
    );
    out.forEach((value, i) => expect(value / ((values[n - 1]! + 1e-3) * v[i]!)).toBeCloseTo(1, 7));
  });

  test('of rank k it finds the k largest eigenvalues from below, and conjugate gradients need fewer iterations', () => {
    const n = 40;
    const { values, apply } = decaying(n);
    const rank = 12;
    const preconditioner = new NystromPreconditioner(engine, n, rank);
    preconditioner.update(apply, random(1));
    preconditioner.values.forEach((value, k) => expect(value).toBeLessThan(values[k]! * (1 + 1e-10)));
    for (let k = 0; k < 6; k++) expect(preconditioner.values[k]! / values[k]!).toBeGreaterThan(0.9);
    const mu = 1e-5;
    const right = Float64Array.from({ length: n }, (_, i) => Math.cos(i));
    const iterations = (isPreconditioned: boolean): number => {
      const solver = new ConjugateGradient(n);
      solver.begin({
        right,
        apply: (v, out) => {
          apply(v, out);
          for (let i = 0; i < n; i++) out[i]! += mu * v[i]!;
        },
        ...(isPreconditioned ? { precondition: (v, out) => preconditioner.solve(mu, v, out) } : {}),
      });
      let used = 0;
      while (used < 500 && solver.residualNorm > 1e-8 * norm(right) && solver.iterate()) used += 1;
      return used;
    };
    expect(iterations(true)).toBeLessThan(0.6 * iterations(false));
  });

  test('of a matrix that is zero it is the identity', () => {
    const preconditioner = new NystromPreconditioner(engine, 6, 3);
    preconditioner.update((_, out) => out.fill(0), random(1));
    const v = Float64Array.of(1, 2, 3, 4, 5, 6);
    const out = new Float64Array(6);
    preconditioner.solve(1e-3, v, out);
    expect([...out]).toEqual([...v]);
  });
});

describe('Nyström Newton–CG', () => {
  test.each([3, 60])('oracle pinn §8.6: the direction is −(JᵀJ + μI)⁻¹∇L, with a preconditioner of rank %i', (rank) => {
    const objective = twoTerms(engine, [20, 9], 0.4);
    const { parameters } = objective;
    const theta = start();
    const linearization = objective.linearize(theta);
    const g = new Float64Array(SIZE);
    gradient(parameters, linearization, g);
    const wanted = solveDamped(engine, explicitRows(parameters, linearization), 1e-2, g);
    const optimizer = new NystromNewtonCg(engine, parameters, { ...options, rank });
    const report = optimizer.step(objective, theta);
    expect(report.accepted).toBe(true);
    optimizer.save()['direction']!.forEach((value, k) => expect(value).toBeCloseTo(-wanted[k]!, 7));
    const alpha = report.metrics['opt/lr']!;
    theta.forEach((value, k) => expect(value).toBeCloseTo(start()[k]! - alpha * wanted[k]!, 7));
    // The rank of the matrix is that of all parameters: a preconditioner of that rank solves at once.
    if (rank >= SIZE) expect(report.metrics['opt/cg_iterations']).toBeLessThanOrEqual(2);
  });

  test('it solves equations that have a solution, and every step lowers the loss as much as it must', () => {
    const solution = Float64Array.from({ length: SIZE }, (_, i) => Math.sin(i));
    const objective = twoTerms(engine, [60, 40], 0.2, { solution });
    const theta = start();
    const optimizer = new NystromNewtonCg(engine, objective.parameters, { ...options, damping: 1e-6, rank: 5 });
    for (let step = 0; step < 12; step++) {
      const report = optimizer.step(objective, theta);
      if (report.stop) break;
      expect(report.newLoss).toBeLessThan(report.loss);
    }
    expect(objective.loss(theta)).toBeLessThan(1e-15 * objective.loss(start()));
  });

  test('where nothing is lower it drops what it had, tries −∇L, and stops with line-search; a zero gradient with gradient', () => {
    const objective = twoTerms(engine, [20, 9], 0.4);
    const theta = start();
    let calls = 0;
    const rising: Objective = { ...objective, loss: () => ((calls += 1), Number.POSITIVE_INFINITY) };
    const optimizer = new NystromNewtonCg(engine, objective.parameters, options);
    const report = optimizer.step(rising, theta);
    expect(report).toMatchObject({ accepted: false, stop: 'line-search' });
    expect(calls).toBe(62);
    expect([...theta]).toEqual([...start()]);
    expect([...optimizer.save()['direction']!]).toEqual([...new Float64Array(SIZE)]);
    const solution = start();
    const solved = twoTerms(engine, [20, 9], 0, { solution });
    expect(new NystromNewtonCg(engine, solved.parameters, options).step(solved, solution)).toMatchObject({
      accepted: false,
      stop: 'gradient',
    });
  });

  test('resumed it is the uninterrupted one, bit for bit, over a refreshment', () => {
    const objective = twoTerms(engine, [20, 9], 0.4);
    // So much damping that it is still on its way after 30 steps.
    const create = () => new NystromNewtonCg(engine, objective.parameters, { ...options, damping: 3, rank: 4 });
    const [whole, theta] = [start(), start()];
    const one = create();
    for (let step = 0; step < 30; step++) expect(one.step(objective, whole).stop).toBeNull();
    const first = create();
    for (let step = 0; step < 13; step++) first.step(objective, theta);
    const second = create();
    second.restore(first.save());
    for (let step = 13; step < 30; step++) second.step(objective, theta);
    expect([...theta]).toEqual([...whole]);
    expect(second.save()).toEqual(one.save());
  });

  test('settings out of range are refused, a loss that is not finite stops it', () => {
    const objective = twoTerms(engine, [20, 9], 0.4);
    for (const change of [{ damping: 0 }, { rank: 0 }, { iterations: 1.5 }]) {
      expect(() => new NystromNewtonCg(engine, objective.parameters, { ...options, ...change })).toThrow(
        expect.objectContaining({ code: 'KFAC_SPEC' }),
      );
    }
    const far = new Float64Array(SIZE).fill(1e200);
    expect(new NystromNewtonCg(engine, objective.parameters, options).step(objective, far).stop).toBe('non-finite');
  });
});
