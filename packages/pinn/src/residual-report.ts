import type { Engine } from '@kfac/core';
import { type PointColumns, fillConditionPoints } from './condition-points.ts';
import type { Condition, DomainEquation } from './conditions.ts';
import { boxWithin, spaceAxes } from './geometry/box.ts';
import { type ConditionPlace, placeName } from './geometry/place.ts';
import type { PinnObjective } from './objective.ts';
import { streamNumber } from './regions/samples.ts';
import { partName } from './part-name.ts';
import type { Problem } from './problem.ts';
import { residualValues } from './residual-values.ts';
import { allocatePoints } from './sampling/allocate.ts';
import { CHUNK } from './sampling/point-set.ts';
import { samplePoints } from './sampling/sample.ts';

/** Fewest fresh points, inside and on all conditions together: with fewer an RMS is an accident. */
const LEAST_FRESH = 1000;
/** Points along a side whose misfit is drawn. */
const PROFILE_POINTS = 65;

/** A term's residual at the end: √mean e², without weights, in the units of the equation. */
export interface ResidualNorms {
  /** On the points of the last step: what training made small. */
  readonly training: number;
  /**
   * On uniform points that training never saw, as many, at least 1000. Above `training` by much: more points are needed. Null
   * for measured data, of which there are no others.
   */
  readonly fresh: number | null;
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
  /**
   * The other coordinate with ascending values, NaN where the condition does not hold there; null and one residual where the
   * place is a point.
   */
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
  objective: Pick<PinnObjective, 'residualNorms'>,
  theta: Float64Array,
): ResidualReport {
  const { spec, equations, conditions, box } = problem;
  const counts = allocatePoints(
    Math.max(spec.sampling.conditions, LEAST_FRESH),
    conditions.flatMap((condition) => condition.places),
  );
  let index = 0;
  const misfits = conditions.map((condition) =>
    condition.places
      .map((place) => placeSquares(problem, engine, condition, theta, place, index + 1, counts[index++]!))
      .reduce(together),
  );
  const fresh: Record<string, number> = {};
  const count = Math.max(spec.sampling.interior, LEAST_FRESH);
  for (const [k, equation] of equations.entries())
    fresh[partName('interior', equations, `${k + 1}`)] = rms(insideSquares(problem, engine, equation, theta, count));
  if (misfits.length > 0) fresh['conditions'] = rms(misfits.reduce(together));
  return {
    residuals: Object.fromEntries(
      Object.entries(objective.residualNorms(theta)).map(([name, training]) => [
        name,
        { training, fresh: fresh[name] ?? null },
      ]),
    ),
    conditions: conditions.map((condition, k) => ({
      on: condition.on,
      equation: condition.text,
      rms: rms(misfits[k]!),
      max: misfits[k]!.max,
      ...(box.names.length > 2 ? {} : { profiles: profilesOf(problem, engine, theta, condition) }),
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

/** The stream of fresh points on a place, or inside (0), in chunks. */
const freshKey = ({ spec }: Problem, place: number, chunk: number) =>
  ({ seed: spec.seed, purpose: 'fresh', place, refresh: chunk }) as const;

/** Adds up over chunks of at most CHUNK residuals. */
function inChunks(count: number, measure: (size: number, chunk: number) => Float64Array): Squares {
  let squares: Squares = { sum: 0, max: 0, count: 0 };
  for (let from = 0; from < count; from += CHUNK)
    squares = together(squares, squaresOf(measure(Math.min(CHUNK, count - from), from / CHUNK)));
  return squares;
}

/** An equation on uniform points of the domain, or of the part in which it holds. */
function insideSquares(
  problem: Problem,
  engine: Engine,
  equation: DomainEquation,
  theta: Float64Array,
  count: number,
): Squares {
  const places = problem.conditions.reduce((sum, condition) => sum + condition.places.length, 0);
  return inChunks(count, (size, chunk) => {
    const data = new Float64Array(problem.box.names.length * size);
    const target = { data, stride: size, from: 0, count: size };
    // Behind the streams of all places.
    const stream = equation.within ? places + streamNumber(equation.within) : 0;
    samplePoints('uniform', freshKey(problem, stream, chunk), boxWithin(problem.box, equation.within), null, target);
    return residualValues(problem, engine, equation, theta, data).residual;
  });
}

/** A condition on uniform points of one of its places. */
function placeSquares(
  problem: Problem,
  engine: Engine,
  condition: Condition,
  theta: Float64Array,
  place: ConditionPlace,
  index: number,
  count: number,
): Squares {
  return inChunks(count, (size, chunk) =>
    conditionResidual(problem, engine, condition, theta, size, (columns) =>
      fillConditionPoints(
        'uniform',
        freshKey(problem, index, chunk),
        problem.box,
        { ...condition, place, from: 0, count: size },
        columns,
      ),
    ),
  );
}

/** The residuals of a condition at points that `fill` writes; of pairs of points the sum over each. */
function conditionResidual(
  problem: Problem,
  engine: Engine,
  { compiled, opposite }: Condition,
  theta: Float64Array,
  count: number,
  fill: (columns: PointColumns) => void,
): Float64Array {
  const perResidual = opposite ? 2 : 1;
  const stride = count * perResidual;
  const coordinates = new Float64Array(problem.box.names.length * stride);
  const fields = new Float64Array(compiled.fields * stride);
  fill({ coordinates, fields, stride });
  const { residual } = residualValues(problem, engine, { compiled }, theta, coordinates, fields);
  return perResidual === 1
    ? residual
    : Float64Array.from({ length: count }, (_, n) => residual[2 * n]! + residual[2 * n + 1]!);
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

/** The residual of a condition along the sides among its places; at most two coordinates. */
function profilesOf(problem: Problem, engine: Engine, theta: Float64Array, condition: Condition): MisfitProfile[] {
  const { box } = problem;
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
    const residual = conditionResidual(problem, engine, condition, theta, count, (columns) => {
      const slot = { ...condition, place, from: 0, count };
      fillConditionPoints('grid', freshKey(problem, 0, 0), box, slot, columns);
      // The grid keeps clear of the ends; the profile shows them.
      const each = columns.stride / count;
      if (free !== null)
        for (const [n, value] of at.entries())
          columns.coordinates.fill(value, free * columns.stride + n * each, free * columns.stride + (n + 1) * each);
    });
    for (const [n, value] of at.entries()) {
      const point = spaceAxes(box.names).map((axis) => (axis === free ? value : place.value));
      if (place.within?.contains(point) === false) residual[n] = Number.NaN;
    }
    return [
      {
        place: placeName(place, box),
        along: free === null ? null : box.names[free]!,
        at,
        residual: Array.from(residual),
      },
    ];
  });
}
