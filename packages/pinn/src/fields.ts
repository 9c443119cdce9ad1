import { type Engine, type Field, KfacError, type Matrix, matrix, matrixOver } from '@kfac/core';
import type { Equation } from './conditions.ts';
import { bindParameters } from './equation/lower.ts';
import { partName } from './part-name.ts';
import { type Problem, jetShape } from './problem.ts';

/** A field in the precision in which it is computed. */
export interface GridField extends Omit<Field, 'values'> {
  readonly values: Float64Array;
}

/** Grid points along an axis, by default and at most: curves, maps, volumes. */
const RESOLUTIONS = [257, 65, 33] as const;
const MAX_RESOLUTIONS = [1025, 1025, 101] as const;

/**
 * Fields of a solution on a grid over the first coordinates, at most two unless more are asked for, the others at the
 * middle of their intervals: the network's values under the unknowns' names, the residual, and, if there is an exact
 * solution, 'exact' and 'error' = value − exact; of several equations 'residual_1', …, of several unknowns 'exact_u',
 * 'error_u', …. The grid and what does not depend on θ are computed once.
 */
export class FieldGrid {
  readonly #problem: Problem;
  readonly #engine: Engine;
  readonly #axes: Field['axes'];
  readonly #points: number;
  readonly #coordinates: Float64Array;
  #exact: readonly Float64Array[] | null = null;

  /** Throws `KFAC_SHAPE` unless the resolution is an integer in [2, 1025], over three coordinates in [2, 101]. */
  constructor(problem: Problem, engine: Engine, resolution?: number, maxAxes: 2 | 3 = 2) {
    const { box } = problem;
    const d = box.names.length;
    const axes = Math.min(d, maxAxes);
    const size = resolution ?? RESOLUTIONS[axes - 1]!;
    const maximum = MAX_RESOLUTIONS[axes - 1]!;
    if (!Number.isInteger(size) || size < 2 || size > maximum)
      throw new KfacError('KFAC_SHAPE', `expected a resolution that is an integer in [2, ${maximum}], got ${size}`);
    this.#problem = problem;
    this.#engine = engine;
    this.#axes = box.names
      .slice(0, axes)
      .map((name, axis) => ({ name, values: linspace(box.lower[axis]!, box.upper[axis]!, size) }));
    this.#points = size ** this.#axes.length;
    this.#coordinates = new Float64Array(d * this.#points);
    for (let axis = 0; axis < d; axis++) {
      for (let n = 0; n < this.#points; n++)
        this.#coordinates[axis * this.#points + n] = this.#coordinate(axis, n, size);
    }
  }

  #coordinate(axis: number, n: number, size: number): number {
    if (axis >= this.#axes.length) return (this.#problem.box.lower[axis]! + this.#problem.box.upper[axis]!) / 2;
    const inner = size ** (this.#axes.length - 1 - axis);
    return this.#axes[axis]!.values[Math.floor(n / inner) % size]!;
  }

  /** The fields at θ, rounded to the precision of pictures. */
  at(theta: Float64Array): Field[] {
    return this.sample(theta).map((field) => ({ ...field, values: Float32Array.from(field.values) }));
  }

  /** The fields at θ as they are computed. */
  sample(theta: Float64Array): GridField[] {
    const { equations, exact, spec, box } = this.#problem;
    const { unknowns } = spec;
    const parts = equations.map((equation) => this.#evaluate(equation, theta));
    const { values } = parts[0]!;
    const fields = [
      ...unknowns.map((unknown, k) => this.#field(unknown, values[k]!)),
      ...parts.map(({ residual }, k) => this.#field(partName('residual', parts, `${k + 1}`, '_'), residual)),
    ];
    if (!exact) return fields;
    const grid = matrixOver(box.names.length, this.#points, this.#coordinates);
    this.#exact ??= exact.map((solution) => solution.values(this.#engine, grid));
    return [
      ...fields,
      ...this.#exact.map((known, k) => this.#field(partName('exact', unknowns, unknowns[k]!, '_'), known)),
      ...this.#exact.map((known, k) =>
        this.#field(
          partName('error', unknowns, unknowns[k]!, '_'),
          Float64Array.from(values[k]!, (value, n) => value - known[n]!),
        ),
      ),
    ];
  }

  /** The network's values, a row for each unknown, and the residual of an equation at θ. */
  #evaluate({ compiled }: Equation, theta: Float64Array): { values: Matrix['data'][]; residual: Matrix['data'] } {
    const { box, spec, scalars } = this.#problem;
    const count = this.#points;
    const { plan } = compiled;
    const columns = matrix(box.names.length + spec.unknowns.length * plan.channels, count);
    const residual = matrix(1, count);
    columns.data.set(this.#coordinates);
    this.#engine.jets.forward(jetShape(this.#problem, plan), scalars.networkPart(theta), columns, null);
    const known = scalars.values(theta, new Float64Array(scalars.count));
    this.#engine.programs.evaluate(bindParameters(compiled.residual, known), columns, residual);
    const values = spec.unknowns.map((_, k) => {
      const row = box.names.length + k * plan.channels;
      return columns.data.subarray(row * count, (row + 1) * count);
    });
    return { values, residual: residual.data };
  }

  #field(name: string, values: ArrayLike<number>): GridField {
    return {
      name,
      shape: this.#axes.map((axis) => axis.values.length),
      axes: this.#axes,
      values: Float64Array.from(values),
    };
  }
}

function linspace(lower: number, upper: number, count: number): number[] {
  return Array.from({ length: count }, (_, k) =>
    k === count - 1 ? upper : lower + ((upper - lower) * k) / (count - 1),
  );
}
