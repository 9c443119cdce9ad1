import { checkPoints } from './check-points.ts';
import { networkVariablesOf } from './equation/expression.ts';
import { spaceAxes } from './geometry/box.ts';
import type { Problem } from './problem.ts';

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/**
 * Warns of a system with fewer or more equations than unknowns, at some point of the domain where they hold in parts of it, and
 * of unknowns that stand in no equation. Measured data may stand for equations that are missing.
 */
export function checkSystem(problem: Problem): string[] {
  const { equations, spec, data } = problem;
  const { unknowns } = spec;
  if (equations.some(({ within }) => within !== null)) return checkParts(problem);
  const used = new Set(equations.flatMap(({ residual }) => networkVariablesOf(residual).map(({ unknown }) => unknown)));
  const sizes = `${count(equations.length, 'equation')} for ${count(unknowns.length, 'unknown')}`;
  return [
    ...(equations.length < unknowns.length && data.length === 0
      ? [`${sizes}: the system may have many solutions`]
      : []),
    ...(equations.length > unknowns.length ? [`${sizes}: the system may have no solution`] : []),
    ...unknowns.flatMap((name, unknown) => (used.has(unknown) ? [] : [`no equation contains the unknown ${name}`])),
  ];
}

/** Of equations in parts of the domain: the first points where there are fewer, and where there are more, than unknowns. */
function checkParts(problem: Problem): string[] {
  const { equations, unknownsWithin, box } = problem;
  const space = spaceAxes(box.names);
  const found = new Map<number, string>();
  for (const point of checkPoints(problem)) {
    const own = space.map((axis) => point[axis]!);
    const [there, unknowns] = [equations.map(({ within }) => within), unknownsWithin].map(
      (parts) => parts.filter((part) => part?.contains(own) ?? true).length,
    ) as [number, number];
    const sign = there === 0 ? 0 : Math.sign(there - unknowns);
    if (there === unknowns && there > 0) continue;
    if (found.has(sign)) continue;
    const where = space.map((axis, k) => `${box.names[axis]} = ${Number(own[k]!.toPrecision(3))}`).join(', ');
    const sizes = `${count(there, 'equation')} for ${count(unknowns, 'unknown')} at ${where}`;
    const solution = `the system may have ${sign < 0 ? 'many solutions' : 'no solution'}`;
    found.set(sign, sign === 0 ? `no equation holds at ${where}` : `${sizes}: ${solution}`);
  }
  return [...found.values()];
}
