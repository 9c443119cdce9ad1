import { type Engine, KfacError, differences } from '@kfac/core';
import { boxWithin } from './geometry/box.ts';
import { streamNumber } from './regions/samples.ts';
import type { Subdomain } from './regions/subdomain.ts';
import { networkValues } from './network-values.ts';
import type { Problem } from './problem.ts';
import { samplePoints } from './sampling/sample.ts';

/** Points on which two solutions are compared. */
const POINTS = 10_000;

/** How far two solutions are apart, by unknown, on uniform points of the domain, or of the part where its equations hold. */
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
 * `KFAC_SPEC` if domains, geometries, regions or unknowns differ, or where in the domain an unknown has equations.
 */
export function differenceBetween(engine: Engine, a: Solved, b: Solved): SolutionDifference {
  const { spec, box, unknownsWithin } = a.problem;
  const of = ({ spec: { domain, geometry, regions, unknowns }, unknownsWithin: within }: Problem): unknown => ({
    domain: Object.entries(domain),
    ...(geometry && { geometry }),
    ...(regions && { regions, equations: within.map((part) => part?.label ?? 'everywhere') }),
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
  const valuesIn = (part: Subdomain | null): Record<string, Float64Array>[] => {
    const data = new Float64Array(d * POINTS);
    const key = { seed: spec.seed, purpose: 'evaluation', place: streamNumber(part), refresh: 0 } as const;
    const target = { data, stride: POINTS, from: 0, count: POINTS };
    samplePoints('uniform', key, boxWithin(box, part), null, target);
    const points = Array.from({ length: POINTS }, (_, n) => box.names.map((__, axis) => data[axis * POINTS + n]!));
    return [a, b].map(({ problem, weights }) => networkValues(problem, engine, weights, points, []));
  };
  const values = new Map([...new Set(unknownsWithin)].map((part) => [part, valuesIn(part)]));
  const byUnknown = spec.unknowns.map((name, k) => {
    const [u, v] = values.get(unknownsWithin[k]!)!;
    return { name, ...distance(u![name]!, v![name]!) };
  });
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
