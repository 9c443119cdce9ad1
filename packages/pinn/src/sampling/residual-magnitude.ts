import type { Engine } from '@kfac/core';
import type { Problem } from '../problem.ts';
import { residualValues } from '../residual-values.ts';
import { CHUNK, type PointSet } from './point-set.ts';

/** |e| of some of a problem's equations at any points: without capture, chunk by chunk. */
export class ResidualMagnitude {
  readonly #problem: Problem;
  readonly #engine: Engine;
  readonly #members: readonly number[];

  /** `members`: numbers of the equations. */
  constructor(problem: Problem, engine: Engine, members: readonly number[]) {
    this.#problem = problem;
    this.#members = members;
    this.#engine = engine;
  }

  /** |e_n| at θ [count], of several equations √(Σ_k w_k·e_k²) with the weights of the specification. */
  at(theta: Float64Array, { data, count }: PointSet): Float64Array {
    const { equations, box, spec } = this.#problem;
    const { interior: weights } = spec.weights;
    const d = box.names.length;
    const squares = new Float64Array(count);
    for (const k of this.#members) {
      const equation = equations[k]!;
      const weight = this.#members.length === 1 ? 1 : typeof weights === 'number' ? weights : weights[k]!;
      for (let from = 0; from < count; from += CHUNK) {
        const size = Math.min(CHUNK, count - from);
        const coordinates = new Float64Array(d * size);
        for (let axis = 0; axis < d; axis++)
          coordinates.set(data.subarray(axis * count + from, axis * count + from + size), axis * size);
        const { residual } = residualValues(this.#problem, this.#engine, equation, theta, coordinates);
        for (let n = 0; n < size; n++) squares[from + n]! += weight * residual[n]! ** 2;
      }
    }
    return squares.map(Math.sqrt);
  }
}
