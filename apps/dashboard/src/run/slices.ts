import type { JsonObject } from '../api/types.ts';

/** A coordinate with its interval. */
export interface Coordinate {
  readonly name: string;
  readonly lower: number;
  readonly upper: number;
}

/** The coordinates of a differential equation, in the order of its domain. */
export function coordinatesOf(spec: JsonObject): readonly Coordinate[] {
  const domain = (spec['domain'] ?? {}) as { readonly [name: string]: readonly [number, number] };
  return Object.entries(domain).map(([name, [lower, upper]]) => ({ name, lower, upper }));
}

/** Steps of a slider over a coordinate. */
export const SLICE_STEPS = 40;

/** The value of a coordinate at a step of its slider. */
export function sliceValue({ lower, upper }: Coordinate, step: number): number {
  return step === SLICE_STEPS ? upper : lower + ((upper - lower) * step) / SLICE_STEPS;
}

/** The query of a slice: two axes, and where the other coordinates are. */
export function sliceQuery(
  coordinates: readonly Coordinate[],
  axes: readonly [string, string],
  steps: Readonly<Record<string, number>>,
): string {
  const others = coordinates.filter(({ name }) => !axes.includes(name));
  const at = others.map((one) => `${one.name}:${sliceValue(one, steps[one.name] ?? SLICE_STEPS / 2)}`);
  return new URLSearchParams({ axes: axes.join(','), at: at.join(',') }).toString();
}

/** The other axis moves out of the way when both would be the same. */
export function withAxis(axes: readonly [string, string], place: 0 | 1, name: string): readonly [string, string] {
  const other = axes[1 - place]! === name ? axes[place] : axes[1 - place]!;
  return place === 0 ? [name, other] : [other, name];
}
