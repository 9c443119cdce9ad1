import { describe, expect, test } from 'vitest';
import { denseCapturedLayer } from '../captured-layer.ts';
import { matrix } from '../engine/matrix.ts';
import { selectEngine } from '../engine/select.ts';
import type { Objective } from '../linearization.ts';
import { ParameterLayout } from '../parameters.ts';
import { PhiloxStream } from '../random.ts';
import { Adam } from './adam.ts';
import { Eigenbasis } from './eigenbasis.ts';
import { Soap, type SoapOptions } from './soap.ts';

const engine = selectEngine({ native: 'off' });
const [INPUTS, OUTPUTS, EXAMPLES] = [4, 3, 12];
const SIZE = INPUTS * OUTPUTS;
const options: SoapOptions = { learningRate: 0.02, schedule: 'constant', steps: 1, refreshEvery: 2, warmup: 0 };

/** ½·Σ_i (z_i·W·g_i − y_i)² for one matrix W, whose gradient is a full matrix; y from a W of its own. */
function bilinear(): Objective {
  const stream = new PhiloxStream(8, 1);
  const filled = (rows: number, cols: number) => {
    const out = matrix(rows, cols);
    for (let i = 0; i < out.data.length; i++) out.data[i] = stream.normal() * (i % cols === 0 ? 3 : 1);
    return out;
  };
  const [z, g] = [filled(EXAMPLES, INPUTS), filled(EXAMPLES, OUTPUTS)];
  const solution = Float64Array.from({ length: SIZE }, () => stream.normal());
  const value = (theta: Float64Array, n: number): number => {
    let sum = 0;
    for (let i = 0; i < INPUTS; i++) {
      for (let j = 0; j < OUTPUTS; j++)
        sum += z.data[n * INPUTS + i]! * theta[i * OUTPUTS + j]! * g.data[n * OUTPUTS + j]!;
    }
    return sum;
  };
  const residual = new Float64Array(EXAMPLES);
  const fill = (theta: Float64Array): number => {
    let loss = 0;
    for (let n = 0; n < EXAMPLES; n++) {
      residual[n] = value(theta, n) - value(solution, n);
      loss += 0.5 * residual[n]! ** 2;
    }
    return loss;
  };
  const term = {
    name: 'data',
    residual,
    slope: residual,
    curvature: new Float64Array(EXAMPLES).fill(1),
    centred: false,
    layers: [denseCapturedLayer(engine, 'w', z, g)],
  };
  return {
    engine,
    parameters: new ParameterLayout([{ name: 'w', inputs: INPUTS, outputs: OUTPUTS }]),
    loss: fill,
    linearize: (theta) => ({ loss: fill(theta), terms: [term] }),
    nextBatch: () => {},
  };
}

function gradientOf(objective: Objective, theta: Float64Array): Float64Array {
  const { terms } = objective.linearize(theta);
  const out = new Float64Array(theta.length);
  terms[0]!.layers[0]!.gradient(terms[0]!.slope, out);
  return out;
}

/** A·B with A [n × k] and B [k × m]. */
function product(a: Float64Array, b: Float64Array, n: number, k: number, m: number): Float64Array {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) for (let l = 0; l < k; l++) out[i * m + j]! += a[i * k + l]! * b[l * m + j]!;
  return out;
}

function transposed(a: Float64Array, rows: number, cols: number): Float64Array {
  return Float64Array.from({ length: rows * cols }, (_, k) => a[(k % rows) * cols + Math.floor(k / rows)]!);
}

