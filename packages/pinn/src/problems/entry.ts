import type { PinnSpecInput } from '../spec.ts';

/** A named problem that is ready to run. */
export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly spec: PinnSpecInput;
}

/** x1, x2, … of a cube: the names, their intervals, and a sum over them. */
export interface Cube {
  readonly domain: Record<string, [number, number]>;
  sum(term: (name: string) => string): string;
}

/** The cube [lower, upper]^dimensions. */
export function cube(dimensions: number, lower: number, upper: number): Cube {
  const names = Array.from({ length: dimensions }, (_, k) => `x${k + 1}`);
  return {
    domain: Object.fromEntries(names.map((name) => [name, [lower, upper]])),
    sum: (term) => names.map(term).join(' + '),
  };
}
