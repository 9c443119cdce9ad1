import { type Engine, KfacError, differences } from '@kfac/core';
import { networkValues } from './network-values.ts';
import type { Problem } from './problem.ts';
import { samplePoints } from './sampling/sample.ts';

/** Points on which two solutions are compared. */
const POINTS = 10_000;

/** How far two solutions are apart, by unknown, on uniform points of the domain. */
export interface SolutionDifference {
  readonly points: number;
  /** √mean (u₁ − u₂)². */
  readonly rms: Readonly<Record<string, number>>;
  /** ‖u₁ − u₂‖₂/‖u₁‖₂. */
  readonly relativeL2: Readonly<Record<string, number>>;
  /** Largest |u₁ − u₂|. */
  readonly max: Readonly<Record<string, number>>;
}

/** A problem with the weights of its network, or of the networks of its windows. */
interface Solved {
  readonly problem: Problem;
  readonly weights: Float64Array;
}

/**
 * Compares two solutions for the same unknowns on the same domain; networks, points and optimizers may differ. Throws
 * `KFAC_SPEC` if domains, geometries or unknowns differ.
 */
export function differenceBetween(engine: Engine, a: Solved, b: Solved): SolutionDifference {
  const { spec, box } = a.problem;
  const of = ({ spec: { domain, geometry, unknowns } }: Problem): unknown => ({
    domain: Object.entries(domain),
    ...(geometry && { geometry }),
    unknowns,
  });
  const [first] = differences(of(b.problem), of(a.problem));
  if (first) {
    const { pointer, detail } = first;
    throw new KfacError(
      'KFAC_SPEC',
      `expected two solutions for the same unknowns on the same domain; they differ at ${pointer}: ${detail}`,
    );
  }
  const d = box.names.length;
  const data = new Float64Array(d * POINTS);
  const key = { seed: spec.seed, purpose: 'evaluation', place: 0, refresh: 0 } as const;
  samplePoints('uniform', key, box, null, { data, stride: POINTS, from: 0, count: POINTS });
  const points = Array.from({ length: POINTS }, (_, n) => box.names.map((__, axis) => data[axis * POINTS + n]!));
  const [u, v] = [a, b].map(({ problem, weights }) => networkValues(problem, engine, weights, points, [])) as [
    Record<string, Float64Array>,
    Record<string, Float64Array>,
  ];
  const byUnknown = spec.unknowns.map((name) => ({ name, ...distance(u[name]!, v[name]!) }));
  const pick = (key: 'rms' | 'relativeL2' | 'max'): Record<string, number> =>
    Object.fromEntries(byUnknown.map((one) => [one.name, one[key]]));
  return { points: POINTS, rms: pick('rms'), relativeL2: pick('relativeL2'), max: pick('max') };
}

function distance(u: Float64Array, v: Float64Array): { rms: number; relativeL2: number; max: number } {
  let sum = 0;
  let norm = 0;
  let max = 0;
  for (let n = 0; n < u.length; n++) {
    const difference = u[n]! - v[n]!;
    sum += difference * difference;
    norm += u[n]! * u[n]!;
    max = Math.max(max, Math.abs(difference));
  }
  return { rms: Math.sqrt(sum / u.length), relativeL2: Math.sqrt(sum / norm), max };
}
