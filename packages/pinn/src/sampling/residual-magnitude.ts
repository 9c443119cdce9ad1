import { type Engine, type Matrix, matrix } from '@kfac/core';
import type { CompiledEquation } from '../equation/compile.ts';
import { type Problem, jetShape } from '../problem.ts';
import { CHUNK, type PointSet } from './point-set.ts';

/** |e| of a problem's equations at any points: without capture, chunk by chunk. */
export class ResidualMagnitude {
  readonly #problem: Problem;
  readonly #engine: Engine;

  constructor(problem: Problem, engine: Engine) {
    this.#problem = problem;
    this.#engine = engine;
  }

  /** |e_n| at the network's weights θ [count], of several equations √(Σ_k w_k·e_k²) with the weights of the specification. */
  at(theta: Float64Array, { data, count }: PointSet): Float64Array {
    const { equations, box, spec } = this.#problem;
    const { interior: weights } = spec.weights;
    const d = box.names.length;
    const squares = new Float64Array(count);
    for (const [k, { compiled }] of equations.entries()) {
      const weight = equations.length === 1 ? 1 : typeof weights === 'number' ? weights : weights[k]!;
      const { channels } = compiled.plan;
      for (let from = 0; from < count; from += CHUNK) {
        const size = Math.min(CHUNK, count - from);
        const columns = matrix(d + spec.unknowns.length * channels, size);
        for (let axis = 0; axis < d; axis++)
          columns.data.set(data.subarray(axis * count + from, axis * count + from + size), axis * size);
        const residual = this.#residual(compiled, theta, columns);
        for (let n = 0; n < size; n++) squares[from + n]! += weight * residual[n]! ** 2;
      }
    }
    return squares.map(Math.sqrt);
  }

  #residual(compiled: CompiledEquation, theta: Float64Array, columns: Matrix): Matrix['data'] {
    const residual = matrix(1, columns.cols);
    this.#engine.jets.forward(jetShape(this.#problem, compiled.plan), theta, columns, null);
    this.#engine.programs.evaluate(compiled.residual, columns, residual);
    return residual.data;
  }
}
