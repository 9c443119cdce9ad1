import type { PhiloxStream } from '@kfac/core';
import type { PointSet } from './point-set.ts';

/** What a refinement may ask for; all of it is a function of the seed, the refinement's number and θ. */
export interface Surroundings {
  /** Fresh independent uniform points of the box. */
  uniform(count: number): PointSet;
  /** |e| at points, of several equations √(Σ_k w_k·e_k²). */
  magnitude(points: PointSet): Float64Array;
  /** Random numbers of this refinement. */
  readonly stream: PhiloxStream;
  /** Refinements before this one. */
  readonly past: number;
}

/** Overwrites points by better ones; how many there are never changes. */
export type Refinement = (points: PointSet, surroundings: Surroundings) => void;
