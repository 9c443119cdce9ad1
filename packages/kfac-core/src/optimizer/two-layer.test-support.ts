import { denseCapturedLayer } from '../captured-layer.ts';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import type { Linearization, LossTerm, Objective } from '../linearization.ts';
import { ParameterLayout } from '../parameters.ts';
import { PhiloxStream } from '../random.ts';
import { leastSquaresRows } from './least-squares-rows.ts';

const HIDDEN = 9;
const HEAD = 4;

/** P of `twoTerms`. */
export const SIZE = HIDDEN + HEAD;

/**
 * L = Σ_i ½ω_i·e_i², e = s + bend·sin s − y of a linear unit s, in two terms of which the second does not use the second
 * weight matrix; `padding` rows of weight zero are added to the first, which changes neither L nor JᵀJ. With `solution` the targets y are such that e = 0 there.
 */
export function twoTerms(
  engine: Engine,
  rows: readonly [number, number],
  bend: number,
  { padding = 0, solution }: { readonly padding?: number; readonly solution?: Float64Array } = {},
): Objective {
  const stream = new PhiloxStream(5, 1);
  const normals = (count: number): Float64Array => Float64Array.from({ length: count }, () => stream.normal());
  const layout = new ParameterLayout([
    { name: 'hidden', inputs: HIDDEN, outputs: 1 },
    { name: 'head', inputs: HEAD, outputs: 1 },
  ]);
  const terms = rows.map((count, t) => {
    const widths = t === 0 ? [HIDDEN, HEAD] : [HIDDEN];
    const total = count + (t === 0 ? padding : 0);
    const inputs = widths.map((width) => {
      const z = matrix(total, width);
      z.data.set(normals(count * width));
      z.data.fill(1, count * width);
      return z;
    });
    const targets = normals(count);
    const gradients = matrix(total, 1);
    const term: LossTerm = {
      name: `term ${t + 1}`,
      residual: new Float64Array(total),
      slope: new Float64Array(total),
      curvature: Float64Array.from({ length: total }, (_, i) => (i < count ? (1 + (i % 3)) / count : 0)),
      centred: false,
      layers: inputs.map((z, l) => denseCapturedLayer(engine, layout.blocks[l]!.name, z, gradients)),
    };
    return { term, inputs, targets, gradients };
  });
  const evaluate = (theta: Float64Array, isKept: boolean): number => {
    let loss = 0;
    for (const { term, inputs, targets, gradients } of terms) {
      for (let i = 0; i < term.residual.length; i++) {
        let s = 0;
        inputs.forEach((z, l) => {
          const { offset } = layout.blocks[l]!;
          for (let k = 0; k < z.cols; k++) s += (z.data[i * z.cols + k] as number) * theta[offset + k]!;
        });
        const e = s + bend * Math.sin(s) - (targets[i] ?? 0);
        loss += 0.5 * term.curvature[i]! * e * e;
        if (!isKept) continue;
        term.residual[i] = e;
        term.slope[i] = term.curvature[i]! * e;
        gradients.data[i] = 1 + bend * Math.cos(s);
      }
    }
    return loss;
  };
  if (solution) {
    for (const { targets } of terms) targets.fill(0);
    evaluate(solution, true);
    for (const { term, targets } of terms) targets.set(term.residual.subarray(0, targets.length));
  }
  return {
    engine,
    parameters: layout,
    loss: (theta) => evaluate(theta, false),
    linearize: (theta) => ({ loss: evaluate(theta, true), terms: terms.map(({ term }) => term) }),
    nextBatch: () => {},
  };
}

/** [J | r] of a linearisation, explicitly: L = ½‖r‖². */
export function explicitRows(layout: ParameterLayout, linearization: Linearization): Matrix {
  const examples = linearization.terms.reduce((sum, term) => sum + term.residual.length, 0);
  const rows = matrix(examples, layout.size + 1);
  leastSquaresRows(layout, linearization, rows);
  return rows;
}

/** (JᵀJ + λI)⁻¹·b by a Cholesky factorisation, from [J | r]. */
export function solveDamped(engine: Engine, rows: Matrix, lambda: number, b: Float64Array): Float64Array {
  const size = rows.cols - 1;
  const augmented = matrix(size + 1, size + 1);
  engine.linalg.gram(1, rows, null, 1, 0, augmented);
  const normal = matrix(size, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      normal.data[i * size + j] = augmented.data[i * (size + 1) + j]! + (i === j ? lambda : 0);
    }
  }
  engine.linalg.cholesky(normal);
  const x = matrix(size, 1);
  x.data.set(b);
  engine.linalg.choleskySolve(normal, x);
  return x.data as Float64Array;
}

/** ½‖r + J·δ‖² from [J | r]. */
export function linearLoss(rows: Matrix, delta: ArrayLike<number>): number {
  const { cols, data } = rows;
  let sum = 0;
  for (let i = 0; i < rows.rows; i++) {
    let r = data[i * cols + cols - 1]!;
    for (let k = 0; k + 1 < cols; k++) r += data[i * cols + k]! * delta[k]!;
    sum += 0.5 * r * r;
  }
  return sum;
}
