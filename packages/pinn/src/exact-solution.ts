import { type Fault, pointerOf } from '@kfac/core';
import { attempt } from './attempt.ts';
import { parseExpression } from './equation/parse.ts';
import type { Scope } from './equation/symbols.ts';
import { type ExactSolution, exactFromExpression } from './exact.ts';
import type { Box } from './geometry/box.ts';
import { referenceOf } from './references/reference.ts';
import type { ParsedSpec } from './spec.ts';

/**
 * The exact solutions that a specification gives, one for each unknown, as text or as a named reference; faulty and
 * missing ones are left out and go to `faults`.
 */
export function exactSolutions(
  exact: NonNullable<ParsedSpec['exact']>,
  unknowns: readonly string[],
  scope: Scope,
  box: Box,
  faults: Fault[],
): ExactSolution[] {
  for (const name of Object.keys(exact)) {
    if (!unknowns.includes(name))
      faults.push({
        code: 'KFAC_SPEC',
        pointer: pointerOf(['exact', name]),
        detail: `"${name}" is not an unknown; declared: ${unknowns.join(', ')}`,
      });
  }
  return unknowns.flatMap((unknown) => {
    const given = exact[unknown];
    if (given === undefined) {
      faults.push({ code: 'KFAC_SPEC', pointer: '/exact', detail: `expected the exact solution of ${unknown}` });
      return [];
    }
    const solution = attempt(faults, pointerOf(['exact', unknown]), () =>
      typeof given === 'string'
        ? exactFromExpression(parseExpression(given, scope), scope)
        : referenceOf(given, scope, box),
    );
    return solution ? [solution] : [];
  });
}
