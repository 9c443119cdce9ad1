import type { PhiloxStream } from '@kfac/core';
import { gridPoints } from './grid.ts';
import { haltonPoints } from './halton.ts';
import { latinHypercubePoints } from './latin-hypercube.ts';
import { sobolPoints } from './sobol.ts';

/** Names of the sampling methods, the default first. */
export const SAMPLING_METHODS = ['sobol', 'halton', 'latin-hypercube', 'grid', 'uniform'] as const;
export type SamplingMethod = (typeof SAMPLING_METHODS)[number];

/**
 * Fills out[n·dimensions + j], n < count, with points strictly inside the unit cube: a pure function of the stream, of
 * which it uses at most 2·count·dimensions + 2¹⁷ numbers.
 */
export type Sampler = (count: number, dimensions: number, stream: PhiloxStream, out: Float64Array) => void;

export const SAMPLERS: Readonly<Record<SamplingMethod, Sampler>> = {
  sobol: sobolPoints,
  halton: haltonPoints,
  'latin-hypercube': latinHypercubePoints,
  grid: gridPoints,
  uniform: (_count, _dimensions, stream, out) => stream.uniforms(out),
};
