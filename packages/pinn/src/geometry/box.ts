import { TIME } from '../equation/symbols.ts';
import type { Geometry } from './geometry.ts';

/** A box of coordinates, each with its interval, in the order of the domain. */
export interface Box {
  readonly names: readonly string[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  /** What all coordinates but t are restricted to, in their order; absent: nothing. */
  readonly geometry?: Geometry;
}

/** The part of a box on which one coordinate has a fixed value. */
export interface Place {
  readonly axis: number;
  readonly value: number;
  /** Product of the other intervals' lengths, or the measure of what they are restricted to; 1 for a point. */
  readonly measure: number;
  /** Does the place consist of one point? True in one dimension. */
  readonly isPoint: boolean;
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

/** The place where a coordinate has a value. */
export function placeOf(box: Box, axis: number, value: number): Place {
  const lengths = box.names.map((_, k) => box.upper[k]! - box.lower[k]!).filter((_, k) => k !== axis);
  const isRestricted = box.geometry !== undefined && box.names[axis] === TIME;
  return {
    axis,
    value,
    measure: isRestricted ? box.geometry.interior.measure : lengths.reduce((product, length) => product * length, 1),
    isPoint: lengths.length === 0,
  };
}
