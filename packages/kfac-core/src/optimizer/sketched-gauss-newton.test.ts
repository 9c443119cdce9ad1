import { describe, expect, test } from 'vitest';
import { gradient } from '../derivatives.ts';
import { selectEngine } from '../engine/select.ts';
import type { Objective } from '../linearization.ts';
import { PhiloxStream } from '../random.ts';
import { norm } from '../vector.ts';
import { GaussNewton, type GaussNewtonOptions } from './gauss-newton.ts';
import { SketchedGaussNewton } from './sketched-gauss-newton.ts';
import { SketchedReduction } from './sketched-reduction.ts';
import { SIZE, explicitRows, solveDamped, twoTerms } from './two-layer.test-support.ts';

const engine = selectEngine({ native: 'off' });
const random = (step: number): PhiloxStream => new PhiloxStream(1, 6, step * 2 ** 20);
const rule: GaussNewtonOptions = {
  target: 0.25,
  window: 10,
  probes: 16,
  initialRadius: 0.1,
  minRadius: 1e-8,
  maxRadius: 1e3,
};
const start = (): Float64Array => Float64Array.from({ length: SIZE }, (_, i) => 0.3 * Math.cos(3 * i));

describe('doubly sketched Gauss–Newton', () => {
  test.each(['gram', 'qr', 'auto'] as const)(
    'oracle pinn §8.11: all coordinates and no left sketch are Gauss–Newton with the radius rule, %s form',
    (form) => {
      const objective = twoTerms(engine, [20, 9], 0.4);
      const [plain, sketched] = [start(), start()];
      const options = { ...rule, form };
      const one = new GaussNewton(engine, objective.parameters, options);
      const other = new SketchedGaussNewton(engine, objective.parameters, {
        ...options,
        sketch: { parameters: 1000, rows: 1000 },
        random,
      });
      for (let step = 0; step < 4; step++) {
        const wanted = one.step(objective, plain);
        const found = other.step(objective, sketched);
        expect(found.newLoss / wanted.newLoss).toBeCloseTo(1, 8);
        expect(found.metrics['opt/radius']! / wanted.metrics['opt/radius']!).toBeCloseTo(1, 7);
        sketched.forEach((value, k) => expect(value).toBeCloseTo(plain[k]!, 8));
      }
    },
  );

  test('a sketched step is R·(RᵀJᵀSᵀSJR + λI)⁻¹RᵀJᵀSᵀSr: in the span of R, with the norm of what it lifts', () => {
    const objective = twoTerms(engine, [40, 20], 0.4);
    const { parameters } = objective;
    const linearization = objective.linearize(start());
    const reduction = new SketchedReduction(engine, parameters, { parameters: 6, rows: 12 });
    reduction.draw(() => random(1));
    const [p, other] = [new Float64Array(SIZE), new Float64Array(SIZE)];
    const gram = reduction.reduce(linearization, 'gram');
    const step = gram.solve(0.1);
    gram.expand(p);
    expect(norm(p) ** 2 / step.squaredNorm).toBeCloseTo(1, 10);
    // The same sketches in the other form, at the same step.
    const qr = reduction.reduce(linearization, 'qr');
    expect(qr.solve(0.1).predicted / step.predicted).toBeCloseTo(1, 9);
    qr.expand(other);
    other.forEach((value, k) => expect(value).toBeCloseTo(p[k]!, 10));
  });

  test('the rows are compressed without bias: the mean of SJ over sketches has the Gram matrix of J', () => {
    const objective = twoTerms(engine, [40, 20], 0.4);
    const { parameters } = objective;
    const linearization = objective.linearize(start());
    const rows = explicitRows(parameters, linearization);
    const g = new Float64Array(SIZE);
    gradient(parameters, linearization, g);
    // All coordinates, half the rows, λ ≫ σ₁²: λ·p → (SJ)ᵀSr, whose mean is Jᵀr.
    const reduction = new SketchedReduction(engine, parameters, { parameters: SIZE, rows: 30 });
    const lambda = 1e9;
    const draws = 400;
    const mean = new Float64Array(SIZE);
    const p = new Float64Array(SIZE);
    for (let step = 1; step <= draws; step++) {
      reduction.draw(() => random(step));
      const system = reduction.reduce(linearization, 'gram');
      system.solve(lambda);
      system.expand(p);
      p.forEach((value, k) => (mean[k]! += (lambda * value) / draws));
    }
    const wanted = solveDamped(engine, rows, lambda, g).map((value) => lambda * value);
    const scale = norm(Float64Array.from(rows.data)) * Math.sqrt(2 * linearization.loss);
    mean.forEach((value, k) => expect(Math.abs(value - wanted[k]!)).toBeLessThan((5 * scale) / Math.sqrt(30 * draws)));
  });

  test('fewer coordinates and rows than there are still solve equations that have a solution, by new sketches', () => {
    const solution = Float64Array.from({ length: SIZE }, (_, i) => Math.sin(i));
    const objective = twoTerms(engine, [60, 40], 0.2, { solution });
    const theta = start();
    const optimizer = new SketchedGaussNewton(engine, objective.parameters, {
      ...rule,
      sketch: { parameters: 6, rows: 40 },
      random,
    });
    for (let step = 0; step < 120; step++) {
      const report = optimizer.step(objective, theta);
      if (report.accepted) expect(report.newLoss).toBeLessThan(report.loss);
      if (report.stop) break;
    }
    expect(objective.loss(theta)).toBeLessThan(1e-10 * objective.loss(start()));
  });

  test('resumed it is the uninterrupted one, bit for bit, sketches included', () => {
    const objective = twoTerms(engine, [40, 20], 0.4);
    const create = () =>
      new SketchedGaussNewton(engine, objective.parameters, { ...rule, sketch: { parameters: 7, rows: 30 }, random });
    const [whole, theta] = [start(), start()];
    const one = create();
    for (let step = 0; step < 9; step++) one.step(objective, whole);
    const first = create();
    for (let step = 0; step < 4; step++) first.step(objective, theta);
    const second = create();
    second.restore(first.save());
    for (let step = 4; step < 9; step++) second.step(objective, theta);
    expect([...theta]).toEqual([...whole]);
    expect(second.save()).toEqual(one.save());
  });

  test('sketches without size and centred terms are refused', () => {
    const objective = twoTerms(engine, [20, 9], 0);
    for (const sketch of [
      { parameters: 0, rows: 5 },
      { parameters: 5, rows: 1.5 },
    ]) {
      expect(() => new SketchedGaussNewton(engine, objective.parameters, { ...rule, sketch, random })).toThrow(
        expect.objectContaining({ code: 'KFAC_SPEC' }),
      );
    }
    const centred: Objective = {
      ...objective,
      linearize: (theta) => {
        const { loss, terms } = objective.linearize(theta);
        return { loss, terms: terms.map((term) => ({ ...term, centred: true })) };
      },
    };
    const options = { ...rule, sketch: { parameters: 5, rows: 5 }, random };
    const optimizer = new SketchedGaussNewton(engine, objective.parameters, options);
    expect(() => optimizer.step(centred, start())).toThrow('centred');
  });
});
