import { networkVariablesOf } from './equation/expression.ts';
import type { Problem } from './problem.ts';

/**
 * Warns of a system with fewer or more equations than unknowns, and of unknowns that stand in no equation. Measured data may
 * stand for equations that are missing.
 */
export function checkSystem({ equations, spec, data }: Problem): string[] {
  const { unknowns } = spec;
  const used = new Set(equations.flatMap(({ residual }) => networkVariablesOf(residual).map(({ unknown }) => unknown)));
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  const sizes = `${count(equations.length, 'equation')} for ${count(unknowns.length, 'unknown')}`;
  return [
    ...(equations.length < unknowns.length && data.length === 0
      ? [`${sizes}: the system may have many solutions`]
      : []),
    ...(equations.length > unknowns.length ? [`${sizes}: the system may have no solution`] : []),
    ...unknowns.flatMap((name, unknown) => (used.has(unknown) ? [] : [`no equation contains the unknown ${name}`])),
  ];
}