describe('SOAP', () => {
  test('the first step builds the eigenbases of GGᵀ and GᵀG and moves nothing', () => {
    const objective = bilinear();
    const theta = new Float64Array(SIZE);
    const g = gradientOf(objective, theta);
    const optimizer = new Soap(engine, objective.parameters, options);
    expect(optimizer.step(objective, theta).metrics['opt/step_norm']).toBe(0);
    expect([...theta]).toEqual([...new Float64Array(SIZE)]);
    const state = optimizer.save();
    const [q, m] = [state['left-basis/w']!, state['left/w']!];
    const outer = product(g, transposed(g, INPUTS, OUTPUTS), INPUTS, OUTPUTS, INPUTS);
    m.forEach((value, k) => expect(value / 0.001).toBeCloseTo(outer[k]!, 8));
    const diagonal = product(
      transposed(q, INPUTS, INPUTS),
      product(outer, q, INPUTS, INPUTS, INPUTS),
      INPUTS,
      INPUTS,
      INPUTS,
    );
    diagonal.forEach((value, k) => {
      if (k % (INPUTS + 1) !== 0) expect(Math.abs(value)).toBeLessThan(1e-9 * diagonal[0]!);
    });
    expect(diagonal[0]).toBeGreaterThan(diagonal[INPUTS + 1]!);
  });

  test('the second step is Adam on the rotated gradient, rotated back', () => {
    const objective = bilinear();
    const theta = new Float64Array(SIZE);
    const optimizer = new Soap(engine, objective.parameters, options);
    optimizer.step(objective, theta);
    // Elsewhere, where the gradient is not diagonal in these bases.
    theta.fill(0.3);
    const g = gradientOf(objective, theta);
    const state = optimizer.save();
    const [ql, qr] = [state['left-basis/w']!, state['right-basis/w']!];
    optimizer.step(objective, theta);
    // Adam's first step has the length of the rate in every coordinate: m/√v = g/|g|.
    const rotated = product(
      product(transposed(ql, INPUTS, INPUTS), g, INPUTS, INPUTS, OUTPUTS),
      qr,
      INPUTS,
      OUTPUTS,
      OUTPUTS,
    );
    const adam = rotated.map((value) => (-0.02 * value) / (Math.abs(value) + 1e-8));
    const wanted = product(
      product(ql, adam, INPUTS, INPUTS, OUTPUTS),
      transposed(qr, OUTPUTS, OUTPUTS),
      INPUTS,
      OUTPUTS,
      OUTPUTS,
    );
    theta.forEach((value, k) => expect(value).toBeCloseTo(0.3 + wanted[k]!, 12));
  });

  test('it is faster than Adam with the same rate where the gradient has directions of its own', () => {
    const objective = bilinear();
    const [one, other] = [new Float64Array(SIZE), new Float64Array(SIZE)];
    const soap = new Soap(engine, objective.parameters, options);
    const adam = new Adam(engine, objective.parameters, options);
    for (let step = 0; step < 300; step++) {
      soap.step(objective, one);
      adam.step(objective, other);
    }
    expect(objective.loss(one)).toBeLessThan(0.3 * objective.loss(other));
  });

  test('the rate rises over the warm-up', () => {
    const objective = bilinear();
    const theta = new Float64Array(SIZE);
    const optimizer = new Soap(engine, objective.parameters, { ...options, warmup: 4 });
    const rates = Array.from({ length: 7 }, () => optimizer.step(objective, theta).metrics['opt/lr']!);
    [0, 0.005, 0.01, 0.015, 0.02, 0.02, 0.02].forEach((rate, k) => expect(rates[k]).toBeCloseTo(rate, 15));
  });

  test('resumed it is the uninterrupted one, bit for bit', () => {
    const objective = bilinear();
    const create = () => new Soap(engine, objective.parameters, { ...options, refreshEvery: 3 });
    const [whole, theta] = [new Float64Array(SIZE), new Float64Array(SIZE)];
    const one = create();
    for (let step = 0; step < 20; step++) one.step(objective, whole);
    const first = create();
    for (let step = 0; step < 7; step++) first.step(objective, theta);
    const second = create();
    second.restore(first.save());
    for (let step = 7; step < 20; step++) second.step(objective, theta);
    expect([...theta]).toEqual([...whole]);
  });

  test('a gradient that is not finite stops it, settings out of range are refused', () => {
    const objective = bilinear();
    const theta = new Float64Array(SIZE).fill(1e200);
    expect(new Soap(engine, objective.parameters, options).step(objective, theta).stop).toBe('non-finite');
    for (const change of [{ refreshEvery: 0 }, { warmup: -1 }]) {
      expect(() => new Soap(engine, objective.parameters, { ...options, ...change })).toThrow(
        expect.objectContaining({ code: 'KFAC_SPEC' }),
      );
    }
  });
});

describe('the basis of a moving average', () => {
  test('orthogonal iteration converges to the eigenvectors, sorted, and says how columns moved', () => {
    const n = 5;
    const basis = new Eigenbasis(engine, n);
    const stream = new PhiloxStream(2, 2);
    const x = matrix(n, n);
    for (let i = 0; i < n * n; i++) x.data[i] = stream.normal() * 3 ** (i % n);
    basis.add(0, x, 'columns');
    for (let i = 0; i < n; i++) basis.vectors.data[i * n + i] = 1;
    // The identity is sorted by the diagonal, which grows from left to right.
    expect(basis.iterate()).toEqual([4, 3, 2, 1, 0]);
    for (let k = 0; k < 200; k++) basis.iterate();
    const wanted = new Eigenbasis(engine, n);
    wanted.add(0, x, 'columns');
    wanted.decompose();
    const overlap = matrix(n, n);
    engine.linalg.gemm(1, basis.vectors, 't', wanted.vectors, 'n', 0, overlap);
    overlap.data.forEach((value, k) => expect(Math.abs(value)).toBeCloseTo(k % (n + 1) === 0 ? 1 : 0, 8));
    expect(basis.iterate()).toEqual([0, 1, 2, 3, 4]);
  });
});
