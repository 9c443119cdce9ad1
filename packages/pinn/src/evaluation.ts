import { type Engine, type Matrix, matrix } from '@kfac/core';
import { type Problem, jetShape } from './problem.ts';
import { samplePoints } from './sampling/sample.ts';

/** Most points on which errors are measured. */
const MAX_EVALUATION_POINTS = 100_000;
const NO_DIRECTIONS = { directions: new Float64Array(0), second: new Float64Array(0) };

/** Absolute and relative error of the network on the evaluation points. */
export interface SolutionError {
  /** √mean (u_θ − u)². */
  readonly rmse: number;
  /** ‖u_θ − u‖₂/‖u‖₂. */
  readonly relativeL2: number;
}

/**
 * Measures errors against the exact solution on a fixed uniform set of ten points for each collocation point inside, at
 * most 100 000. Null without an exact solution.
 */
export class ErrorMeasure {
  readonly #engine: Engine;
  readonly #problem: Problem;
  readonly #columns: Matrix;
  readonly #exact: Float64Array;

  constructor(problem: Problem, exact: NonNullable<Problem['exact']>, engine: Engine) {
    const d = problem.box.names.length;
    const count = Math.min(10 * problem.spec.sampling.interior, MAX_EVALUATION_POINTS);
    this.#engine = engine;
    this.#problem = problem;
    this.#columns = matrix(d + 1, count);
    const data = this.#columns.data as Float64Array;
    const key = { seed: problem.spec.seed, purpose: 'evaluation', place: 0, refresh: 0 } as const;
    samplePoints('uniform', key, problem.box, null, { data, stride: count, from: 0, count });
    this.#exact = exact.values(engine, { rows: d, cols: count, dtype: 'f64', data: data.subarray(0, d * count) });
  }

  /** The errors at θ. */
  at(theta: Float64Array): SolutionError {
    const { cols, rows, data } = this.#columns;
    this.#engine.jets.forward(jetShape(this.#problem, NO_DIRECTIONS), theta, this.#columns, null);
    let error = 0;
    let norm = 0;
    for (let n = 0; n < cols; n++) {
      const exact = this.#exact[n]!;
      error += (data[(rows - 1) * cols + n]! - exact) ** 2;
      norm += exact * exact;
    }
    return { rmse: Math.sqrt(error / cols), relativeL2: Math.sqrt(error / norm) };
  }
}

/** Is the error measured after this step? Steps 1 to 10, then every fifth, from step 100 on every tenth. */
export function evaluationDue(step: number): boolean {
  return step <= 10 || (step < 100 ? step % 5 === 0 : step % 10 === 0);
}
