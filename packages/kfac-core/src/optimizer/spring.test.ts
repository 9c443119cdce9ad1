import { describe, expect, test } from 'vitest';
import { denseCapturedLayer } from '../captured-layer.ts';
import { gradient } from '../derivatives.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import type { Objective } from '../linearization.ts';
import { ParameterLayout } from '../parameters.ts';
import { PhiloxStream } from '../random.ts';
import { Spring } from './spring.ts';

const engine = selectEngine({ native: 'off' });
const ROWS = 8;
const INPUTS = 20;

/** ½·Σ ω_i (z_i·w + sin-bent term − y_i)² with fewer rows than parameters; `bend` = 0 is linear. */
function underdetermined(bend: number): Objective & { rows: () => { j: number[][]; r: number[] } } {
  const stream = new PhiloxStream(3, 1);
  const z = matrix(ROWS, INPUTS);
  for (let i = 0; i < z.data.length; i++) z.data[i] = stream.normal();
  const y = Float64Array.from({ length: ROWS }, () => stream.normal());
  const curvature = Float64Array.from({ length: ROWS }, (_, i) => (1 + (i % 3)) / ROWS);
  const residual = new Float64Array(ROWS);
  const slope = new Float64Array(ROWS);
  const gradients = matrix(ROWS, 1);
  const layer = denseCapturedLayer(engine, 'w', z, gradients);
  const fill = (theta: Float64Array): number => {
    let loss = 0;
    for (let i = 0; i < ROWS; i++) {
      let s = 0;
      for (let j = 0; j < INPUTS; j++) s += z.data[i * INPUTS + j]! * theta[j]!;
      residual[i] = s + bend * Math.sin(s) - y[i]!;
      gradients.data[i] = 1 + bend * Math.cos(s);
      slope[i] = curvature[i]! * residual[i]!;
      loss += 0.5 * curvature[i]! * residual[i]! ** 2;
    }
    return loss;
  };
  return {
    engine,
    parameters: new ParameterLayout([{ name: 'w', inputs: INPUTS, outputs: 1 }]),
    loss: (theta) => {
      const kept = [residual.slice(), slope.slice(), gradients.data.slice()] as const;
      const loss = fill(theta);
      residual.set(kept[0]);
      slope.set(kept[1]);
      gradients.data.set(kept[2]);
      return loss;
    },
    linearize: (theta) => ({
      loss: fill(theta),
      terms: [{ name: 'data', residual, slope, curvature, centred: false, layers: [layer] }],
    }),
    nextBatch: () => {},
    /** J and r of the last linearisation, scaled to L = ½‖r‖². */
    rows: () => ({
      j: Array.from({ length: ROWS }, (_, i) =>
        Array.from(
          { length: INPUTS },
          (__, k) => Math.sqrt(curvature[i]!) * (gradients.data[i] as number) * (z.data[i * INPUTS + k] as number),
        ),
      ),
      r: Array.from(residual, (e, i) => Math.sqrt(curvature[i]!) * e),
    }),
  };
}

/** (JᵀJ + λI)⁻¹·b, explicitly. */
function solveDense(j: readonly number[][], lambda: number, b: Float64Array): Float64Array {
  const rows = matrix(ROWS, INPUTS);
  rows.data.set(j.flat());
  const normal = matrix(INPUTS, INPUTS);
  engine.linalg.gram(1, rows, null, 1, 0, normal);
  for (let i = 0; i < INPUTS; i++) normal.data[i * INPUTS + i]! += lambda;
  engine.linalg.cholesky(normal);
  const x = b.slice();
  engine.linalg.choleskySolve(normal, matrixOver(INPUTS, 1, x));
  return x;
}

describe('Gauss–Newton in the space of the samples', () => {
  test('oracle pinn §8.7: ENGD-W is ENGD, −(JᵀJ + λI)⁻¹∇L', () => {
    const objective = underdetermined(0.4);
    const theta = Float64Array.from({ length: INPUTS }, (_, i) => 0.1 * Math.cos(i));
    const linearization = objective.linearize(theta);
    const { j } = objective.rows();
    const g = new Float64Array(INPUTS);
    gradient(objective.parameters, linearization, g);
    const wanted = solveDense(j, 1e-3, g);
    const optimizer = new Spring(engine, objective.parameters, { damping: 1e-3, momentum: 0 });
    const report = optimizer.step(objective, theta);
    expect(report.accepted).toBe(true);
    optimizer.save()['direction']!.forEach((value, i) => expect(value).toBeCloseTo(-wanted[i]!, 10));
  });

  test('oracle pinn §8.7: SPRING is argmin ‖Jφ + r‖² + λ‖φ − μφ₀‖²', () => {
    const objective = underdetermined(0.4);
    const theta = new Float64Array(INPUTS).fill(0.2);
    const [lambda, momentum] = [0.05, 0.7];
    const optimizer = new Spring(engine, objective.parameters, { damping: lambda, momentum });
    optimizer.step(objective, theta);
    const before = optimizer.save()['direction']!;
    objective.linearize(theta);
    const { j, r } = objective.rows();
    optimizer.step(objective, theta);
    // (JᵀJ + λI)·φ = λ·μ·φ₀ − Jᵀr.
    const right = before.map((value, k) => lambda * momentum * value - r.reduce((sum, e, i) => sum + e * j[i]![k]!, 0));
    const wanted = solveDense(j, lambda, right);
    optimizer.save()['direction']!.forEach((value, k) => expect(value).toBeCloseTo(wanted[k]!, 10));
  });

  test('a linear problem is solved in one undamped step of length 1', () => {
    const objective = underdetermined(0);
    const theta = new Float64Array(INPUTS);
    const report = new Spring(engine, objective.parameters, { damping: 1e-12, momentum: 0 }).step(objective, theta);
    expect(report.metrics['opt/lr']).toBe(1);
    expect(report.newLoss).toBeLessThan(1e-20);
  });

  test('a step that finds nothing better changes nothing, and thirty in a row stall', () => {
    const objective = underdetermined(0.4);
    const theta = new Float64Array(INPUTS).fill(0.5);
    const kept = [...theta];
    const worse: Objective = { ...objective, loss: () => Number.POSITIVE_INFINITY };
    const optimizer = new Spring(engine, objective.parameters, { damping: 1e-6, momentum: 0.9 });
    for (let k = 1; k <= 30; k++) {
      const report = optimizer.step(worse, theta);
      expect(report).toMatchObject({ accepted: false, stop: k === 30 ? 'stalled' : null });
    }
    expect([...theta]).toEqual(kept);
  });

  test('settings out of range and centred terms are refused', () => {
    const objective = underdetermined(0);
    for (const options of [
      { damping: 0, momentum: 0 },
      { damping: 1, momentum: 1 },
    ])
      expect(() => new Spring(engine, objective.parameters, options)).toThrow(
        expect.objectContaining({ code: 'KFAC_SPEC' }),
      );
    const centred: Objective = {
      ...objective,
      linearize: (theta) => {
        const { loss, terms } = objective.linearize(theta);
        return { loss, terms: terms.map((term) => ({ ...term, centred: true })) };
      },
    };
    const optimizer = new Spring(engine, objective.parameters, { damping: 1, momentum: 0 });
    expect(() => optimizer.step(centred, new Float64Array(INPUTS))).toThrow('centred');
  });
});
