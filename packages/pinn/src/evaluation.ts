import { type Engine, type JetShape, type Matrix, OPCODES, type Program, matrix, matrixOver } from '@kfac/core';
import { type Problem, jetShape } from './problem.ts';
import { boxOf } from './geometry/box.ts';
import { samplePoints } from './sampling/sample.ts';

/** Most points on which errors are measured. */
const MAX_EVALUATION_POINTS = 100_000;
const NO_DIRECTIONS = { directions: new Float64Array(0), second: new Float64Array(0) };

/** Absolute and relative error of one unknown on the evaluation points. */
export interface SolutionError {
  /** √mean (u_θ − u)². */
  readonly rmse: number;
  /** ‖u_θ − u‖₂/‖u‖₂. */
  readonly relativeL2: number;
}

/** u_θ − u for every unknown, from a row for each of the network's values, then a row for each exact one. */
function differences(unknowns: number): Program {
  const sub = OPCODES.indexOf('sub');
  return {
    inputs: 2 * unknowns,
    constants: new Float64Array(0),
    code: Int32Array.from(Array.from({ length: unknowns }, (_, k) => [sub, k, unknowns + k]).flat()),
    outputs: Int32Array.from({ length: unknowns }, (_, k) => 2 * unknowns + k),
  };
}

/** Number of points on which errors are measured, for a number of collocation points inside. */
export function evaluationPoints(interior: number): number {
  return Math.min(10 * interior, MAX_EVALUATION_POINTS);
}

/**
 * Measures errors against the exact solutions on a fixed uniform set of ten points for each collocation point inside, at
 * most 100 000, in the domain or the part of it that the specification names.
 */
export class ErrorMeasure {
  readonly #engine: Engine;
  readonly #shape: JetShape;
  /** Coordinates [d × N], then the network's values [m × N]. */
  readonly #columns: Matrix;
  /** The network's values, then the exact ones [2m × N]. */
  readonly #values: Matrix;
  readonly #program: Program;
  readonly #differences: Matrix;
  readonly #squared = matrix(1, 1);
  /** ‖u‖₂ of every unknown. */
  readonly #norms: readonly number[];

  constructor(problem: Problem, exact: NonNullable<Problem['exact']>, engine: Engine) {
    const d = problem.box.names.length;
    const count = evaluationPoints(problem.spec.sampling.interior);
    const m = exact.length;
    const data = new Float64Array((d + 2 * m) * count);
    this.#engine = engine;
    this.#shape = jetShape(problem, NO_DIRECTIONS);
    this.#columns = matrixOver(d + m, count, data.subarray(0, (d + m) * count));
    this.#values = matrixOver(2 * m, count, data.subarray(d * count));
    this.#program = differences(m);
    this.#differences = matrix(m, count);
    const key = { seed: problem.spec.seed, purpose: 'evaluation', place: 0, refresh: 0 } as const;
    samplePoints('uniform', key, boxOf({ ...problem.spec.domain, ...problem.spec.errorsWithin }), null, {
      data,
      stride: count,
      from: 0,
      count,
    });
    const coordinates = matrixOver(d, count, data.subarray(0, d * count));
    this.#norms = exact.map((solution, k) => {
      const known = solution.values(engine, coordinates);
      data.set(known, (d + m + k) * count);
      return this.#normOf(matrixOver(1, count, known));
    });
  }

  /** The errors of every unknown at the network's weights θ. */
  at(theta: Float64Array): SolutionError[] {
    this.#engine.jets.forward(this.#shape, theta, this.#columns, null);
    this.#engine.programs.evaluate(this.#program, this.#values, this.#differences);
    const { cols, data } = this.#differences;
    return this.#norms.map((norm, k) => {
      const error = this.#normOf(matrixOver(1, cols, data.subarray(k * cols, (k + 1) * cols)));
      return { rmse: error / Math.sqrt(cols), relativeL2: error / norm };
    });
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
