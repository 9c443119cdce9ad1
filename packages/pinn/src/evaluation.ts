import { type Engine, type Matrix, type Program, matrix, matrixOver } from '@kfac/core';
import { type WindowedNetworks, forwardNetworks } from './curriculum/time-windows.ts';
import { type NetworkColumns, networkColumns } from './network-columns.ts';
import type { Problem } from './problem.ts';
import { boxOf, boxWithin } from './geometry/box.ts';
import { streamNumber } from './regions/samples.ts';
import type { Subdomain } from './regions/subdomain.ts';
import { samplePoints } from './sampling/sample.ts';
import { lowerOverValues, unknownsInNetwork, valueChannels } from './unknown-values.ts';
import type { Scalars } from './scalars.ts';

/** Most points on which errors are measured. */
const MAX_EVALUATION_POINTS = 100_000;

/** Absolute and relative error of one unknown on the evaluation points. */
export interface SolutionError {
  /** √mean (u_θ − u)². */
  readonly rmse: number;
  /** ‖u_θ − u‖₂/‖u‖₂. */
  readonly relativeL2: number;
}

/** u_θ − u for some unknowns, over coordinates, the network's values and, as fields, the exact ones. */
function differences(problem: Problem, unknowns: readonly number[]): Program {
  const { pool } = problem.scope;
  const all = unknownsInNetwork(problem);
  const errors = unknowns.map((unknown, index) => pool.sub(all[unknown]!, pool.variable({ kind: 'field', index })));
  return lowerOverValues(errors, problem, errors.length);
}

/** Number of points on which errors are measured, for a number of collocation points inside. */
export function evaluationPoints(interior: number): number {
  return Math.min(10 * interior, MAX_EVALUATION_POINTS);
}

/**
 * Measures errors against the exact solutions on a fixed uniform set of ten points for each collocation point inside, at
 * most 100 000, in the domain or the part of it that the specification names, of every unknown where its equations hold.
 */
export class ErrorMeasure {
  readonly #parts: readonly { readonly unknowns: readonly number[]; readonly measure: PartMeasure }[];

  constructor(problem: Problem, exact: NonNullable<Problem['exact']>, engine: Engine) {
    const { unknownsWithin } = problem;
    this.#parts = [...new Set(unknownsWithin)].map((part) => {
      const unknowns = unknownsWithin.flatMap((within, k) => (within === part ? [k] : []));
      return { unknowns, measure: new PartMeasure(problem, exact, unknowns, part, engine) };
    });
  }

  /** The errors of every unknown at θ. */
  at(theta: Float64Array): SolutionError[] {
    const errors: SolutionError[] = [];
    for (const { unknowns, measure } of this.#parts)
      for (const [k, error] of measure.at(theta).entries()) errors[unknowns[k]!] = error;
    return errors;
  }
}

/** Measures the errors of some unknowns in a part of the domain. */
class PartMeasure {
  readonly #engine: Engine;
  readonly #networks: WindowedNetworks;
  readonly #parts: readonly NetworkColumns[];
  readonly #scalars: Scalars;
  /** Coordinates [d × N], then the networks' values [m × N]. */
  readonly #columns: Matrix;
  /** The same, then the exact values of the k unknowns [d + m + k × N]. */
  readonly #all: Matrix;
  readonly #program: Program;
  readonly #differences: Matrix;
  readonly #squared = matrix(1, 1);
  /** ‖u‖₂ of each of the unknowns. */
  readonly #norms: readonly number[];

  constructor(
    problem: Problem,
    exact: NonNullable<Problem['exact']>,
    unknowns: readonly number[],
    part: Subdomain | null,
    engine: Engine,
  ) {
    const d = problem.box.names.length;
    const count = evaluationPoints(problem.spec.sampling.interior);
    const m = exact.length;
    const rows = d + m + unknowns.length;
    const data = new Float64Array(rows * count);
    this.#engine = engine;
    this.#networks = problem;
    this.#parts = networkColumns(problem, valueChannels(problem).plans);
    this.#scalars = problem.scalars;
    this.#columns = matrixOver(d + m, count, data.subarray(0, (d + m) * count));
    this.#all = matrixOver(rows, count, data);
    this.#program = differences(problem, unknowns);
    this.#differences = matrix(unknowns.length, count);
    const key = { seed: problem.spec.seed, purpose: 'evaluation', place: streamNumber(part), refresh: 0 } as const;
    const intervals = boxOf({ ...problem.spec.domain, ...problem.spec.errorsWithin });
    const within = boxWithin({ ...problem.box, ...intervals }, part);
    samplePoints('uniform', key, within, null, {
      data,
      stride: count,
      from: 0,
      count,
    });
    const coordinates = matrixOver(d, count, data.subarray(0, d * count));
    this.#norms = unknowns.map((unknown, k) => {
      const known = exact[unknown]!.values(engine, coordinates);
      data.set(known, (d + m + k) * count);
      return this.#normOf(matrixOver(1, count, known));
    });
  }

  /** The errors at θ. */
  at(theta: Float64Array): SolutionError[] {
    const weights = this.#networks.networks.weights(this.#scalars.networkPart(theta));
    forwardNetworks(this.#networks, this.#engine, this.#parts, weights, this.#columns);
    this.#engine.programs.evaluate(this.#program, this.#all, this.#differences);
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
