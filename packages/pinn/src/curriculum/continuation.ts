import { namesIn } from '../equation/tokens.ts';
import type { Problem } from '../problem.ts';
import type { CurriculumSpec } from './spec.ts';
import type { Stage } from './stage.ts';

/**
 * The stages of a continuation in a constant: the problem with each of its values in turn. All but the last take `steps`
 * steps, the last what is left of `stop.steps`.
 *
 * `compile` reads a specification and throws like `compileProblem`.
 */
export function continuationStages(
  whole: Problem,
  { constant, values, steps }: NonNullable<CurriculumSpec['continuation']>,
  compile: (json: unknown, k: number) => Problem,
): Stage[] {
  const { curriculum, ...others } = whole.spec;
  // What else the curriculum says is the same in every stage.
  const spec = { ...others, ...(curriculum?.pseudoTime && { curriculum: { pseudoTime: curriculum.pseudoTime } }) };
  const total = spec.stop.steps;
  const isFollowed = Object.values(spec.exact ?? {}).some((given) => mentions(given, constant));
  return values.map((value, k) => {
    const isLast = k === values.length - 1;
    const own = isLast ? total && total - k * steps : steps;
    const constants = { ...spec.constants, [constant]: value };
    const problem = compile({ ...spec, constants, stop: { ...spec.stop, steps: own } }, k);
    return {
      title: `${constant} = ${value}`,
      steps: own,
      problem: () => problem,
      measured: isLast || isFollowed ? problem : null,
      shown: problem,
    };
  });
}

/** Does an exact solution, a text or a reference with its parameters, contain a constant? */
function mentions(given: string | Readonly<Record<string, string>>, constant: string): boolean {
  const texts = typeof given === 'string' ? [given] : Object.values({ ...given, reference: '' });
  return texts.some((text) => namesIn(text).includes(constant));
}
