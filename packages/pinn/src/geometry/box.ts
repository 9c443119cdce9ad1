/** A box of coordinates, each with its interval, in the order of the domain. */
export interface Box {
  readonly names: readonly string[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

/** The part of a box on which one coordinate has a fixed value. */
export interface Place {
  readonly axis: number;
  readonly value: number;
  /** Product of the other intervals' lengths; 1 for a point. */
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
  return {
    axis,
    value,
    measure: lengths.reduce((product, length) => product * length, 1),
    isPoint: lengths.length === 0,
  };
}

/** A place for messages: x = 1. */
export function placeName({ names }: Box, { axis, value }: Place): string {
  return `${names[axis]} = ${value}`;
}
