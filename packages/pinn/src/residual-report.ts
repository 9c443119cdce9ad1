import type { Engine } from '@kfac/core';
import type { Equation } from './conditions.ts';
import { type ConditionPlace, placeName } from './geometry/place.ts';
import type { PinnObjective } from './objective.ts';
import { partName } from './part-name.ts';
import type { Problem } from './problem.ts';
import { residualValues } from './residual-values.ts';
import { allocatePoints } from './sampling/allocate.ts';
import { samplePoints } from './sampling/sample.ts';

/** Points of one forward pass. */
const CHUNK = 8192;
/** Fewest fresh points, inside and on all conditions together: with fewer an RMS is an accident. */
const LEAST_FRESH = 1000;
/** Points along a side whose misfit is drawn. */
const PROFILE_POINTS = 65;

/** A term's residual at the end: √mean e², without weights, in the units of the equation. */
export interface ResidualNorms {
  /** On the points of the last step: what training made small. */
  readonly training: number;
  /** On uniform points that training never saw, as many, at least 1000. Above `training` by much: more points are needed. */
  readonly fresh: number;
}

/** What a solution leaves of one condition, on fresh points of its places together. */
export interface ConditionMisfit {
  readonly on: string;
  readonly equation: string;
  /** √mean e² and largest |e|. */
  readonly rms: number;
  readonly max: number;
  /** Along each of its places that are sides of the domain, up to two coordinates. */
  readonly profiles?: readonly MisfitProfile[];
}

/** A condition's residual along one side of the domain. */
export interface MisfitProfile {
  /** The fixed coordinate: 'x = 0'. */
  readonly place: string;
  /** The other coordinate with ascending values; null and one residual where the place is a point. */
  readonly along: string | null;
  readonly at: readonly number[];
  readonly residual: readonly number[];
}

/** The part of a report that says how well equations and conditions hold: an error estimate, not a bound. */
export interface ResidualReport {
  /** By the names of the loss's terms. */
  readonly residuals: Readonly<Record<string, ResidualNorms>>;
  readonly conditions: readonly ConditionMisfit[];
}

/** Measures the residuals at θ on the points of the last step and on fresh ones. */
export function residualReport(
  problem: Problem,
  engine: Engine,
  objective: PinnObjective,
  theta: Float64Array,
): ResidualReport {
  const { spec, equations, conditions } = problem;
  const places = conditions.flatMap((condition) => condition.places);
  const counts = allocatePoints(Math.max(spec.sampling.conditions, LEAST_FRESH), places);
  const training = objective.residualNorms(theta);
  const weights = problem.parametrization.weights(theta);
  const onPlace = (equation: Equation, place: ConditionPlace | null, index: number, count: number): Squares =>
    freshSquares(problem, engine, equation, weights, place, index, count);

  const numbered = conditions.flatMap((condition, k) => condition.places.map((place) => ({ condition, k, place })));
  const byPlace = numbered.map(({ condition, k, place }, index) => ({
    k,
    squares: onPlace(condition, place, index + 1, counts[index]!),
  }));
  const misfits = conditions.map((_, k) =>
    byPlace.flatMap((one) => (one.k === k ? [one.squares] : [])).reduce(together),
  );
  const fresh: Record<string, number> = {};
  for (const [k, equation] of equations.entries())
    fresh[partName('interior', equations, `${k + 1}`)] = rms(
      onPlace(equation, null, 0, Math.max(spec.sampling.interior, LEAST_FRESH)),
    );
  fresh['conditions'] = rms(misfits.reduce(together));

  return {
    residuals: Object.fromEntries(
      Object.entries(training).map(([name, value]) => [name, { training: value, fresh: fresh[name]! }]),
    ),
    conditions: misfits.map((squares, k) => ({
      ...spec.conditions[k]!,
      rms: rms(squares),
      max: squares.max,
      ...(problem.box.names.length > 2 ? {} : { profiles: profilesOf(problem, engine, weights, k) }),
    })),
  };
}

/** Σe², largest |e| and the number of points. */
interface Squares {
  readonly sum: number;
  readonly max: number;
  readonly count: number;
}

const rms = ({ sum, count }: Squares): number => Math.sqrt(sum / count);

const together = (a: Squares, b: Squares): Squares => ({
  sum: a.sum + b.sum,
  max: Math.max(a.max, b.max),
  count: a.count + b.count,
});

/** Uniform points of the domain, or of a place, in chunks; the stream is of their own purpose. */
function freshSquares(
  problem: Problem,
  engine: Engine,
  equation: Equation,
  weights: Float64Array,
  place: ConditionPlace | null,
  index: number,
  count: number,
): Squares {
  const d = problem.box.names.length;
  let squares: Squares = { sum: 0, max: 0, count: 0 };
  for (let from = 0; from < count; from += CHUNK) {
    const size = Math.min(CHUNK, count - from);
    const data = new Float64Array(d * size);
    const key = { seed: problem.spec.seed, purpose: 'fresh', place: index, refresh: from / CHUNK } as const;
    samplePoints('uniform', key, problem.box, place, { data, stride: size, from: 0, count: size });
    squares = together(squares, squaresOf(residualValues(problem, engine, equation, weights, data).residual));
  }
  return squares;
}

function squaresOf(residual: Float64Array): Squares {
  let sum = 0;
  let max = 0;
  for (const e of residual) {
    sum += e * e;
    max = Math.max(max, Math.abs(e));
  }
  return { sum, max, count: residual.length };
}

/** The residual of condition k along the sides among its places; at most two coordinates. */
function profilesOf(problem: Problem, engine: Engine, weights: Float64Array, k: number): MisfitProfile[] {
  const { box, conditions } = problem;
  const condition = conditions[k]!;
  return condition.places.flatMap((place) => {
    if ('part' in place) return [];
    const free = place.isPoint ? null : 1 - place.axis;
    const at =
      free === null
        ? []
        : Array.from({ length: PROFILE_POINTS }, (_, n) => {
            const share = n / (PROFILE_POINTS - 1);
            return box.lower[free]! * (1 - share) + box.upper[free]! * share;
          });
    const count = free === null ? 1 : PROFILE_POINTS;
    const data = new Float64Array(box.names.length * count);
    if (free !== null) data.set(at, free * count);
    data.fill(place.value, place.axis * count, (place.axis + 1) * count);
    const { residual } = residualValues(problem, engine, condition, weights, data);
    return {
      place: placeName(place, box),
      along: free === null ? null : box.names[free]!,
      at,
      residual: Array.from(residual),
    };
  });
}
