import type { Engine, StepStart } from '@kfac/core';
import { boxWithin } from '../geometry/box.ts';
import type { Problem } from '../problem.ts';
import { type InteriorSample, streamNumber } from '../regions/samples.ts';
import type { AdaptiveSamplingSpec } from './adaptive-spec.ts';
import { randomPermutation } from './permutation.ts';
import type { PointSet } from './point-set.ts';
import { r3 } from './r3.ts';
import { rad } from './rad.ts';
import { rar } from './rar.ts';
import type { Refinement } from './refinement.ts';
import { ResidualMagnitude } from './residual-magnitude.ts';
import { samplePoints, streamOf } from './sample.ts';

/**
 * Points inside, or in a part of the domain, that follow the residual of the equations there: refined between steps, never in the
 * finish; their number stays.
 */
export class AdaptiveSample {
  readonly #problem: Problem;
  readonly #points: PointSet;
  readonly #of: InteriorSample;
  readonly #every: number;
  readonly #refine: Refinement;
  readonly #magnitude: ResidualMagnitude;
  /** Refinements so far. */
  #past = 0;

  /** Overwrites `points`, the initial sample, in place. */
  constructor(problem: Problem, engine: Engine, options: AdaptiveSamplingSpec, of: InteriorSample, points: PointSet) {
    this.#problem = problem;
    this.#points = points;
    this.#of = of;
    this.#every = options.every;
    this.#refine = refinementOf(options, problem.spec.seed, 2 * streamNumber(of.within));
    this.#magnitude = new ResidualMagnitude(problem, engine, of.members);
  }

  /** Refines the points if that is due before a step; true if it was. */
  update(step: number, { theta, isFinishing }: StepStart): boolean {
    const { spec } = this.#problem;
    const box = boxWithin(this.#problem.box, this.#of.within);
    // Two streams for each part of the domain.
    const place = 2 * streamNumber(this.#of.within);
    const isDue = step > 1 && (step - 1) % this.#every === 0;
    if (!isDue || isFinishing || step > (spec.sampling.freezeAfter ?? Infinity)) return false;
    const refresh = this.#past + 1;
    this.#refine(this.#points, {
      past: this.#past,
      stream: streamOf({ seed: spec.seed, purpose: 'refinement', place, refresh }),
      uniform: (count) => {
        const data = new Float64Array(box.names.length * count);
        const key = { seed: spec.seed, purpose: 'refinement', place: place + 1, refresh } as const;
        samplePoints('uniform', key, box, null, { data, stride: count, from: 0, count });
        return { data, count };
      },
      magnitude: (points) => this.#magnitude.at(theta, points),
    });
    this.#past = refresh;
    return true;
  }

  save(): Record<string, Float64Array> {
    return { points: this.#points.data, past: Float64Array.of(this.#past) };
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    this.#points.data.set(state['points']!);
    this.#past = state['past']![0]!;
  }
}

function refinementOf(options: AdaptiveSamplingSpec, seed: number, place: number): Refinement {
  switch (options.name) {
    case 'rar':
      return rar(options, (length) =>
        randomPermutation(length, streamOf({ seed, purpose: 'refinement', place, refresh: 0 })),
      );
    case 'rad':
      return rad(options);
    case 'r3':
      return r3();
  }
}
