import { TIME } from '../equation/symbols.ts';
import type { Geometry } from './geometry.ts';
import type { BoundaryPart, Chart, Solid } from './shape.ts';

/** A box of coordinates, each with its interval, in the order of the domain. */
export interface Box {
  readonly names: readonly string[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  /** What all coordinates but t are restricted to, in their order; absent: nothing. */
  readonly geometry?: Geometry;
  /** Boundaries of regions inside, where conditions may hold; the normals point out of the region. */
  readonly interfaces?: readonly BoundaryPart[];
}

/** What is left of a place in a part of the domain. */
export interface Restriction {
  /** That part, as written. */
  readonly label: string;
  /** In the space coordinates, the place's own among them. */
  readonly chart: Chart;
  contains(point: ArrayLike<number>): boolean;
}

/** The part of a box on which one coordinate has a fixed value. */
export interface Place {
  readonly axis: number;
  readonly value: number;
  /** Product of the other intervals' lengths, or the measure of what they are restricted to; 1 for a point. */
  readonly measure: number;
  /** Does the place consist of one point? True in one dimension. */
  readonly isPoint: boolean;
  /** Absent: the whole of it. */
  readonly within?: Restriction;
}

/** The box of a domain given as name → interval. */
export function boxOf(domain: Readonly<Record<string, readonly [number, number]>>): Box {
  const entries = Object.entries(domain);
  return {
    names: entries.map(([name]) => name),
    lower: entries.map(([, [a]]) => a),
    upper: entries.map(([, [, b]]) => b),
  };
}

/** Numbers of the coordinates but t. */
export function spaceAxes(names: readonly string[]): number[] {
  return names.flatMap((name, axis) => (name === TIME ? [] : [axis]));
}

/** What the space coordinates are in: the box or its geometry. */
export function solidOf({ names, lower, upper, geometry }: Box): Solid {
  const axes = spaceAxes(names);
  const { length: dimensions } = axes;
  if (geometry) return { ...geometry, dimensions };
  const [low, high] = [lower, upper].map((ends) => axes.map((axis) => ends[axis]!)) as [number[], number[]];
  return {
    dimensions,
    lower: low,
    upper: high,
    contains: (point) => low.every((end, k) => point[k]! >= end && point[k]! <= high[k]!),
  };
}

/** The box with the space coordinates in a part of the domain; null: everywhere. */
export function boxWithin(box: Box, within: Geometry | null): Box {
  return within ? { ...box, geometry: within } : box;
}

/** The place where a coordinate has a value, or what is left of it. */
export function placeOf(box: Box, axis: number, value: number, within?: Restriction): Place {
  if (within) {
    const time = box.names.indexOf(TIME);
    const duration = time < 0 || time === axis ? 1 : box.upper[time]! - box.lower[time]!;
    return { axis, value, measure: within.chart.measure * duration, isPoint: box.names.length === 1, within };
  }
  const lengths = box.names.map((_, k) => box.upper[k]! - box.lower[k]!).filter((_, k) => k !== axis);
  const isRestricted = box.geometry !== undefined && box.names[axis] === TIME;
  return {
    axis,
    value,
    measure: isRestricted ? box.geometry.interior.measure : lengths.reduce((product, length) => product * length, 1),
    isPoint: lengths.length === 0,
  };
}
