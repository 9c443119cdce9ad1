import { describe, expect, test } from 'vitest';
import { gradient } from '../derivatives.ts';
import type { Engine } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import { dot, norm } from '../vector.ts';
import { GaussNewton } from './gauss-newton.ts';
import { KernelReduction } from './kernel-reduction.ts';
import { SIZE, explicitRows, linearLoss, solveDamped, twoTerms } from './two-layer.test-support.ts';

const engines = [selectEngine({ native: 'off' }), selectEngine({ threads: 2 })];
const FORMS = ['gram', 'qr'] as const;
const cases = engines.flatMap((engine) =>
  FORMS.map((form) => ({ engine, form, label: `${engine.describe().kind}, ${form}` })),
);

/** A point that is no minimum. */
const start = (): Float64Array => Float64Array.from({ length: SIZE }, (_, i) => 0.3 * Math.cos(3 * i));

describe.each(cases)('Gauss–Newton in the space of the samples: $label', ({ engine, form }) => {
  test('oracle pinn §8.7: a damped solve is (JᵀJ + λI)⁻¹Jᵀr, with its norm, derivative and predicted reduction', () => {
    const objective = twoTerms(engine, [5, 3], 0.4);
    const { parameters } = objective;
    const linearization = objective.linearize(start());
    const rows = explicitRows(parameters, linearization);
    const g = new Float64Array(SIZE);
    gradient(parameters, linearization, g);
    const system = new KernelReduction(engine, parameters).reduce(linearization, form);
    const p = new Float64Array(SIZE);
    for (const lambda of [1e-4, 1e-2, 1, 100]) {
      const wanted = solveDamped(engine, rows, lambda, g);
      const step = system.solve(lambda);
      system.expand(p);
      p.forEach((value, k) => expect(Math.abs(value - wanted[k]!)).toBeLessThan(1e-9 * norm(wanted)));
      expect(step.squaredNorm / dot(wanted, wanted)).toBeCloseTo(1, 9);
      expect(step.derivative / dot(wanted, solveDamped(engine, rows, lambda, wanted))).toBeCloseTo(1, 9);
      const reduction =
        linearization.loss -
        linearLoss(
          rows,
          wanted.map((value) => -value),
        );
      expect(step.predicted / reduction).toBeCloseTo(1, 9);
    }
    const largest = Math.max(...rows.data.map(Math.abs)) ** 2;
    expect(system.largest).toBeGreaterThan(largest);
  });

  test('the radius rule goes the way of the P side on the same problem, which rows of weight zero lead to', () => {
    const ways = [0, SIZE].map((padding) => {
      const sizes: number[] = [];
      const spy: Engine = {
        ...engine,
        linalg: {
          ...engine.linalg,
          tridiagonalization: (size) => (sizes.push(size), engine.linalg.tridiagonalization(size)),
          bidiagonalization: (size) => (sizes.push(size), engine.linalg.bidiagonalization(size)),
        },
      };
      const objective = twoTerms(engine, [5, 3], 0.4, { padding });
      const theta = start();
      const optimizer = new GaussNewton(spy, objective.parameters, {
        target: 0.25,
        window: 10,
        probes: 16,
        // Short of where λ reaches zero: there JᵀJ is singular and only the samples' side says what the step is.
        initialRadius: 0.02,
        minRadius: 1e-8,
        maxRadius: 0.2,
        form,
      });
      const radii = Array.from({ length: 4 }, () => optimizer.step(objective, theta).metrics['opt/radius']!);
      return { theta, sizes, radii };
    });
    const [samples, parameters] = ways as [(typeof ways)[0], (typeof ways)[0]];
    expect(samples.sizes).toEqual([8]);
    expect(parameters.sizes).toEqual([SIZE]);
    expect(samples.radii.at(-1)).toBeCloseTo(0.2, 12);
    samples.radii.forEach((radius, k) => expect(radius / parameters.radii[k]!).toBeCloseTo(1, 8));
    samples.theta.forEach((value, k) => expect(value).toBeCloseTo(parameters.theta[k]!, 8));
  });
});

test('in QR form the undamped step is the shortest that solves a linear problem', () => {
  const [engine] = engines as [Engine];
  const objective = twoTerms(engine, [5, 3], 0);
  const linearization = objective.linearize(start());
  const rows = explicitRows(objective.parameters, linearization);
  const system = new KernelReduction(engine, objective.parameters).reduce(linearization, 'qr');
  system.solve(0);
  const p = new Float64Array(SIZE);
  system.expand(p);
  expect(
    linearLoss(
      rows,
      p.map((value) => -value),
    ),
  ).toBeLessThan(1e-24);
  // Jᵀ(JJᵀ)⁻¹r: nothing in the directions that J does not see.
  const j = matrix(rows.rows, SIZE);
  const w = matrix(rows.rows, 1);
  for (let i = 0; i < rows.rows; i++) {
    j.data.set(rows.data.subarray(i * rows.cols, i * rows.cols + SIZE), i * SIZE);
    w.data[i] = rows.data[i * rows.cols + SIZE]!;
  }
  const kernel = matrix(rows.rows, rows.rows);
  engine.linalg.gemm(1, j, 'n', j, 't', 0, kernel);
  engine.linalg.cholesky(kernel);
  engine.linalg.choleskySolve(kernel, w);
  const wanted = matrix(SIZE, 1);
  engine.linalg.gemm(1, j, 't', w, 'n', 0, wanted);
  p.forEach((value, k) => expect(value).toBeCloseTo(wanted.data[k]!, 10));
});
