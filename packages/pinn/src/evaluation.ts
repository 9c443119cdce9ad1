import { type Engine, type JetShape, type Matrix, OPCODES, type Program, matrix, matrixOver } from '@kfac/core';
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

/** u_θ − u from the two rows. */
const DIFFERENCE: Program = {
  inputs: 2,
  constants: new Float64Array(0),
  code: Int32Array.of(OPCODES.indexOf('sub'), 0, 1),
  outputs: Int32Array.of(2),
};

/**
 * Measures errors against the exact solution on a fixed uniform set of ten points for each collocation point inside, at
 * most 100 000. Null without an exact solution.
 */
export class ErrorMeasure {
  readonly #engine: Engine;
  readonly #shape: JetShape;
  /** Coordinates [d × N], then the network's value [N]. */
  readonly #columns: Matrix;
  /** The network's value, then the exact one [2 × N]. */
  readonly #values: Matrix;
  readonly #difference: Matrix;
  readonly #squared = matrix(1, 1);
  readonly #norm: number;

  constructor(problem: Problem, exact: NonNullable<Problem['exact']>, engine: Engine) {
    const d = problem.box.names.length;
    const count = Math.min(10 * problem.spec.sampling.interior, MAX_EVALUATION_POINTS);
    const data = new Float64Array((d + 2) * count);
    this.#engine = engine;
    this.#shape = jetShape(problem, NO_DIRECTIONS);
    this.#columns = matrixOver(d + 1, count, data.subarray(0, (d + 1) * count));
    this.#values = matrixOver(2, count, data.subarray(d * count));
    this.#difference = matrix(1, count);
    const key = { seed: problem.spec.seed, purpose: 'evaluation', place: 0, refresh: 0 } as const;
    samplePoints('uniform', key, problem.box, null, { data, stride: count, from: 0, count });
    const known = exact.values(engine, matrixOver(d, count, data.subarray(0, d * count)));
    data.set(known, (d + 1) * count);
    this.#norm = this.#normOf(matrixOver(1, count, known));
  }

  /** The errors at θ. */
  at(theta: Float64Array): SolutionError {
    this.#engine.jets.forward(this.#shape, theta, this.#columns, null);
    this.#engine.programs.evaluate(DIFFERENCE, this.#values, this.#difference);
    const error = this.#normOf(this.#difference);
    return { rmse: error / Math.sqrt(this.#difference.cols), relativeL2: error / this.#norm };
  }

  /** ‖row‖₂ of a [1 × N] matrix. */
  #normOf(row: Matrix): number {
    this.#engine.linalg.gemm(1, row, 'n', row, 't', 0, this.#squared);
    return Math.sqrt(this.#squared.data[0]!);
  }
}

/** Is the error measured after this step? Steps 1 and 2, then every fifth, from step 100 on every tenth. */
export function evaluationDue(step: number): boolean {
  return step <= 2 || (step < 100 ? step % 5 === 0 : step % 10 === 0);
}
