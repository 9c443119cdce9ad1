import type { JetShape } from './engine.ts';

/** A channel after the value: Σ c·(v_r·∇)^order over its terms [r, c]. */
export interface JetChannel {
  readonly order: number;
  readonly terms: readonly (readonly [direction: number, weight: number])[];
}

/** The channels of a shape over d coordinates after the value, in their order; terms of weight 0 are left out. */
export function jetChannels(
  { directions, second, higher }: Pick<JetShape, 'directions' | 'second' | 'higher'>,
  coordinates: number,
): JetChannel[] {
  const firsts = directions.length / coordinates;
  const { rawSeconds = 0, rawThirds = 0, third = NONE, fourth = NONE } = higher ?? {};
  const raw = (order: number, count: number): JetChannel[] =>
    Array.from({ length: count }, (_, r) => ({ order, terms: [[r, 1]] }));
  const collapsed = (order: number, weights: Float64Array, count: number): JetChannel[] =>
    Array.from({ length: count === 0 ? 0 : weights.length / count }, (_, row) => ({
      order,
      terms: Array.from({ length: count }, (__, r) => [r, weights[row * count + r]!] as const).filter(
        ([, weight]) => weight !== 0,
      ),
    }));
  return [
    ...raw(1, firsts),
    ...collapsed(2, second, firsts),
    ...raw(2, rawSeconds),
    ...raw(3, rawThirds),
    ...collapsed(3, third, rawSeconds),
    ...collapsed(4, fourth, rawThirds),
  ];
}

const NONE = new Float64Array(0);
