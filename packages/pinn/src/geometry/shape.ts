/** A closed set of points with a bounding box. */
export interface Solid {
  readonly dimensions: number;
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  contains(point: ArrayLike<number>): boolean;
}

/**
 * A map from the unit cube of some dimension onto points, such that equal volumes of the cube become equal measures.
 * What the cube covers beyond the set itself, a share 1 − `share`, is refused point by point.
 */
export interface Chart {
  /** Of the unit cube; 0 for a set that is one point. */
  readonly dimensions: number;
  /** Length, area or volume of the set; 1 for a point. */
  readonly measure: number;
  /** Part of the cube whose points belong to the set, in (0, 1]. */
  readonly share: number;
  /**
   * Writes the point that belongs to a point of the cube and, where the set is a boundary, the outward unit normal
   * there. False if the point does not belong to the set; point and normal are then without meaning.
   */
  map(unit: ArrayLike<number>, point: Float64Array, normal: Float64Array): boolean;
}

/** A part of a boundary with a name. */
export interface BoundaryPart extends Chart {
  readonly name: string;
}

/** A shape whose whole boundary is known: the leaf of a tree. */
export interface Primitive extends Solid {
  /** Area or volume. */
  readonly measure: number;
  readonly parts: readonly BoundaryPart[];
}
