import { type Engine, type Field, KfacError, matrixOver } from '@kfac/core';
import { type GridSlice, firstAxes } from './field-slice.ts';
import { spaceAxes } from './geometry/box.ts';
import type { Geometry } from './geometry/geometry.ts';
import { partName } from './part-name.ts';
import type { Problem } from './problem.ts';
import { residualValues } from './residual-values.ts';

/** A field in the precision in which it is computed. */
export interface GridField extends Omit<Field, 'values'> {
  readonly values: Float64Array;
}

/** Grid points along an axis, by default and at most: curves, maps, volumes. */
const RESOLUTIONS = [257, 65, 33] as const;
const MAX_RESOLUTIONS = [1025, 1025, 101] as const;

/**
 * Fields of a solution on a grid over some of the coordinates, by default the first two with the others at the middle
 * of their intervals: the unknowns under their names, the residual, and, if there is an exact
 * solution, 'exact' and 'error' = value − exact; of several equations 'residual_1', …, of several unknowns 'exact_u',
 * 'error_u', …. Outside the geometry, and where an unknown has no equation or an equation
 * does not hold, they are NaN. The grid and what does not depend on θ are computed once.
 */
export class FieldGrid {
  readonly #problem: Problem;
  readonly #engine: Engine;
  readonly #axes: Field['axes'];
  readonly #points: number;
  readonly #coordinates: Float64Array;
  /** Grid points outside the geometry or a part of the domain: fields are NaN there. */
  readonly #outside = new Map<Geometry | null, readonly number[]>();
  #exact: readonly Float64Array[] | null = null;

  /** Throws `KFAC_SHAPE` unless the resolution is an integer in [2, 1025], over three coordinates in [2, 101]. */
  constructor(problem: Problem, engine: Engine, resolution?: number, slice: GridSlice = firstAxes(problem.box)) {
    const { box } = problem;
    const d = box.names.length;
    const axes = slice.axes.length;
    const size = resolution ?? RESOLUTIONS[axes - 1]!;
    const maximum = MAX_RESOLUTIONS[axes - 1]!;
    if (!Number.isInteger(size) || size < 2 || size > maximum)
      throw new KfacError('KFAC_SHAPE', `expected a resolution that is an integer in [2, ${maximum}], got ${size}`);
    this.#problem = problem;
    this.#engine = engine;
    this.#axes = slice.axes.map((axis) => ({
      name: box.names[axis]!,
      values: linspace(box.lower[axis]!, box.upper[axis]!, size),
    }));
    this.#points = size ** this.#axes.length;
    this.#coordinates = new Float64Array(d * this.#points);
    for (let axis = 0; axis < d; axis++) {
      for (let n = 0; n < this.#points; n++)
        this.#coordinates[axis * this.#points + n] = this.#coordinate(slice, axis, n, size);
    }
  }

  /** The grid points outside a part of the domain; null: outside the whole. */
  #outsideOf(within: Geometry | null): readonly number[] {
    const known = this.#outside.get(within);
    if (known) return known;
    const { geometry, names } = this.#problem.box;
    const space = spaceAxes(names);
    const shape = within ?? geometry;
    const outside: number[] = [];
    for (let n = 0; shape && n < this.#points; n++)
      if (!shape.contains(space.map((axis) => this.#coordinates[axis * this.#points + n]!))) outside.push(n);
    this.#outside.set(within, outside);
    return outside;
  }

  #coordinate({ axes, at }: GridSlice, axis: number, n: number, size: number): number {
    const place = axes.indexOf(axis);
    if (place < 0) return at[axis]!;
    const inner = size ** (axes.length - 1 - place);
    return this.#axes[place]!.values[Math.floor(n / inner) % size]!;
  }

  /** The fields at θ, rounded to the precision of pictures. */
  at(theta: Float64Array): Field[] {
    return this.sample(theta).map((field) => ({ ...field, values: Float32Array.from(field.values) }));
  }

  /** The fields at θ as they are computed. */
  sample(theta: Float64Array): GridField[] {
    const { equations, unknownsWithin, exact, spec, box } = this.#problem;
    const { unknowns } = spec;
    const parts = equations.map((equation) =>
      residualValues(this.#problem, this.#engine, equation, theta, this.#coordinates),
    );
    const { values } = parts[0]!;
    const fields = [
      ...unknowns.map((unknown, k) => this.#field(unknown, values[k]!, unknownsWithin[k]!)),
      ...parts.map(({ residual }, k) =>
        this.#field(partName('residual', parts, `${k + 1}`, '_'), residual, equations[k]!.within),
      ),
    ];
    if (!exact) return fields;
    const grid = matrixOver(box.names.length, this.#points, this.#coordinates);
    this.#exact ??= exact.map((solution) => solution.values(this.#engine, grid));
    return [
      ...fields,
      ...this.#exact.map((known, k) =>
        this.#field(partName('exact', unknowns, unknowns[k]!, '_'), known, unknownsWithin[k]!),
      ),
      ...this.#exact.map((known, k) =>
        this.#field(
          partName('error', unknowns, unknowns[k]!, '_'),
          Float64Array.from(values[k]!, (value, n) => value - known[n]!),
          unknownsWithin[k]!,
        ),
      ),
    ];
  }

  #field(name: string, given: ArrayLike<number>, within: Geometry | null): GridField {
    const values = Float64Array.from(given);
    for (const n of this.#outsideOf(within)) values[n] = Number.NaN;
    return {
      name,
      shape: this.#axes.map((axis) => axis.values.length),
      axes: this.#axes,
      values,
    };
  }
}

function linspace(lower: number, upper: number, count: number): number[] {
  return Array.from({ length: count }, (_, k) =>
    k === count - 1 ? upper : lower + ((upper - lower) * k) / (count - 1),
  );
}
