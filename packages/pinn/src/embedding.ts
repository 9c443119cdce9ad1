import type { Embedding, Fault } from '@kfac/core';
import { pointerOf } from '@kfac/core';
import { z } from 'zod';
import type { Box } from './geometry/box.ts';
import { streamOf } from './sampling/sample.ts';
import { section } from './section.ts';

const periodic = section({
  type: z.literal('periodic'),
  coordinates: z.array(z.string()).min(1).describe('Coordinates whose period is the length of their interval'),
  harmonics: z.int().min(1).max(64).default(1).describe('Cosines and sines of up to so many periods an interval'),
}).describe('The solution and all its derivatives are periodic by construction');

const fourier = section({
  type: z.literal('fourier'),
  frequencies: z.int().min(1).max(1024).default(32).describe('Number of random frequencies, a cosine and a sine each'),
  scale: z
    .number()
    .positive()
    .default(1)
    .describe('Standard deviation of the frequencies, in radians per half interval of a coordinate'),
}).describe('Random Fourier features of all coordinates but t');

export const embeddingSchema = z
  .discriminatedUnion('type', [periodic, fourier])
  .describe('A fixed map of the coordinates in front of the first layer');

export type EmbeddingSpec = z.output<typeof embeddingSchema>;

/** Checks the coordinates of an embedding of the network given at a path, which reads `names`. Adds what is wrong to `faults`. */
export function checkEmbedding(
  spec: EmbeddingSpec | undefined,
  names: readonly string[],
  network: readonly PropertyKey[],
  faults: Fault[],
): void {
  const fault = (path: readonly PropertyKey[], detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf([...network, 'embedding', ...path]), detail });
  };
  if (spec?.type === 'periodic') {
    for (const [k, name] of spec.coordinates.entries()) {
      const path = ['coordinates', k];
      if (!names.includes(name)) fault(path, `expected a coordinate (${names.join(', ')}), got "${name}"`);
      else if (spec.coordinates.indexOf(name) < k) fault(path, `"${name}" is named twice`);
    }
  } else if (spec?.type === 'fourier' && names.every((name) => name === 't')) {
    fault(['type'], 'Fourier features need a coordinate besides t');
  }
}

/**
 * The map that a specification means. Periodic: a coordinate of period T becomes cos(2πkx/T) and sin(2πkx/T),
 * k = 1 … harmonics, the others stay. Fourier: cos(Bx) and sin(Bx) with B_ij normal of standard deviation
 * scale/(half length of interval j), a pure function of the seed and of the network's number `place` (Tancik et al. 2020); t stays.
 */
export function embeddingOf(spec: EmbeddingSpec, { names, lower, upper }: Box, seed: number, place = 0): Embedding {
  const d = names.length;
  const length = (axis: number): number => upper[axis]! - lower[axis]!;
  const isEmbedded = (name: string): boolean =>
    spec.type === 'periodic' ? spec.coordinates.includes(name) : name !== 't';
  const axes = names.flatMap((name, axis) => (isEmbedded(name) ? [axis] : []));
  const rows: Float64Array[] = [];
  const row = (): Float64Array => {
    rows.push(new Float64Array(d));
    return rows.at(-1)!;
  };
  if (spec.type === 'periodic') {
    for (const axis of axes) for (let k = 1; k <= spec.harmonics; k++) row()[axis] = (2 * Math.PI * k) / length(axis);
  } else {
    const stream = streamOf({ seed, purpose: 'embedding', place, refresh: 0 });
    for (let k = 0; k < spec.frequencies; k++) {
      const frequencies = row();
      for (const axis of axes) frequencies[axis] = (2 * spec.scale * stream.normal()) / length(axis);
    }
  }
  return {
    coordinates: d,
    kept: names.flatMap((name, axis) => (isEmbedded(name) ? [] : [axis])),
    frequencies: Float64Array.from(rows.flatMap((values) => [...values])),
  };
}

/** Number of features L + 2M. */
export function featuresOf({ coordinates, kept, frequencies }: Embedding): number {
  return kept.length + (2 * frequencies.length) / coordinates;
}
