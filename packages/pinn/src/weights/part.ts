import { partName } from '../part-name.ts';
import type { Problem } from '../problem.ts';

/** A part of the loss with a weight of its own: an equation, one condition, all measured data, or all integral constraints. */
export interface LossPart {
  /** 'interior' or 'interior/2'; 'conditions' or 'conditions/3'; 'data'; 'constraints'. */
  readonly name: string;
  /** Number of its term: the equations in order, then all conditions together, then the data, then the constraints. */
  readonly term: number;
  /** Examples from…from+count−1 of the term. */
  readonly from: number;
  readonly count: number;
  /**
   * w_i > 0 at the start, so that L = Σ_i (w_i/2)·mean e². Conditions share theirs by points, which is the mean over all of
   * them together.
   */
  readonly weight: number;
  /** w_i/N_i: ω of each of its points at the start. */
  readonly curvature: number;
}

/** A term that is one part: all measured data, or all integral constraints. */
function whole(name: string, count: number, weight: number, term: number): LossPart {
  return { name, term, from: 0, count, weight, curvature: weight / count };
}

const sizeOf = (data: Problem['data']): number => data.reduce((sum, { values }) => sum + values.length, 0);

/** The parts of a problem's loss: the equations, then the conditions, each in the order of the specification, then the data and the
 * constraints.
 */
export function lossParts({ spec, equations, conditions, groups, data, constraints }: Problem): LossPart[] {
  const { weights, sampling } = spec;
  const ranges = conditions.map(() => ({ from: 0, count: 0 }));
  let total = 0;
  for (const { slots, points, pointsPerResidual } of groups) {
    for (const { condition, from, count } of slots) {
      const range = ranges[condition]!;
      if (range.count === 0) range.from = total + from;
      range.count += count;
    }
    total += points / pointsPerResidual;
  }
  const measured = equations.length + (groups.length > 0 ? 1 : 0);
  return [
    ...equations.map((_, k) => {
      const weight = typeof weights.interior === 'number' ? weights.interior : weights.interior[k]!;
      return {
        name: partName('interior', equations, `${k + 1}`),
        term: k,
        from: 0,
        count: sampling.interior,
        weight,
        curvature: weight / sampling.interior,
      };
    }),
    ...ranges.map(({ from, count }, k) => ({
      name: partName('conditions', conditions, `${k + 1}`),
      term: equations.length,
      from,
      count,
      weight: (weights.conditions * count) / total,
      curvature: weights.conditions / total,
    })),
    ...(data.length === 0 ? [] : [whole('data', sizeOf(data), weights.data ?? 1, measured)]),
    ...(constraints.length === 0
      ? []
      : [whole('constraints', constraints.length, weights.constraints ?? 1, measured + (data.length > 0 ? 1 : 0))]),
  ];
}
